"""The demo that is ended by a signal leaves nothing behind: neither processes nor a terminal that hangs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]


def test_whoever_ends_the_demo_ends_what_it_started(tmp_path):
    if not (ROOT / ".models/pictures").exists():
        pytest.skip("no .models: run `make models` first")
    command = [sys.executable, "-m", "fairwatch", "demo", "--seconds", "60", "--folder", tmp_path / "demo"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as demo:
        for line in demo.stdout:
            if "waiting" in line and len(children(demo.pid)) > 1:
                break
        started = children(demo.pid)
        os.kill(demo.pid, signal.SIGTERM)
        rest = demo.stdout.read()
    left = [int(pid) for pid in started if Path(f"/proc/{pid}").exists()]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert started
    assert not left
    assert demo.returncode == 130, rest[-1000:]
    assert "stopped" in rest


def children(pid):
    return (Path(f"/proc/{pid}/task/{pid}/children")).read_text().split()
