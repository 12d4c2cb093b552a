"""Compares what was said about each subject with what had to be said: revisions, counts, ends, deliveries, audit."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.answered import deeds_by_alert, judge_answers
from tests.chaos.crowd_told import crowd_told
from tests.chaos.found import Found, Revision
from tests.chaos.hushed import OVER, told_meanwhile, untold
from tests.chaos.oracle import Expected, Life, Sent
from tests.chaos.sink import Request


@dataclass(slots=True)
class Findings:
    """Lines of what is wrong, by kind, and repeats that a fault explains."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    told_in_silence: list[str] = field(default_factory=list)
    repeated: int = 0


def judge_lives(sent: Sent, found: Found, expected: Mapping[str, Expected]) -> Findings:
    """Return what is wrong with alerts, deliveries and their audit."""
    findings = Findings()
    by_subject: dict[str, dict[str, list[Revision]]] = defaultdict(dict)
    for revision in found.alerts:
        by_subject[revision.subject].setdefault(revision.alert_id, []).append(revision)
    for subject, alerts in by_subject.items():
        if subject not in expected:
            findings.unasked.append(f"{subject}: nothing sent calls for the alert {next(iter(alerts))}")
    deeds = deeds_by_alert(found.audits)
    for subject, wanted in expected.items():
        alerts = by_subject.get(subject, {})
        _subject(findings, sent, wanted, alerts)
        for revisions in alerts.values():
            for kind, line in judge_answers(wanted.answers, revisions[-1], deeds.get(revisions[-1].alert_id, ())):
                getattr(findings, kind).append(line)
    _deliveries(findings, sent, found, expected)
    _audits(findings, found)
    return findings


def _subject(findings: Findings, sent: Sent, wanted: Expected, alerts: Mapping[str, list[Revision]]) -> None:
    name = wanted.subject
    if not alerts and not wanted.must:
        return
    for revisions in alerts.values():
        _revisions(findings, name, revisions)
        if any(set(each.receivers) != set(wanted.receivers) for each in revisions):
            findings.wrong.append(f"{name}: for {revisions[-1].receivers} instead of {wanted.receivers}")
    if wanted.crowd:
        _crowd(findings, sent, wanted, list(alerts.values()))
        return
    if sent.resent.intersection(wanted.numbers) and len(wanted.lives) > 1:
        return  # an end that came again, late, may cut lives otherwise
    if len(alerts) < len(wanted.lives):
        findings.lost.append(f"{name}: {len(alerts)} alerts instead of {len(wanted.lives)}")
    elif len(alerts) > len(wanted.lives):
        findings.doubled.append(f"{name}: {len(alerts)} alerts instead of {len(wanted.lives)}")
    else:
        for revisions, life in zip(alerts.values(), wanted.lives, strict=True):
            _end(findings, name, revisions, life)


def _crowd(findings: Findings, sent: Sent, wanted: Expected, alerts: list[list[Revision]]) -> None:
    """Each alert but the last has ended; they count every trigger once, however it is cut into alerts."""
    name, [life] = wanted.subject, wanted.lives
    lasts = [max(revisions, key=lambda each: each.revision) for revisions in alerts]
    if not lasts:
        findings.lost.append(f"{name}: no alert")
        return
    findings.lost += [f"{name}: alert {each.alert_id} never ended" for each in lasts[:-1] if each.state not in OVER]
    counted = sum(each.count for each in lasts)
    if counted not in life.counts:
        said = f"{len(lasts)} alerts count {counted} instead of {life.count}"
        findings.wrong.append(f"{name}: {said}; {crowd_told(sent, wanted, alerts)}")
    if (lasts[-1].state in OVER) != (life.final in OVER) and not sent.resent.intersection(wanted.numbers):
        findings.wrong.append(f"{name}: alert {lasts[-1].alert_id} is {lasts[-1].state} instead of {life.final}")


def _revisions(findings: Findings, name: str, revisions: list[Revision]) -> None:
    """Numbers from 0 without a gap, in order, each once; NEW, then UPDATED, then at most one end; counts that grow."""
    alert, numbers = revisions[0].alert_id, [each.revision for each in revisions]
    if len(set(numbers)) < len(numbers):
        findings.doubled.append(f"{name}: revisions {numbers} of alert {alert}")
    elif set(numbers) != set(range(len(numbers))):
        findings.lost.append(f"{name}: only revisions {numbers} of alert {alert}")
    elif numbers != sorted(numbers):
        findings.disordered.append(f"{name}: revisions {numbers} of alert {alert}")
    else:
        states = [each.state for each in revisions]
        middle = states[1:-1] if states[-1] in OVER else states[1:]
        if states[0] != "NEW" or any(state != "UPDATED" for state in middle):
            findings.wrong.append(f"{name}: states {states} of alert {alert}")
        if any(later.count < earlier.count for earlier, later in pairwise(revisions)):
            findings.wrong.append(f"{name}: counts {[each.count for each in revisions]} of alert {alert}")


def _end(findings: Findings, name: str, revisions: list[Revision], life: Life) -> None:
    last = max(revisions, key=lambda each: each.revision)
    if life.final not in ("open", last.state):
        findings.lost.append(f"{name}: {life.final} of alert {last.alert_id}; its last state is {last.state}")
    elif life.final == "open" and last.state in OVER:
        findings.wrong.append(f"{name}: alert {last.alert_id} is {last.state}, nothing ends it")
    if last.count != life.count:
        findings.wrong.append(f"{name}: alert {last.alert_id} counts {last.count} instead of {life.count}")


def _deliveries(findings: Findings, sent: Sent, found: Found, expected: Mapping[str, Expected]) -> None:
    written = {(each.alert_id, each.revision): each for each in found.alerts}
    first: dict[tuple[str, str, int], Request] = {}
    latest: dict[str, Request] = {}
    order: dict[tuple[str, str], list[int]] = defaultdict(list)
    for request in found.requests:
        earlier = latest.get(request.webhook_id)
        latest[request.webhook_id] = request
        if earlier is not None:
            _again(findings, sent, earlier, request)
            continue
        place = (request.receiver, request.alert_id, request.revision)
        if place in first:
            findings.doubled.append(f"{place}: told as {first[place].webhook_id} and as {request.webhook_id}")
            continue
        first[place] = request
        order[request.receiver, request.alert_id].append(request.revision)
        _content(findings, request, written.get((request.alert_id, request.revision)), expected.get(request.subject))
    _hushed(findings, found, expected, order)
    for (receiver, alert), numbers in order.items():
        if numbers != sorted(numbers):
            findings.disordered.append(f"{receiver} heard revisions {numbers} of alert {alert}")
    superseded, revoked = _suppressed(found, "superseded"), _suppressed(found, "mandate_revoked")
    silenced = _suppressed(found, "silenced")
    findings.lost += [
        f"{each.subject}: {receiver} was not told revision {each.revision} ({each.state}) of alert {each.alert_id}"
        for each in written.values()
        for receiver in each.receivers
        if (receiver, each.alert_id, each.revision) not in first
        and not (
            (receiver, each.alert_id, each.revision) in superseded
            and max(order[receiver, each.alert_id], default=-1) > each.revision
        )
        and not ((receiver, each.alert_id, each.revision) in revoked and _is_revoked(expected.get(each.subject)))
        and not ((receiver, each.alert_id, each.revision) in silenced and _is_hushed(expected.get(each.subject)))
    ]


def _hushed(
    findings: Findings, found: Found, expected: Mapping[str, Expected], order: Mapping[tuple[str, str], list[int]]
) -> None:
    """What is silenced: nothing is told meanwhile; afterwards receivers know how each alert stands."""
    requests: dict[tuple[str, str], list[Request]] = defaultdict(list)
    for request in found.requests:
        requests[request.receiver, request.alert_id].append(request)
    by_subject: dict[str, dict[str, Revision]] = defaultdict(dict)
    for each in found.alerts:
        if _is_hushed(expected.get(each.subject)):
            by_subject[each.subject][each.alert_id] = each
    for subject, alerts in by_subject.items():
        wanted = expected[subject]
        if wanted.hush is None or len(alerts) != len(wanted.lives):
            continue  # said elsewhere
        for place, last in enumerate(alerts.values()):
            told = {receiver: max(order.get((receiver, last.alert_id), [-1])) for receiver in last.receivers}
            findings.lost += untold(wanted.hush, place, last, told)
            for receiver in wanted.receivers:
                heard = requests[receiver, last.alert_id]
                findings.told_in_silence += told_meanwhile(wanted.hush, place, heard)


def _is_hushed(expected: Expected | None) -> bool:
    return expected is not None and expected.hush is not None


def _suppressed(found: Found, reason: str) -> set[tuple[str, str, int]]:
    """Return (receiver, alert, revision) of what a receiver was not told for a reason.

    `superseded`: a newer one waited for it as well. `mandate_revoked`: the authorisation was revoked before it could be
    told.
    """
    return {
        (record["details"]["receiver"], record["subject"], int(record["details"]["revision"]))
        for record in found.audits
        if record["action"] == "alert.suppressed" and record["details"].get("reason") == reason
    }


def _is_revoked(expected: Expected | None) -> bool:
    """Tell whether an authorisation is revoked in the run that the alert rests on."""
    return expected is not None and any(life.final == "CANCELLED" for life in expected.lives)


def _again(findings: Findings, sent: Sent, earlier: Request, request: Request) -> None:
    if earlier.digest != request.digest or earlier.receiver != request.receiver:
        findings.wrong.append(f"{request.subject}: webhook {request.webhook_id} came again with other content")
    elif not earlier.answered or _explained(sent, earlier.at, request.at):
        findings.repeated += 1
    else:
        findings.doubled.append(f"{request.subject}: webhook {request.webhook_id} came again, and no fault explains it")


def _explained(sent: Sent, since: float, until: float) -> bool:
    return any(fault.repeats and fault.began <= until and since <= fault.ended for fault in sent.faults)


def _content(findings: Findings, request: Request, written: Revision | None, wanted: Expected | None) -> None:
    name = request.subject
    if written is None:
        findings.unasked.append(f"{name}: {request.receiver} was told of {request.alert_id}, which nobody wrote")
    elif (request.state, request.count, request.answer, name) != (
        written.state,
        written.count,
        written.answer,
        written.subject,
    ):
        findings.wrong.append(f"{name}: {request.receiver} was told {request.state} {request.count}, not as written")
    if wanted and request.receiver not in wanted.receivers:
        findings.wrong.append(f"{name}: {request.receiver} was told, which is none of its receivers")


def _audits(findings: Findings, found: Found) -> None:
    """Each revision and each delivery has one audit record."""
    noted: dict[tuple[str, ...], set[str]] = defaultdict(set)
    places: dict[str, tuple[str, int]] = {}
    for record in found.audits:
        place = (record["chain"], record["sequence"])
        if places.setdefault(record["audit_id"], place) != place:
            findings.doubled.append(f"{record['subject']}: {record['action']} is twice in the audit log")
        details = record.get("details", {})
        if record["actor"] in ("processor:group", "processor:notify"):
            noted[record["subject"], record["action"], details["revision"], details.get("receiver", "")].add(
                details.get("count", "")
            )
    reasons = ("superseded", "mandate_revoked", "silenced")
    for receiver, alert, revision in set().union(*(_suppressed(found, reason) for reason in reasons)):
        noted[alert, "alert.delivered", str(revision), receiver].add("")
    findings.lost += _unaudited(found.alerts, noted)


def _unaudited(alerts: Iterable[Revision], noted: Mapping[tuple[str, ...], set[str]]) -> Iterator[str]:
    for each in alerts:
        revision = str(each.revision)
        if str(each.count) not in noted.get((each.alert_id, f"alert.{each.state.lower()}", revision, ""), ()):
            yield f"{each.subject}: no audit record of revision {revision} of alert {each.alert_id}"
        for receiver in each.receivers:
            if (each.alert_id, "alert.delivered", revision, receiver) not in noted:
                yield f"{each.subject}: no audit record that {receiver} was told revision {revision} of {each.alert_id}"
