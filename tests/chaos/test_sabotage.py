"""The checker itself is checked: it calls the real processors' work right, and finds whatever is done to it."""

import asyncio
import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from tests.chaos.found import Found, Revision
from tests.chaos.oracle import Sent, Span
from tests.chaos.quiet import play
from tests.chaos.verdict import STATES, WRONGS, judge
from tests.chaos.world import World

EVENTS = 6_000


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
    return copy.deepcopy(_played()[1])


def _nth(found: Found, state: str, number: int = 0) -> Revision:
    return [each for each in found.alerts if each.state == state][number]


def _without_telling(found: Found, gone: Revision) -> None:
    """Remove a revision and everything that follows from it, as a hub would that never wrote it."""
    found.alerts.remove(gone)
    place = (gone.alert_id, gone.revision)
    found.requests[:] = [each for each in found.requests if (each.alert_id, each.revision) != place]


def test_what_the_processors_make_of_the_events_is_right(sent, found):
    verdict = judge(sent, found)
    assert {name: getattr(verdict, name)[:5] for name in WRONGS if getattr(verdict, name)} == {}
    assert all(verdict.states[state] > 5 for state in STATES)
    assert verdict.webhooks > verdict.alerts > 100


def drop_one_in_a_thousand_sightings(found: Found) -> None:
    for number in sorted(found.sightings)[::1000]:
        del found.sightings[number]


def drop_one_in_a_thousand_webhooks(found: Found) -> None:
    del found.requests[len(found.requests) // 2 :: 1000]


def write_everything_twice(found: Found) -> None:
    found.alerts[:] = [each for each in found.alerts for _ in range(2)]


def tell_everything_twice(found: Found) -> None:
    found.requests += found.requests


def tell_everything_twice_under_new_ids(found: Found) -> None:
    found.requests += [replace(each, webhook_id=f"{each.webhook_id}-2") for each in found.requests]


def lose_a_cancelled(found: Found) -> None:
    _without_telling(found, _nth(found, "CANCELLED"))


def lose_an_ended(found: Found) -> None:
    _without_telling(found, _nth(found, "ENDED", 3))


def swallow_a_cancelled_in_notify(found: Found) -> None:
    gone = _nth(found, "CANCELLED")
    found.requests[:] = [each for each in found.requests if (each.alert_id, each.state) != (gone.alert_id, gone.state)]


def lose_an_alert(found: Found) -> None:
    alert = found.alerts[len(found.alerts) // 2].alert_id
    found.alerts[:] = [each for each in found.alerts if each.alert_id != alert]
    found.requests[:] = [each for each in found.requests if each.alert_id != alert]


def count_one_too_many(found: Found) -> None:
    alert = _nth(found, "ENDED")
    found.alerts[found.alerts.index(alert)] = replace(alert, count=alert.count + 1)
    found.requests[:] = [
        replace(each, count=each.count + 1) if (each.alert_id, each.state) == (alert.alert_id, "ENDED") else each
        for each in found.requests
    ]


def tell_another_count(found: Found) -> None:
    found.requests[0] = replace(found.requests[0], count=7)


def swap_two_revisions(found: Found) -> None:
    first, second = _places(found)
    found.alerts[first], found.alerts[second] = found.alerts[second], found.alerts[first]


def _places(found: Found) -> tuple[int, int]:
    """Return where the first two revisions of an alert lie that has several."""
    alert = _nth(found, "UPDATED").alert_id
    first, second, *_ = [place for place, each in enumerate(found.alerts) if each.alert_id == alert]
    return first, second


def tell_two_revisions_the_wrong_way_round(found: Found) -> None:
    alert = _nth(found, "UPDATED").alert_id
    first, second, *_ = [place for place, each in enumerate(found.requests) if each.alert_id == alert]
    found.requests[first], found.requests[second] = found.requests[second], found.requests[first]


def skip_a_revision_number(found: Found) -> None:
    found.alerts[:] = [replace(a, revision=a.revision + (a.state == "ENDED")) for a in found.alerts]


def use_a_revision_twice(found: Found) -> None:
    updated = _nth(found, "UPDATED")
    found.alerts.append(replace(updated, state="ENDED", count=updated.count + 1))


def use_a_webhook_id_for_other_content(found: Found) -> None:
    found.requests.append(replace(found.requests[0], digest="other", state="CANCELLED"))


def edit_an_audit_record(found: Found) -> None:
    found.audits[5] = {**found.audits[5], "actor": "somebody"}
    _walk(found)


def remove_an_audit_record(found: Found) -> None:
    del found.audits[5]
    _walk(found)


def cut_off_the_end_of_the_audit(found: Found) -> None:
    del found.audits[-3:]
    _walk(found)


def chain_an_audit_record_twice(found: Found) -> None:
    last = found.audits[-1]
    found.audits.append({**found.audits[3], "chain": last["chain"], "sequence": last["sequence"] + 1})


def _walk(found: Found) -> None:
    from fairwatch.policy.audit_chain import verify  # noqa: PLC0415

    found.chain = [fault.kind for fault in verify(found.audits).faults]


def raise_an_alert_that_nobody_caused(found: Found) -> None:
    found.alerts.append(Revision("objects|ghost", "ghost", 0, "NEW", 1, ("guards",)))


def tell_an_alert_that_nobody_wrote(found: Found) -> None:
    found.requests.append(replace(found.requests[0], alert_id="ghost", webhook_id="ghost"))


def tell_the_wrong_receiver(found: Found) -> None:
    request = next(each for each in found.requests if each.subject.startswith("objects"))
    found.requests.append(replace(request, receiver="control-room", webhook_id="elsewhere"))


def swap_receivers(found: Found) -> None:
    alert = _nth(found, "ENDED").alert_id
    found.alerts[:] = [replace(a, receivers=("control-room",)) if a.alert_id == alert else a for a in found.alerts]


def begin_a_life_twice(found: Found) -> None:
    found.alerts.append(replace(_nth(found, "NEW"), alert_id="again"))


def end_what_nothing_ends(found: Found) -> None:
    single = next(each for each in found.alerts if each.subject.isdigit() and _alone(found, each))
    found.alerts.append(replace(single, revision=1, state="ENDED"))


def _alone(found: Found, revision: Revision) -> bool:
    return sum(each.alert_id == revision.alert_id for each in found.alerts) == 1


def tell_of_the_revoked(found: Found) -> None:
    sent = _played()[0]
    number = next(event.number for event in sent.events if event.kind == "revoked")
    found.alerts.append(Revision(str(number), "revoked", 0, "NEW", 1, ("control-room",)))


def swap_two_sightings(found: Found) -> None:
    numbers = found.order["gate-1"]
    numbers[4], numbers[5] = numbers[5], numbers[4]


def see_twice(found: Found) -> None:
    found.sightings[next(iter(found.sightings))] += 1


SABOTAGES: list[tuple[Callable[[Found], None], str]] = [
    (drop_one_in_a_thousand_sightings, "lost"),
    (drop_one_in_a_thousand_webhooks, "lost"),
    (lose_a_cancelled, "lost"),
    (lose_an_ended, "lost"),
    (swallow_a_cancelled_in_notify, "lost"),
    (lose_an_alert, "lost"),
    (skip_a_revision_number, "lost"),
    (write_everything_twice, "doubled"),
    (tell_everything_twice, "doubled"),
    (tell_everything_twice_under_new_ids, "doubled"),
    (use_a_revision_twice, "doubled"),
    (begin_a_life_twice, "doubled"),
    (see_twice, "doubled"),
    (chain_an_audit_record_twice, "doubled"),
    (count_one_too_many, "wrong"),
    (tell_another_count, "wrong"),
    (use_a_webhook_id_for_other_content, "wrong"),
    (tell_the_wrong_receiver, "wrong"),
    (swap_receivers, "wrong"),
    (end_what_nothing_ends, "wrong"),
    (swap_two_revisions, "disordered"),
    (tell_two_revisions_the_wrong_way_round, "disordered"),
    (swap_two_sightings, "disordered"),
    (raise_an_alert_that_nobody_caused, "unasked"),
    (tell_an_alert_that_nobody_wrote, "unasked"),
    (tell_of_the_revoked, "revoked_alerts"),
    (edit_an_audit_record, "chain"),
    (remove_an_audit_record, "chain"),
    (cut_off_the_end_of_the_audit, "lost"),
]


@pytest.mark.parametrize(("sabotage", "kind"), SABOTAGES, ids=[sabotage.__name__ for sabotage, _ in SABOTAGES])
def test_the_checker_finds_it_when_somebody_would(sabotage, kind, sent, found):
    sabotage(found)
    assert getattr(judge(sent, found), kind)


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
    later = _nth(found, "UPDATED")
    [first] = [each for each in found.alerts if (each.alert_id, each.revision) == (later.alert_id, 0)]
    _supersede(found, first)
    assert judge(sent, found).lost == []
    _supersede(found, later)
    newer = [each for each in found.alerts if each.alert_id == later.alert_id and each.revision > later.revision]
    for each in newer:
        _supersede(found, each)
    assert any("was not told" in line for line in judge(sent, found).lost), "nobody was told anything"


def test_who_was_not_told_since_the_authorisation_was_revoked_first_has_lost_nothing(sent, found):
    cancelled = _nth(found, "CANCELLED")
    [first] = [each for each in found.alerts if (each.alert_id, each.revision) == (cancelled.alert_id, 0)]
    _supersede(found, first, "mandate_revoked")
    assert judge(sent, found).lost == []
    other = next(each for each in found.alerts if each.revision == 0 and _alone(found, each))
    _supersede(found, other, "mandate_revoked")
    assert any("was not told" in line for line in judge(sent, found).lost), "nothing was revoked there"
