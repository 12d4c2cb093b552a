"""A real schema registry (Apicurio) for tests: started once, killed and started again by those that ask for it."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fairwatch.apps.embedded import free_port

SCRIPT = Path(__file__).parents[2] / "infra/registry/registry.py"
UNAVAILABLE = 3


@dataclass
class Apicurio:
    """One registry; what it was told outlives it in `data`."""

    port: int
    data: Path

    @property
    def url(self) -> str:
        """Its address as FAIRWATCH_REGISTRY_URL wants it."""
        return self._run("url")

    def start(self) -> None:
        """Start it and wait until it answers; the test is skipped where that cannot be."""
        self._run("start", "--data", str(self.data))

    def stop(self) -> None:
        """Stop it in order."""
        self._run("stop")

    def kill(self) -> None:
        """Take it away at once."""
        self._run("stop", "--kill")

    def _run(self, action: str, *options: str) -> str:
        done = subprocess.run(
            [sys.executable, str(SCRIPT), action, str(self.port), *options],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        if done.returncode == UNAVAILABLE:
            pytest.skip(f"no schema registry: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

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


@pytest.fixture(scope="module", name="registry")
def registry_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apicurio]:
    """Give a registry that the tests of one file share."""
    with apicurio(tmp_path_factory.mktemp("registry")) as running:
        yield running
