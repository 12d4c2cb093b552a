"""Rules change while everything runs: new alerts follow the new ones, open ones end as they began."""

import time
from datetime import date

import pytest

from fairwatch.apps.rehearsal.hub import Rehearsal
from fairwatch.apps.rehearsal.memory import MemoryReference, MemoryState
from fairwatch.apps.rule_sets import next_set, travelling
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.rule_book import RuleBook, read_rules
from fairwatch.processors.group import Group
from fairwatch.telemetry.metrics import REGISTRY
from tests.support.records import AT, sighting, trigger

AT_DAY = date(2026, 1, 1)
MINUTE = 60_000_000
OLD = """
route:
  receivers: [room]
  routes: [{name: line, resolve_after: 10m, severity: MINOR, title: old, match: {record: sighting}}]
"""
NEW = """
route:
  receivers: [guard]
  routes: [{name: line, resolve_after: 1m, severity: SEVERE, title: new, match: {record: sighting}}]
"""
OTHER = """
route:
  receivers: [guard]
  routes: [{name: inside, match: {event_types: [zone.entered]}}]
"""


def told(hub):
    return [
        (message.at - AT, message.receiver, message.alert["state"], message.alert["title"]) for message in hub.messages
    ]


def seen(n, at, device="cam-1", **observation):
    return sighting("line.crossed", device, n=n, occurred_at=at, observation=observation)


async def test_new_rules_hold_for_new_alerts_without_a_restart():
    hub = Rehearsal(read_rules(OLD), AT, receivers={"guard": {}})
    hub.publish_rules(NEW)
    await hub.show("Sighting", seen(1, AT))
    await hub.pass_time(AT + 20 * MINUTE)
    assert told(hub) == [(0, "guard", "NEW", "new"), (MINUTE, "guard", "ENDED", "new")]


async def test_an_open_alert_keeps_waits_texts_severity_and_receivers_until_it_ends():
    hub = Rehearsal(read_rules(OLD), AT, receivers={"guard": {}})
    await hub.show("Sighting", seen(1, AT))
    hub.publish_rules(NEW)
    await hub.pass_time(AT + MINUTE)
    await hub.show("Sighting", seen(2, AT + MINUTE))
    await hub.pass_time(AT + 20 * MINUTE)
    assert told(hub) == [
        (0, "room", "NEW", "old"),
        (MINUTE, "room", "UPDATED", "old"),
        (11 * MINUTE, "room", "ENDED", "old"),
    ]
    assert {message.alert["severity"] for message in hub.messages} == {"MINOR"}
    await hub.show("Sighting", seen(3, AT + 20 * MINUTE))
    assert told(hub)[-1][1:] == ("guard", "NEW", "new"), "the next alert of the same group"


@pytest.mark.parametrize("silent", ["shadow: true", "tell_when: 'group.count >= 100'"])
async def test_what_nobody_was_told_of_follows_the_new_rules(silent):
    hub = Rehearsal(read_rules(OLD.replace("title: old", f"title: old, {silent}")), AT, receivers={"guard": {}})
    await hub.show("Sighting", seen(1, AT))
    hub.publish_rules(NEW)
    assert told(hub) == []
    await hub.pass_time(AT + MINUTE)
    await hub.show("Sighting", seen(2, AT + MINUTE))
    await hub.pass_time(AT + MINUTE)
    assert {(at, state, title) for at, _, state, title in told(hub)} == {(MINUTE, "NEW", "new")}
    assert "guard" in {receiver for _, receiver, *_ in told(hub)}


async def test_what_was_told_stays_told_though_its_rule_is_in_the_shadow_from_now_on():
    hub = Rehearsal(read_rules(OLD), AT, receivers={"guard": {}})
    await hub.show("Sighting", seen(1, AT))
    hub.publish_rules(NEW.replace("title: new", "title: new, shadow: true"))
    await hub.pass_time(AT + MINUTE)
    await hub.show("Sighting", seen(2, AT + MINUTE))
    await hub.pass_time(AT + 20 * MINUTE)
    assert [state for _, _, state, _ in told(hub)] == ["NEW", "UPDATED", "ENDED"]


async def test_the_end_reaches_an_alert_whose_rule_is_gone():
    hub = Rehearsal(read_rules(OLD), AT, receivers={"guard": {}})
    covered = sighting("tamper.covered", n=1, occurred_at=AT, observation={"lifecycle": "START", "active": True})
    await hub.show("Sighting", covered)
    hub.publish_rules(OTHER)
    await hub.pass_time(AT + 60 * MINUTE)
    seen_again = {"lifecycle": "END", "active": False}
    await hub.show("Sighting", sighting("tamper.covered", n=2, occurred_at=AT + 60 * MINUTE, observation=seen_again))
    await hub.show("Sighting", sighting("tamper.covered", n=3, occurred_at=AT + 61 * MINUTE))
    assert [(at, state) for at, _, state, _ in told(hub)] == [(0, "NEW"), (60 * MINUTE, "ENDED")]


async def test_what_a_rule_raised_in_the_shadow_is_told_to_nobody_though_the_rule_is_gone():
    sets = MemoryReference({"1": {"rule_set_id": "1", "number": 1, "routes": OTHER}})
    group = Group(RuleBook(read_rules(OLD.replace("title: old", "shadow: true")), sets), MemoryState(), ManualClock(AT))
    [answer] = await group.handle([Event("alert-triggers", "Alert", trigger("line|cam-1", rule="line"), "", {}, 0, 0)])
    assert [outcome for outcome in answer if isinstance(outcome, Emit)] == []


async def test_it_goes_back_to_the_file_when_it_is_told_to():
    hub = Rehearsal(read_rules(OLD), AT, receivers={"guard": {}})
    hub.publish_rules(NEW)
    await hub.show("Sighting", seen(1, AT))
    hub.publish_rules("")
    await hub.show("Sighting", seen(2, AT, "cam-2"))
    assert [title for *_, title in told(hub)] == ["new", "old"]


def test_rules_that_cannot_be_read_change_nothing():
    sets = MemoryReference()
    book = RuleBook(read_rules(OLD), sets)
    sets.put("1", {"rule_set_id": "1", "number": 1, "routes": NEW})
    assert (book.number, book.tree.rules["line"].severity) == (1, "SEVERE")
    sets.put("2", {"rule_set_id": "2", "number": 2, "routes": "route: {of a newer release: true}"})
    assert (book.number, book.tree.rules["line"].severity) == (1, "SEVERE")
    assert REGISTRY.get_sample_value("fairwatch_rules_number") == 1
    assert [tree.rules["line"].severity for tree in book.earlier] == ["MINOR"]


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_that_were_published_at_once_the_later_one_holds_whichever_came_first(first):
    sets = MemoryReference()
    book = RuleBook(read_rules(OTHER), sets)
    found = [{"rule_set_id": f"set-{n}", "number": 1, "routes": (OLD, NEW)[n], "published_at": AT + n} for n in (0, 1)]
    sets.put(f"set-{first}", found[first])
    before = book.token
    sets.put(f"set-{1 - first}", found[1 - first])
    assert book.tree.rules["line"].severity == "SEVERE"
    assert book.token != before, "who has taken the other one looks again"
    assert [tree.rules["line"].severity for tree in book.earlier[:-1]] == ["MINOR"]


async def test_rules_that_change_while_ten_thousand_alerts_are_open_make_nobody_wait():
    sets, clock, state = MemoryReference(), ManualClock(AT), MemoryState()
    group = Group(RuleBook(read_rules(OLD), sets), state, clock)

    def event(n, at):
        return Event(
            "alert-triggers", "Alert", trigger(f"line|cam-{n % 10_000}", n=n, rule="line", at=at), "", {}, 0, n
        )

    await group.handle([event(n, AT) for n in range(10_000)])
    sets.put("1", {"rule_set_id": "1", "number": 1, "routes": NEW})
    began = time.process_time()
    await group.handle([event(10_000, AT)])
    assert time.process_time() - began < 0.5
    clock.advance(seconds=120)
    assert await group.tick([0]) != [], "the one that something began in again"
    assert group.due_at() == AT + 10 * MINUTE, "all others go on as they began"


def test_what_is_published_says_who_and_why_and_is_something_new():
    first = next_set([], OLD, "ann", "Quieter nights")
    assert (first["number"], first["author"]) == (1, "ann")
    assert next_set([first], NEW, "bo", "Louder nights")["number"] == 2
    with pytest.raises(ConfigurationError, match="hold already: number 1"):
        next_set([first], OLD, "ann", "again")
    with pytest.raises(ConfigurationError, match="who publishes the rules, and why"):
        next_set([], OLD, "ann", " ")


def test_what_travels_has_its_calendars_with_it(tmp_path):
    (tmp_path / "plant.ics").write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260803\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    (tmp_path / "routes.yaml").write_text(f"calendars: {{plant: {{file: plant.ics}}}}\n{OLD}")
    text = travelling(tmp_path / "routes.yaml")
    assert "plant.ics" not in text
    assert read_rules(text).calendars["plant"].trouble(AT_DAY) == ""
    assert read_rules(text).rules == RouteTree.read(tmp_path / "routes.yaml").rules


@pytest.mark.parametrize("text", ["route: [", "x: 1", "#" * 1_100_000])
def test_a_text_that_is_no_rules_is_refused_by_name(text):
    with pytest.raises(ConfigurationError, match="the rules"):
        read_rules(text)
