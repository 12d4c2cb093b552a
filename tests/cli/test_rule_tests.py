"""`fairwatch rules test` plays tests of rules and shows what differs."""

import pytest
from typer.testing import CliRunner

from fairwatch.cli.main import EXIT_FAILURE, build
from fairwatch.domain.errors import ConfigurationError
from tests.support.places import ROOT

RULES = """
time_intervals: {night: [{start: "22:00", end: "06:00"}]}
route:
  receivers: [room]
  routes:
    - {name: at-night, group_wait: 5s, match: {event_types: [line.crossed], during: [night]}}
"""
CASE = """
zone: Europe/Berlin
tests:
  - name: a line at night
    events: [{at: "23:00", event: line.crossed, device: gate}]
    told:
      - {at: "23:00:05", receiver: room, state: NEW, count: 1}
      - {at: "23:10", receiver: room, state: ENDED}
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "routes.yaml").write_text(RULES)

    def call(text, *arguments):
        (tmp_path / "night.test.yaml").write_text(text)
        return CliRunner().invoke(build(["rules"]), ["rules", "test", "--config", str(tmp_path), *arguments])

    return call


def test_what_is_told_as_wanted_passes(run):
    result = run(CASE)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "✓ a line at night\n", "1 passed, 0 failed\n")


def test_the_rules_that_the_repository_comes_with_have_tests_that_pass():
    folder = ROOT / "infra" / "local" / "config"
    result = CliRunner().invoke(build(["rules"]), ["rules", "test", "--config", str(folder)])
    assert result.exit_code == 0, result.stdout


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (('"23:00:05"', '"23:00:06"'), "- 23:00:06.000  room             NEW       any rule: …   wanted, not told"),
        (('"23:00:05"', '"23:00:05.2"'), "+ 23:00:05.000  room             NEW       at-night: "),
        (("count: 1", "count: 2"), "~ 23:00:05.000  room             NEW       at-night: "),
        (("count: 1", "count: 2"), "count is 1, not 2"),
        (('      - {at: "23:10", receiver: room, state: ENDED}\n', ""), "   told, not wanted"),
    ],
)
def test_what_differs_is_shown_at_its_time(run, change, line):
    result = run(CASE.replace(*change))
    assert result.exit_code == EXIT_FAILURE
    assert line in result.stdout
    assert result.stderr == "0 passed, 1 failed\n"


def test_a_tenth_of_a_second_is_no_difference(run):
    assert run(CASE.replace('"23:00:05"', '"23:00:05.1"')).exit_code == 0


def test_a_zone_of_its_own_counts_for_one_test(run):
    utc = CASE.replace("told:", "zone: Asia/Tokyo\n    told:").replace("zone: Europe/Berlin\n", "", 1)
    assert run(utc).exit_code == 0
    assert run(utc.replace("23:00", "12:00")).exit_code == EXIT_FAILURE


RETRIED = CASE.replace(
    "told:", 'answers: [{receiver: room, from: "23:00", until: "23:01", answers: server_error}]\n    told:'
).replace('"23:00:05", receiver', '"23:01", within: 40s, receiver')


def test_a_receiver_that_refuses_for_a_minute_is_told_after_it(run):
    assert run(RETRIED).exit_code == 0


def test_a_receiver_that_takes_a_second_to_answer_is_told_a_second_later(run):
    slow = CASE.replace("told:", 'answers: [{receiver: room, from: "23:00", until: "23:01", takes: 1s}]\n    told:')
    assert run(slow.replace('"23:00:05"', '"23:00:06"')).exit_code == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("zone: Europe/Berlin", "zone: Europe/Berlyn"), "zone 'Europe/Berlyn' does not exist"),
        (('{at: "23:00"', '{at: "half past"'), "'half past' is no time"),
        (('{at: "23:00"', '{at: "+5s"'), "there is no beginning yet"),
        (('{at: "23:00"', '{at: "2026-03-29 02:30"'), "does not exist in Europe/Berlin"),
        (('{at: "23:00"', '{at: "2026-10-25 02:30"'), "comes twice in Europe/Berlin: say +0200 or +0100"),
        (("line.crossed", "line.crosed"), "is no event type"),
        (("event: line.crossed", "restart: false"), "is one of event, verdict"),
        (("count: 1", "cuont: 1"), "cuont"),
        (("receiver: room, ", ""), "each names its receiver"),
        (("device: gate", "device: gate, every: 1s, times: 100001"), "times"),
    ],
)
def test_a_test_that_cannot_be_meant_is_named(run, change, says):
    result = run(CASE.replace(*change))
    assert isinstance(result.exception, ConfigurationError)
    assert says in str(result.exception)


def test_two_tests_of_one_name_are_refused(run):
    result = run(CASE + CASE.partition("tests:\n")[2])
    assert "test 'a line at night' is there twice" in str(result.exception)


def test_a_device_that_reference_yaml_does_not_know_is_named(run, tmp_path):
    (tmp_path / "reference.yaml").write_text(
        "sites: [{site_id: yard, name: Yard, time_zone: Europe/Berlin}]\n"
        "devices: [{device_id: gat, name: Gate, site_id: yard}]\n"
    )
    assert "device 'gate' is not in reference.yaml" in str(run(CASE).exception)
    assert run(CASE.replace("device: gate", "device: gate, known: false")).exit_code == 0
    assert (
        run(CASE.replace("device: gate", "device: gat").replace("count: 1", "fields: {site_id: yard}")).exit_code == 0
    )


def test_a_folder_without_tests_says_so(tmp_path):
    result = CliRunner().invoke(build(["rules"]), ["rules", "test", "--config", str(tmp_path)])
    assert "there is no *.test.yaml" in str(result.exception)


ARMED = """
tests:
  - name: a fence of a site that people and its panel arm
    rules:
      arming: [{sites: [harbour], by: {devices: [panel], event_types: [io.input]}}]
      route: {receivers: [room], routes: [{name: fence, match: {event_types: [line.crossed], during: [site.armed]}}]}
    events:
      - {at: "10:00", disarm: harbour, by: bo}
      - {at: "10:01", event: line.crossed, device: a, site: harbour}
      - {at: "10:02", arm: harbour, by: bo}
      - {at: "10:03", event: line.crossed, device: b, site: harbour}
      - {at: "10:04", event: io.input, device: panel, site: harbour, state: "off"}
      - {at: "10:05", event: line.crossed, device: c, site: harbour}
      - {at: "10:06", event: io.input, device: panel, site: harbour, state: "on"}
      - {at: "10:07", event: line.crossed, device: d, site: harbour}
    until: "10:08"
    told:
      - {at: "10:03", receiver: room, state: NEW, fields: {device_ids: [b]}}
      - {at: "10:07", receiver: room, state: NEW, fields: {device_ids: [d]}}
"""


def test_sites_are_armed_and_disarmed_by_people_and_their_devices(run):
    result = run(ARMED)
    assert result.exit_code == 0, result.stdout


def test_step_that_arms_and_disarms_is_refused(run):
    result = run(ARMED.replace("disarm: harbour, by: bo", "disarm: harbour, arm: harbour"))
    assert isinstance(result.exception, ConfigurationError)
    assert "expire, arm and disarm" in str(result.exception)


def test_what_a_group_has_to_come_to_is_rehearsed_too(run):
    text = """
tests:
  - name: the third tells
    rules:
      route: {receivers: [room], routes: [{name: gate, tell_when: group.count > 2}]}
    events: [{at: "10:00", event: line.crossed, device: a, every: 1m, times: 3}]
    until: "10:03"
    told: [{at: "10:02", receiver: room, state: NEW, count: 3}]
"""
    result = run(text)
    assert result.exit_code == 0, result.stdout
