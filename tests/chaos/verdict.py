"""Compares what came with what had to come."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.found import Found
from tests.chaos.lives import judge_lives
from tests.chaos.oracle import BOUND_S, Sent, expect

SHOWN = 1000  # of the latest alerts; the console forgets older ones
WRONGS = (
    "lost", "doubled", "disordered", "wrong", "unasked", "told_in_silence", "revoked_alerts", "unexplained", "chain",
    "missing_states",
)  # fmt: skip
STATES = ("NEW", "UPDATED", "ENDED", "CANCELLED")
__all__ = ["BOUND_S", "STATES", "WRONGS", "Sent", "Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Each list holds one line for each finding, and all have to be empty; what follows are counts.

    Attributes:
        states: Alerts' revisions by state.
        repeated: Webhooks that came again as they were because a fault cost their answer or its note.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    told_in_silence: list[str] = field(default_factory=list)
    revoked_alerts: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    missing_states: list[str] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    alerts: int = 0
    webhooks: int = 0
    dead_letters: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not any(getattr(self, name) for name in WRONGS)


def judge(sent: Sent, found: Found) -> Verdict:
    """Return what is wrong."""
    expected = expect(sent)
    lives = judge_lives(sent, found, expected)
    states = Counter(each.state for each in found.alerts)
    told = {each.subject for each in found.alerts} | {each.subject for each in found.requests}
    forbidden = {str(event.number) for event in sent.events if sent.forbidden(event)}
    return Verdict(
        lost=[*_lost(sent, found), *lives.lost],
        doubled=[*_doubled(sent, found), *lives.doubled],
        disordered=[*_disordered(sent, found), *lives.disordered],
        wrong=lives.wrong,
        unasked=lives.unasked,
        told_in_silence=lives.told_in_silence,
        revoked_alerts=sorted(told & forbidden),
        unexplained=list(_unexplained(sent, found)),
        chain=found.chain,
        missing_states=[f"no alert was ever {state}" for state in _required(sent) if not states[state]],
        states={state: states[state] for state in STATES},
        repeated=lives.repeated,
        alerts=len({each.alert_id for each in found.alerts}),
        webhooks=len(found.requests),
        dead_letters=len(found.letters),
    )


def _required(sent: Sent) -> tuple[str, ...]:
    """Return the states that a run long enough for them has to show."""
    return STATES if sent.stories and sent.revoked_at else ()


def _lost(sent: Sent, found: Found) -> Iterator[str]:
    shown = {event.number for event in [event for event in sent.events if event.kind == "listed"][-SHOWN:]}
    buried = {sent.poison.get(digest) for _, digest, _, _ in found.letters}
    alerts = {each.subject: each.alert_id for each in found.alerts}
    for event in sent.events:
        if event.kind == "poison":
            if event.number not in buried:
                yield f"{event.number}: poison without a dead letter ({event.poison.name if event.poison else ''})"
        elif event.kind not in ("story", "crowd"):
            if not found.sightings[event.number]:
                yield f"{event.number}: no sighting"
            alert = alerts.get(str(event.number))
            if alert and event.number in shown and alert not in found.shown:
                yield f"{event.number}: the console does not show it"


def _doubled(sent: Sent, found: Found) -> Iterator[str]:
    for number, times in found.sightings.items():
        if times > 1 and number not in sent.resent:
            yield f"{number}: {times} sightings"


def _unexplained(sent: Sent, found: Found) -> Iterator[str]:
    by_number = {event.number: event for event in sent.events}
    for topic, digest, reason, detail in found.letters:
        event = by_number.get(sent.poison.get(digest, -1))
        if _is_of_a_clock(sent, topic, reason, detail):
            continue
        if event is None or event.poison is None:
            yield f"{topic}: {reason}: {detail}"
        elif (topic, reason) != (event.poison.topic, event.poison.reason):
            yield f"{event.number}: {topic}: {reason} instead of {event.poison.reason}: {detail}"


def _is_of_a_clock(sent: Sent, topic: str, reason: str, detail: str) -> bool:
    """Tell whether an answer was refused in a fault, by a worker whose clock was an hour behind; it is made again."""
    refused = (topic, reason) == ("alert-actions", "not_authentic") and detail.endswith("out_of_time")
    return refused and bool(sent.faults)


def _disordered(sent: Sent, found: Found) -> Iterator[str]:
    for device, numbers in found.order.items():
        sure = [number for number in numbers if number not in sent.resent]
        if sure != sorted(sure):
            late = next(a for a, b in pairwise(sure) if a > b)
            yield f"{device}: what was sent before {late} came after it"
