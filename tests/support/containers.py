"""Containers for tests, by testcontainers: whether there is an engine, what a killed run left, Redis."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

# Read when testcontainers is imported: no helper container, and ports are those of the loopback interface.
os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
os.environ["TESTCONTAINERS_CONNECTION_MODE"] = "docker_host"
os.environ["TC_HOST"] = "127.0.0.1"

import docker
import pytest
from docker.errors import APIError, DockerException, NotFound
from testcontainers.community.redis import RedisContainer

KAFKA_IMAGE = "fairwatch-kafka:4.4.0"
REDIS_IMAGE = "fairwatch-redis:7.0"
OWNER = "fairwatch.tests.process"


@cache
def missing() -> str:
    """Return why no container can run, or nothing; clears away what a killed run left."""
    if not os.environ.get("FAIRWATCH_KAFKA"):
        return "real parts: make test-kafka"
    try:
        client = docker.from_env(timeout=10)
    except DockerException as error:
        return f"no Docker engine ({error}): infra/containers/engine.sh start"
    try:
        present = {tag for image in client.images.list() for tag in image.tags}
        if absent := {KAFKA_IMAGE, REDIS_IMAGE} - present:
            return f"no image {', '.join(sorted(absent))}: infra/containers/images.sh"
        _clear(client)
    finally:
        client.close()
    return ""


def require_containers() -> None:
    """Skip the test where no container can run."""
    if reason := missing():
        pytest.skip(reason)


def labels() -> Mapping[str, str]:
    """Return what tells later runs whose a container or network is."""
    return {OWNER: str(os.getpid())}


def _clear(client: Any) -> None:
    """Remove containers and networks of test runs that are gone."""
    filters = {"label": OWNER}
    for thing in [*client.containers.list(all=True, filters=filters), *client.networks.list(filters=filters)]:
        owner = (thing.attrs.get("Labels") or thing.attrs["Config"]["Labels"])[OWNER]
        if not Path("/proc", owner).exists():
            try:
                thing.remove(**({"force": True, "v": True} if hasattr(thing, "kill") else {}))
            except (NotFound, APIError):
                continue  # another run clears as well


@contextmanager
def redis_container() -> Iterator[str]:
    """Run an empty Redis that keeps nothing on disk and yield its URL."""
    require_containers()
    with RedisContainer(REDIS_IMAGE, labels=labels()) as redis:
        yield f"redis://127.0.0.1:{redis.get_exposed_port(redis.port)}/0"
