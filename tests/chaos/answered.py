"""What people did to alerts: each deed holds, one of two who claim is refused, and both are in the audit log."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.chaos.desk import Answer, is_of
from tests.chaos.found import Revision

REFUSED = "alert.deed_refused"
TAKEN = ("alert.acknowledge", "alert.claim", "alert.close")


def deeds_by_alert(audits: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """Return (action, person) of the deeds that the audit log holds, by alert."""
    found = defaultdict[str, list[tuple[str, str]]](list)
    for record in audits:
        if record["action"] in (REFUSED, *TAKEN):
            found[record["subject"]].append((record["action"], record["actor"]))
    return found


def judge_answers(
    answers: Sequence[Answer], last: Revision, deeds: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield (kind, line) of what is wrong with an alert that was answered so."""
    name = f"{last.subject}: alert {last.alert_id}"
    if not answers:
        if last.answer or deeds:
            yield "unasked", f"{name} was answered by nobody and says {last.answer or list(deeds)}"
        return
    done = ", ".join(f"{each.action} by {each.person}" for each in answers)
    if not last.answer:
        yield "lost", f"{name} does not know of {done}"
    elif not any(is_of(each, last.answer) for each in answers):
        yield "wrong", f"{name} says {last.answer} after {done}"
    taken = [person for action, person in deeds if action in TAKEN]
    refused = [person for action, person in deeds if action == REFUSED]
    if len(taken) > 1:
        yield "doubled", f"{name}: {done}: taken from {' and from '.join(taken)}"
    elif len(deeds) < len(answers) or not taken:
        yield "lost", f"{name}: {done}: the audit log has {list(deeds)}"
    elif sorted(taken + refused) != sorted(each.person for each in answers):
        yield "wrong", f"{name}: {done}: the audit log has {list(deeds)}"
