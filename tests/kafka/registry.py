"""A real schema registry (Apicurio) for tests: started once, killed and started again by those that ask for it."""

import importlib.util
import json
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fairwatch.apps.embedded import free_port


def _script() -> ModuleType:
    path = Path(__file__).parents[2] / "infra/registry/registry.py"
    spec = importlib.util.spec_from_file_location("infra_registry", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()


@dataclass
class Apicurio:
    """One registry; what it was told outlives it in `data`."""

    port: int
    data: Path

    @property
    def url(self) -> str:
        """Its address as FAIRWATCH_REGISTRY_URL wants it."""
        return str(SCRIPT.url(self.port))

    def start(self) -> None:
        """Start it and wait until it answers; the test is skipped where that cannot be."""
        try:
            SCRIPT.start(self.port, self.data)
        except SCRIPT.UnavailableError as error:
            pytest.skip(f"no schema registry: {error}")

    def stop(self) -> None:
        """Stop it in order."""
        SCRIPT.stop(self.port)

    def kill(self) -> None:
        """Take it away at once."""
        SCRIPT.stop(self.port, signal.SIGKILL)

    def ask(self, path: str, body: Any = None, method: str | None = None) -> tuple[int, Any]:
        """Return status and JSON of a request, as any other client would make it."""
        content = None if body is None else json.dumps(body).encode()
        head = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
        request = urllib.request.Request(self.url + path, content, head, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@contextmanager
def apicurio(data: Path) -> Iterator[Apicurio]:
    """Run one on a free loopback port, what it is told kept in a folder."""
    registry = Apicurio(free_port(), data)
    registry.start()
    try:
        yield registry
    finally:
        registry.stop()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apicurio]:
    """Give a registry that the tests of one file share."""
    with apicurio(tmp_path_factory.mktemp("registry")) as running:
        yield running
