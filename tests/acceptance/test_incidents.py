"""Incidents from sighting to what is there at the end, as the file beside says; and what differs is shown."""

from pathlib import Path

import pytest

from fairwatch.apps.rehearsal.trial import run_file

FILE = Path(__file__).with_name("incidents.test.yaml")
ONE = """
rules: rules.yaml
tests:
  - name: one
    events: [{at: "10:00", event: access.denied, device: door}]
    incidents: [WANTED]
"""
RULES = "{route: {receivers: [room], name: doors, group_by: []}, incidents: [{name: yard}]}"


async def test_each_is_as_the_file_says() -> None:
    trials = await run_file(FILE)
    assert {
        trial.case.name: [line.text for line in trial.lines if line.mark != " "] for trial in trials if not trial.passed
    } == {}
    assert len(trials) >= 5


@pytest.mark.parametrize(
    ("wanted", "mark", "said"),
    [
        ("{roles: {ACCESS: 1}, started: '10:00'}", " ", "yard: 1 access"),
        ("{roles: {VEHICLE: 1}}", "~", "roles are {'ACCESS': 1}, not {'VEHICLE': 1}"),
        ("{events: 2, started: '10:01'}", "~", "events is 1, not 2; started_at is 10:00:00.000, not 10:01"),
        ("", "+", "is there, not wanted"),
        ("{}, {}", "-", "an incident was wanted, and is not there"),
    ],
)
async def test_what_differs_is_shown(tmp_path: Path, wanted: str, mark: str, said: str) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "one.test.yaml").write_text(ONE.replace("WANTED", wanted))
    [trial] = await run_file(tmp_path / "one.test.yaml")
    assert [line.text for line in trial.lines if line.mark == mark and said in line.text], trial.lines
    assert trial.passed == (mark == " ")
