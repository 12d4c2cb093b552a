"""A Redis that can be killed; it keeps nothing on disk, so that it comes back empty, on the same port."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.containers import REDIS_IMAGE, labels  # isort: skip  # sets testcontainers' options

from testcontainers.community.redis import RedisContainer

from fairwatch.apps.embedded import free_port


class Redis:
    """One Redis."""

    def __init__(self, container: Any, url: str) -> None:
        self.url = url
        self._container = container

    def kill(self) -> None:
        """End it at once."""
        self._container.get_wrapped_container().kill()

    def again(self) -> None:
        """Start it, empty."""
        self._container.get_wrapped_container().start()


@contextmanager
def redis() -> Iterator[Redis]:
    """Run one."""
    port = free_port()
    with RedisContainer(REDIS_IMAGE, labels=labels()).with_bind_ports(6379, port) as container:
        yield Redis(container, f"redis://127.0.0.1:{port}/0")
