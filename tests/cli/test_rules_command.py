"""`fairwatch rules` says what can never happen, and why a sighting raises what it raises."""

import json

import pytest
from typer.testing import CliRunner

from fairwatch.cli.main import EXIT_CONFIGURATION, build
from fairwatch.domain.errors import ConfigurationError
from tests.support.records import AT, sighting

RULES = """
time_intervals: {night: [{start: "22:00", end: "06:00"}]}
route:
  receivers: [room]
  routes:
    - {name: at-night, match: {event_types: [line.crossed], during: [night]}}
    - {name: tamper, match: {event_types: ["tamper.*"]}}
"""
NOON = AT + 12 * 3_600_000_000


@pytest.fixture
def run(tmp_path):
    (tmp_path / "routes.yaml").write_text(RULES)

    def call(*arguments):
        return CliRunner().invoke(build(["rules"]), ["rules", *arguments, "--config", str(tmp_path)])

    return call


def said(tmp_path, record):
    path = tmp_path / "sighting.json"
    path.write_text(json.dumps(record))
    return str(path)


def test_rules_that_can_do_what_they_say_are_counted(run):
    result = run("check")
    assert (result.exit_code, result.stderr) == (0, "✓ 2 rules\n")


def test_a_rule_that_is_never_reached_ends_with_the_exit_code_of_wrong_configuration(run, tmp_path):
    narrow = "name: at-night, match: {event_types: [line.crossed], during: [night]}"
    (tmp_path / "routes.yaml").write_text(RULES.replace(narrow, "name: all"))
    result = run("check")
    assert result.exit_code == EXIT_CONFIGURATION
    assert "'tamper' is never reached" in result.stderr


def test_the_rule_that_takes_a_sighting_is_shown(run, tmp_path):
    result = run("explain", said(tmp_path, sighting()))
    assert result.exit_code == 0
    assert "at-night: takes it" in result.stdout


def test_a_sighting_that_no_rule_takes_is_explained(run, tmp_path):
    result = run("explain", said(tmp_path, sighting(occurred_at=NOON)))
    assert result.exit_code == 1
    assert "at-night: it was Thursday 12:00 UTC" in result.stdout
    assert "tamper: is for tamper.*, this is line.crossed" in result.stdout


def test_what_counts_for_a_rule_of_several_events_is_explained(run, tmp_path):
    (tmp_path / "routes.yaml").write_text(
        "route: {receivers: [room]}\n"
        "correlations: [{name: crowd, match: {event_types: [line.crossed]}, count: 3, within: 1m}]\n"
    )
    result = run("explain", said(tmp_path, sighting(occurred_at=NOON)))
    assert (result.exit_code, "crowd: counts (first of count)" in result.stdout) == (0, True)


def test_what_the_group_has_to_come_to_is_explained(run, tmp_path):
    (tmp_path / "routes.yaml").write_text(
        RULES.replace("name: at-night,", "name: at-night, tell_when: group.count > 2,")
    )
    assert "at-night: told once group.count > 2" in run("explain", said(tmp_path, sighting())).stdout


def test_a_face_raises_nothing_by_itself(run, tmp_path):
    result = run("explain", said(tmp_path, sighting("face.seen")))
    assert result.exit_code == 1
    assert "only confirmed verdicts" in result.stdout


@pytest.mark.parametrize(("record", "names"), [([7], "no JSON object"), ({"sighting_id": 7}, "sighting_id")])
def test_what_is_no_sighting_is_named(run, tmp_path, record, names):
    result = run("explain", said(tmp_path, record))
    assert isinstance(result.exception, ConfigurationError)
    assert names in str(result.exception)
