"""The main job end to end, as `make demo` plays it: real protocols, real processes, the embedded broker."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.broker
@pytest.mark.timeout(240)
def test_the_story_ends_with_every_expected_alert_exactly_once(tmp_path):
    if not (ROOT / ".models/pictures").exists():
        pytest.skip("no .models: run `make models` first")
    command = [
        sys.executable,
        "-m",
        "fairwatch",
        "demo",
        "--seconds",
        "5",
        "--no-console-wait",
        "--folder",
        str(tmp_path / "demo"),
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=220,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "✗" not in done.stdout
    left = [
        line
        for path in (tmp_path / "demo/logs").glob("*.log")
        for line in path.read_text().splitlines()
        if '"level": "error"' in line
    ]
    assert not left, json.dumps(left[:5])
