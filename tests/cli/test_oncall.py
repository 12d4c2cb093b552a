"""`fairwatch oncall` says who is on call and whom each policy would tell."""

import pytest
from typer.testing import CliRunner

from fairwatch.apps.settings import settings
from fairwatch.cli.main import build
from tests.policy.test_on_call import DAYS, FILE, NIGHTS, calendar, event


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    calendar(tmp_path, "guards.ics", NIGHTS, DAYS)
    calendar(tmp_path, "ann-away.ics", event("holiday", ":20260603T000000Z", ":20260610T000000Z"))
    (tmp_path / "escalations.yaml").write_text(FILE, encoding="utf-8")
    monkeypatch.setenv("FAIRWATCH_CONFIG_DIR", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def lines(*words: str) -> list[list[str]]:
    result = CliRunner().invoke(build(["oncall"]), ["oncall", *words])
    assert result.exit_code == 0, result.output
    return [line.split() for line in result.output.splitlines()]


def test_who_is_on_call_and_whom_the_policy_would_tell():
    shown = lines("--at", "2026-05-06T10:00")
    assert ["guards", "ben", "2026-05-06T20:00", "UTC"] in shown
    assert ["night", "0:00:00", "ben-phone,", "ben-mail"] in shown
    assert ["night", "0:05:00", "ann-phone,", "siren"] in shown
    assert ["night", "0:15:00", "control-room"] in shown


def test_who_is_away_is_said_to_be():
    shown = lines("--at", "2026-06-04T21:00")
    assert ["guards", "ann", "(away)", "2026-06-05T04:00", "UTC"] in shown
    assert ["night", "0:00:00", "control-room"] in shown


def test_without_a_file_there_is_nothing_to_tell(folder):
    (folder / "escalations.yaml").unlink()
    assert lines() == [["schedule", "on", "call", "next", "change"], ["policy", "after", "whom"]]
