"""The checker itself is checked: it calls the real processors' work right, and finds whatever is done to it."""

import asyncio
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from tests.chaos.found import Found, Revision
from tests.chaos.oracle import Sent, Span
from tests.chaos.quiet import play
from tests.chaos.sabotages import SABOTAGES, alone, nth
from tests.chaos.sabotages_people import SABOTAGES as OF_PEOPLE
from tests.chaos.sabotages_people import tell_in_silence
from tests.chaos.verdict import STATES, WRONGS, judge
from tests.chaos.world import World

EVENTS = 8_000
ALL = [*((sabotage, kind, "") for sabotage, kind in SABOTAGES), *OF_PEOPLE]


@cache
def _played() -> tuple[Sent, Found]:
    sent, found = asyncio.run(play(World(11, EVENTS), EVENTS))
    quiet = [event for event in sent.events if event.kind != "poison"]  # no dead letters are written without Kafka
    return replace(sent, events=quiet, poison={}), found


@pytest.fixture
def sent() -> Sent:
    return _played()[0]


@pytest.fixture
def found() -> Found:
    found = _played()[1]  # the records are never changed, only replaced
    lists = {name: list(getattr(found, name)) for name in ("alerts", "requests", "audits", "letters", "chain")}
    order = {device: list(numbers) for device, numbers in found.order.items()}
    return replace(found, sightings=Counter(found.sightings), order=order, shown=set(found.shown), **lists)


def test_what_the_processors_make_of_the_events_is_right(sent, found):
    verdict = judge(sent, found)
    assert {name: getattr(verdict, name)[:5] for name in WRONGS if getattr(verdict, name)} == {}
    assert all(verdict.states[state] > 5 for state in STATES)
    assert verdict.webhooks > verdict.alerts > 100


@pytest.mark.parametrize(("sabotage", "kind", "line"), ALL, ids=[each[0].__name__ for each in ALL])
def test_the_checker_finds_it_when_somebody_would(sabotage, kind, line, sent, found):
    sabotage(sent, found)
    assert [each for each in getattr(judge(sent, found), kind) if line in each]


def test_a_run_that_never_cancelled_anything_proves_nothing(sent, found):
    found.alerts[:] = [each for each in found.alerts if each.state != "CANCELLED"]
    assert judge(sent, found).missing_states == ["no alert was ever CANCELLED"]


def test_a_repeat_is_explained_by_a_fault_that_lies_between_or_by_an_answer_that_came_too_late(sent, found):
    first = found.requests[0]
    found.requests.append(replace(first, at=first.at + 10))
    assert judge(sent, found).doubled
    fault = Span(first.at + 1, first.at + 3, repeats=True)
    assert judge(replace(sent, faults=[fault]), found).repeated == 1
    assert judge(replace(sent, faults=[fault]), found).holds
    assert not judge(replace(sent, faults=[replace(fault, repeats=False)]), found).holds
    assert not judge(replace(sent, faults=[Span(first.at + 11, first.at + 12, repeats=True)]), found).holds
    found.requests[0] = replace(first, answered=False)
    assert judge(sent, found).holds


def _supersede(found: Found, told: Revision, reason: str = "superseded") -> None:
    """Let a receiver not have been told of a revision: the audit says why, by default that a newer one waited."""
    name = told.receivers[0]
    place = (name, told.alert_id, told.revision)
    found.requests[:] = [each for each in found.requests if (each.receiver, each.alert_id, each.revision) != place]
    about = (told.alert_id, str(told.revision), name)
    for number, record in enumerate(found.audits):
        details = record["details"]
        if (record["subject"], details.get("revision"), details.get("receiver")) == about:
            changed = {**record, "action": "alert.suppressed", "details": {**details, "reason": reason}}
            found.audits[number] = changed


def test_a_revision_is_not_lost_where_a_newer_one_that_waited_as_well_was_told(sent, found):
    later = nth(found, "UPDATED")
    [first] = [each for each in found.alerts if (each.alert_id, each.revision) == (later.alert_id, 0)]
    _supersede(found, first)
    assert judge(sent, found).lost == []
    _supersede(found, later)
    newer = [each for each in found.alerts if each.alert_id == later.alert_id and each.revision > later.revision]
    for each in newer:
        _supersede(found, each)
    assert any("was not told" in line for line in judge(sent, found).lost), "nobody was told anything"


def test_who_was_not_told_since_the_authorisation_was_revoked_first_has_lost_nothing(sent, found):
    cancelled = nth(found, "CANCELLED")
    [first] = [each for each in found.alerts if (each.alert_id, each.revision) == (cancelled.alert_id, 0)]
    _supersede(found, first, "mandate_revoked")
    assert judge(sent, found).lost == []
    other = next(each for each in found.alerts if each.revision == 0 and alone(found, each))
    _supersede(found, other, "mandate_revoked")
    assert any("was not told" in line for line in judge(sent, found).lost), "nothing was revoked there"


def test_what_was_told_before_a_silence_could_be_known_is_no_finding(sent, found):
    """A fault that lies over the silence's beginning puts off the moment from which it has to be kept."""
    tell_in_silence(sent, found)
    [request] = [each for each in found.requests if each.webhook_id.startswith("silent-")]
    over = Span(request.at - 5, request.at + 0.5, repeats=True)
    assert judge(sent, found).told_in_silence
    assert not judge(replace(sent, faults=[over]), found).told_in_silence
