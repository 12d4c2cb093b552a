"""The main job end to end, as `make demo` plays it: real protocols, real processes, the embedded broker."""

import json

import pytest

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]


def test_the_story_ends_with_every_expected_alert_exactly_once(played):
    assert played.done.returncode == 0, played.done.stdout[-4000:] + played.done.stderr[-2000:]
    assert "✗" not in played.done.stdout
    left = [
        line
        for path in (played.folder / "logs").glob("*.log")
        for line in path.read_text().splitlines()
        if '"level": "error"' in line
    ]
    assert not left, json.dumps(left[:5])
