"""The main job end to end, as `make demo` plays it, on Apache Kafka and Redis in containers."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.containers import redis_container
from tests.support.kafka_cluster import one_broker

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("form", [[], ["--chains"]], ids=["apart", "chains"])
def test_the_story_ends_with_every_expected_alert_exactly_once(tmp_path: Path, form: list[str]):
    if not (ROOT / ".models/pictures").exists():
        pytest.skip("no .models: run `make models` first")
    command = [sys.executable, "-m", "fairwatch", "demo", "--seconds", "5", "--no-console-wait", "--folder", tmp_path]
    with one_broker() as kafka, redis_container() as redis:
        done = subprocess.run(
            [*command, *form, "--kafka", kafka.address, "--redis", redis],
            cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "✗" not in done.stdout
    logs = [line for path in (tmp_path / "logs").glob("*.log") for line in path.read_text().splitlines()]
    ours = [
        line for line in logs if '"logger": "aiokafka' not in line
    ]  # it says what a broker's first seconds are like
    assert [line for line in ours if '"level": "error"' in line] == []
