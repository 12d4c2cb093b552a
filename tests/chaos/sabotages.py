"""What somebody might do to what a hub wrote and told; the checker has to find each."""

from collections.abc import Callable
from dataclasses import replace

from fairwatch.policy.audit_chain import verify
from tests.chaos.found import Found, Revision
from tests.chaos.oracle import Sent

Sabotage = Callable[[Sent, Found], None]


def nth(found: Found, state: str, number: int = 0) -> Revision:
    return [each for each in found.alerts if each.state == state][number]


def without_telling(found: Found, gone: Revision) -> None:
    """Remove a revision and everything that follows from it, as a hub would that never wrote it."""
    found.alerts.remove(gone)
    place = (gone.alert_id, gone.revision)
    found.requests[:] = [each for each in found.requests if (each.alert_id, each.revision) != place]


def drop_one_in_a_thousand_sightings(_: Sent, found: Found) -> None:
    for number in sorted(found.sightings)[::1000]:
        del found.sightings[number]


def drop_one_in_a_thousand_webhooks(_: Sent, found: Found) -> None:
    del found.requests[len(found.requests) // 2 :: 1000]


def write_everything_twice(_: Sent, found: Found) -> None:
    found.alerts[:] = [each for each in found.alerts for _ in range(2)]


def tell_everything_twice(_: Sent, found: Found) -> None:
    found.requests += found.requests


def tell_everything_twice_under_new_ids(_: Sent, found: Found) -> None:
    found.requests += [replace(each, webhook_id=f"{each.webhook_id}-2") for each in found.requests]


def lose_a_cancelled(_: Sent, found: Found) -> None:
    without_telling(found, nth(found, "CANCELLED"))


def lose_an_ended(_: Sent, found: Found) -> None:
    without_telling(found, nth(found, "ENDED", 3))


def swallow_a_cancelled_in_notify(_: Sent, found: Found) -> None:
    gone = nth(found, "CANCELLED")
    found.requests[:] = [each for each in found.requests if (each.alert_id, each.state) != (gone.alert_id, gone.state)]


def lose_an_alert(_: Sent, found: Found) -> None:
    alert = found.alerts[len(found.alerts) // 2].alert_id
    found.alerts[:] = [each for each in found.alerts if each.alert_id != alert]
    found.requests[:] = [each for each in found.requests if each.alert_id != alert]


def count_one_too_many(_: Sent, found: Found) -> None:
    alert = nth(found, "ENDED")
    found.alerts[found.alerts.index(alert)] = replace(alert, count=alert.count + 1)
    found.requests[:] = [
        replace(each, count=each.count + 1) if (each.alert_id, each.state) == (alert.alert_id, "ENDED") else each
        for each in found.requests
    ]


def tell_another_count(_: Sent, found: Found) -> None:
    found.requests[0] = replace(found.requests[0], count=7)


def swap_two_revisions(_: Sent, found: Found) -> None:
    first, second = _places(found)
    found.alerts[first], found.alerts[second] = found.alerts[second], found.alerts[first]


def _places(found: Found) -> tuple[int, int]:
    """Return where the first two revisions of an alert lie that has several."""
    alert = nth(found, "UPDATED").alert_id
    first, second, *_ = [place for place, each in enumerate(found.alerts) if each.alert_id == alert]
    return first, second


def tell_two_revisions_the_wrong_way_round(_: Sent, found: Found) -> None:
    alert = nth(found, "UPDATED").alert_id
    first, second, *_ = [place for place, each in enumerate(found.requests) if each.alert_id == alert]
    found.requests[first], found.requests[second] = found.requests[second], found.requests[first]


def skip_a_revision_number(_: Sent, found: Found) -> None:
    found.alerts[:] = [replace(a, revision=a.revision + (a.state == "ENDED")) for a in found.alerts]


def use_a_revision_twice(_: Sent, found: Found) -> None:
    updated = nth(found, "UPDATED")
    found.alerts.append(replace(updated, state="ENDED", count=updated.count + 1))


def use_a_webhook_id_for_other_content(_: Sent, found: Found) -> None:
    found.requests.append(replace(found.requests[0], digest="other", state="CANCELLED"))


def edit_an_audit_record(_: Sent, found: Found) -> None:
    found.audits[5] = {**found.audits[5], "actor": "somebody"}
    _walk(found)


def remove_an_audit_record(_: Sent, found: Found) -> None:
    del found.audits[5]
    _walk(found)


def cut_off_the_end_of_the_audit(_: Sent, found: Found) -> None:
    del found.audits[-3:]
    _walk(found)


def chain_an_audit_record_twice(_: Sent, found: Found) -> None:
    last = found.audits[-1]
    found.audits.append({**found.audits[3], "chain": last["chain"], "sequence": last["sequence"] + 1})


def _walk(found: Found) -> None:
    found.chain = [fault.kind for fault in verify(found.audits).faults]


def raise_an_alert_that_nobody_caused(_: Sent, found: Found) -> None:
    found.alerts.append(Revision("objects|ghost", "ghost", 0, "NEW", 1, ("guards",)))


def tell_an_alert_that_nobody_wrote(_: Sent, found: Found) -> None:
    found.requests.append(replace(found.requests[0], alert_id="ghost", webhook_id="ghost"))


def tell_the_wrong_receiver(_: Sent, found: Found) -> None:
    request = next(each for each in found.requests if each.subject.startswith("objects"))
    found.requests.append(replace(request, receiver="control-room", webhook_id="elsewhere"))


def swap_receivers(_: Sent, found: Found) -> None:
    alert = nth(found, "ENDED").alert_id
    found.alerts[:] = [replace(a, receivers=("control-room",)) if a.alert_id == alert else a for a in found.alerts]


def begin_a_life_twice(_: Sent, found: Found) -> None:
    found.alerts.append(replace(nth(found, "NEW"), alert_id="again"))


def end_what_nothing_ends(_: Sent, found: Found) -> None:
    single = next(each for each in found.alerts if each.subject.isdigit() and alone(found, each))
    found.alerts.append(replace(single, revision=1, state="ENDED"))


def alone(found: Found, revision: Revision) -> bool:
    return sum(each.alert_id == revision.alert_id for each in found.alerts) == 1


def tell_of_the_revoked(sent: Sent, found: Found) -> None:
    number = next(event.number for event in sent.events if event.kind == "revoked")
    found.alerts.append(Revision(str(number), "revoked", 0, "NEW", 1, ("control-room",)))


def swap_two_sightings(_: Sent, found: Found) -> None:
    numbers = found.order["gate-1"]
    numbers[4], numbers[5] = numbers[5], numbers[4]


def see_twice(_: Sent, found: Found) -> None:
    found.sightings[next(iter(found.sightings))] += 1


SABOTAGES: list[tuple[Sabotage, str]] = [
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
