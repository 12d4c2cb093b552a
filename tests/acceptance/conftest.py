"""The demo, played once for all tests of this folder, with every trace recorded."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.collector import Collector, collecting

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Played:
    """How it ended, what it wrote, and the traces of it."""

    done: "subprocess.CompletedProcess[str]"
    folder: Path
    collector: Collector


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Play it for five seconds and let everything stop."""
    if not (ROOT / ".models/pictures").exists():
        pytest.skip("no .models: run `make models` first")
    folder = tmp_path_factory.mktemp("acceptance") / "demo"
    command = [sys.executable, "-m", "fairwatch", "demo", "--seconds", "5", "--no-console-wait", "--folder", folder]
    with collecting() as collector:
        traces = {"FAIRWATCH_OTLP_ENDPOINT": collector.url, "FAIRWATCH_TRACE_RATIO": "1"}
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=220,
            env={**os.environ, **traces, "COLUMNS": "200"},
            check=False,
        )
        yield Played(done, folder, collector)
