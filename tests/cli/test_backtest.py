"""`fairwatch backtest` says what new rules would have done with what was seen, beside the old ones."""

import json

import pytest
from typer.testing import CliRunner

from fairwatch.apps.backtest.history import Listed
from fairwatch.apps.backtest.run import estimate
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.routing import Routes, RouteTree
from tests.support.records import AT, sighting, verdict

HOUR = 3_600_000_000
OLD = """
route:
  receivers: [room]
  routes:
    - {name: line, match: {event_types: [line.crossed]}}
    - {name: found, match: {kinds: [PLATE]}}
"""
NEW = """
time_intervals: {night: [{start: "22:00", end: "06:00"}]}
route:
  receivers: [room]
  routes:
    - {name: tried, shadow: true, match: {}}
    - {name: line, match: {event_types: [line.crossed], during: [night]}}
    - {name: inside, match: {event_types: [zone.entered]}}
    - {name: found, severity: SEVERE, match: {kinds: [PLATE]}}
"""


def line(n, hour, event_type="line.crossed"):
    return "Sighting", sighting(event_type, n=n, occurred_at=AT + hour * HOUR)


def closed(n, outcome, sighting_id):
    return "Alert", {"alert_id": f"a-{n}", "outcome": outcome, "triggers": [sighting_id], "issued_at": AT + 20 * HOUR}


NIGHT, DAY = line(1, 2), line(2, 12)
HISTORY = [
    DAY,  # not in the order of time: partitions are read one by one
    NIGHT,
    line(3, 13, "zone.entered"),
    ("Verdict", verdict("PLATE", occurred_at=AT + 14 * HOUR) | {"decided_at": AT + 14 * HOUR}),
    closed(1, "TRUE", NIGHT[1]["sighting_id"]),
    closed(2, "FALSE", DAY[1]["sighting_id"]),
    ("Sighting", sighting("face.seen", n=4, occurred_at=AT + 15 * HOUR)),
    line(5, 24),
]


@pytest.fixture
def run(tmp_path):
    (tmp_path / "routes.yaml").write_text(OLD)
    (tmp_path / "new.yaml").write_text(NEW)
    lines = [json.dumps({"type": type_, "record": record}) for type_, record in HISTORY]
    (tmp_path / "history.jsonl").write_text("\n".join([*lines, json.dumps({"type": None, "record": None}), ""]))

    def call(*arguments, command="backtest"):
        files = ("--config", str(tmp_path), "--history", str(tmp_path / "history.jsonl"))
        words = [command, "--rules", str(tmp_path / "new.yaml")] if command == "backtest" else [command, "check"]
        return CliRunner().invoke(build([command]), [*words, *files, *arguments])

    return call


def test_each_difference_is_told_one_by_one(run):
    told = json.loads(run("--json").stdout)["differences"]
    assert [(one["mark"], one["at"][11:16], one["rule"]) for one in told] == [
        ("-", "12:00", "line"),
        ("+", "13:00", "inside"),
        ("~", "14:00", "found"),
    ]
    assert told[2]["changed"] == {"severity": ["UNKNOWN", "SEVERE"]}


def test_alerts_minutes_and_precision_are_told_by_rule(run):
    rules = json.loads(run("--json").stdout)["rules"]
    assert [rules["line"][side]["alerts"] for side in ("old", "new")] == [3, 2]
    assert [rules["line"][side]["precision"] for side in ("old", "new")] == [0.5, 1.0]
    assert rules["line"]["old"]["minutes"] == 3 * 2 + 3 * 0.2, "three alerts, each with its end"
    assert rules["inside"]["old"] is None
    assert rules["tried"]["new"] == {
        "alerts": 5, "messages": 10, "true": 1, "false": 1, "precision": 0.5, "shadow": True, "minutes": 0.0,
    }  # fmt: skip


def test_it_is_a_table_for_people(run):
    lines = run("--differences", "1").stdout.splitlines()
    assert lines[0] == "6 sightings and verdicts of 0.9 days"
    assert "tried (shadow)" in lines[3] or any("tried (shadow)" in each for each in lines)
    assert lines[-3:-1] == ["3 differences", "- 2026-01-01T12:00:00Z  line: line.crossed at Camera cam-1"]
    assert lines[-1] == "… and 2 more: --differences"


def test_only_what_lies_between_the_times_counts(run):
    assert json.loads(run("--json", "--from", "2026-01-01T13:00", "--to", "2026-01-02").stdout)["sightings"] == 3
    berlin = run("--json", "--from", "2026-01-01T14:00+01:00", "--to", "2026-01-02")
    assert json.loads(berlin.stdout)["sightings"] == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--from", "yesterday"], "'yesterday' is no time"),
        (["--from", "2026-01-02", "--to", "2026-01-01"], "--from is not before --to"),
        (["--from", "2027-01-01"], "nothing was seen"),
    ],
)
def test_what_cannot_be_meant_is_named(run, arguments, says):
    result = run(*arguments)
    assert isinstance(result.exception, ConfigurationError)
    assert says in str(result.exception)


def test_a_line_that_is_no_record_is_named(run, tmp_path):
    result = run()
    (tmp_path / "history.jsonl").write_text('{"type": "Sighting"}\n')
    result = run()
    assert "history.jsonl: line 1 is no record" in str(result.exception)


def test_rules_check_says_how_often_each_rule_would_have_fired(run):
    result = run(command="rules")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["3.3", "alerts", "a", "day", "line"],
        ["1.1", "alerts", "a", "day", "found"],
    ]


def test_rules_of_several_events_are_played_too():
    rule = {"name": "pair", "match": {"event_types": ["line.crossed"]}, "count": 2, "within": "3h"}
    tree = RouteTree(Routes.model_validate({"route": {"receivers": ["room"]}, "correlations": [rule]}))
    history = [line(n, hour) for n, hour in enumerate((12, 2, 1, 20))]
    _, tallies, _ = estimate(tree, Listed(history), {}, 0)
    assert (tallies["pair"].alerts, tallies["pair"].messages) == (1, 2)
