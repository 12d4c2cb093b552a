"""Compares what came with what had to come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.found import Found
from tests.chaos.world import Event

BOUND_S = 10.0  # what is sent so long after the acknowledgement of a revocation raises no alert under it
SHOWN = 1000  # of the latest alerts; the console forgets older ones


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent.

    Attributes:
        events: All that were acknowledged.
        at: When each was sent, by number; seconds.
        resent: Numbers whose order and count are not known, since the load had to send them again.
        poison: Number by SHA-256 of the bytes.
        revoked_at: When revocations were acknowledged, by authorisation.
    """

    events: list[Event]
    at: list[float]
    resent: set[int]
    poison: Mapping[str, int]
    revoked_at: Mapping[str, float]

    def forbidden(self, event: Event) -> bool:
        """Tell whether an event must not raise an alert, since its authorisation was revoked when it was sent."""
        if event.kind == "withdrawn":
            at = self.revoked_at.get(f"withdrawn-{event.withdrawal}")
            return at is not None and self.at[event.number] >= at + BOUND_S
        return event.kind == "revoked"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Each list holds one line for each finding; all but `repeated` have to be empty or nought."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    revoked_alerts: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    repeated: int = 0
    alerts: int = 0
    dead_letters: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not any((self.lost, self.doubled, self.revoked_alerts, self.unexplained, self.disordered, self.chain))


def judge(sent: Sent, found: Found) -> Verdict:
    """Return what is wrong."""
    return Verdict(
        lost=list(_lost(sent, found)),
        doubled=list(_doubled(found)),
        revoked_alerts=list(_revoked(sent, found)),
        unexplained=list(_unexplained(sent, found)),
        disordered=list(_disordered(sent, found)),
        chain=found.chain,
        repeated=found.repeated,
        alerts=len(found.alerts),
        dead_letters=len(found.letters),
    )


def _lost(sent: Sent, found: Found) -> Iterator[str]:
    shown = {event.number for event in [event for event in sent.events if event.kind == "listed"][-SHOWN:]}
    buried = {sent.poison.get(digest) for _, digest, _, _ in found.letters}
    for event in sent.events:
        if event.kind == "poison":
            if event.number not in buried:
                yield f"{event.number}: poison without a dead letter ({event.poison.name if event.poison else ''})"
            continue
        if not found.sightings[event.number]:
            yield f"{event.number}: no sighting"
        if event.kind == "listed" and str(event.number) not in found.alerts:
            yield f"{event.number}: no alert"
        elif event.kind == "listed" and str(event.number) not in found.told:
            yield f"{event.number}: the control room was not told"
        elif event.number in shown and not found.alerts[str(event.number)] & found.shown:
            yield f"{event.number}: the console does not show it"


def _doubled(found: Found) -> Iterator[str]:
    for entry in found.alerts.keys() | found.told.keys():
        ids = found.alerts.get(entry, set()) | found.told.get(entry, set())
        if len(ids) > 1:
            yield f"{entry}: alerts {', '.join(sorted(ids))}"
    for (alert, revision), ids in found.effects.items():
        if len(ids) > 1:
            yield f"revision {revision} of alert {alert}: told as {', '.join(sorted(ids))}"


def _revoked(sent: Sent, found: Found) -> Iterator[str]:
    for event in sent.events:
        if sent.forbidden(event) and (str(event.number) in found.alerts or str(event.number) in found.told):
            yield f"{event.number}: {event.kind}"


def _unexplained(sent: Sent, found: Found) -> Iterator[str]:
    by_number = {event.number: event for event in sent.events}
    for topic, digest, reason, detail in found.letters:
        event = by_number.get(sent.poison.get(digest, -1))
        if event is None or event.poison is None:
            yield f"{topic}: {reason}: {detail}"
        elif (topic, reason) != (event.poison.topic, event.poison.reason):
            yield f"{event.number}: {topic}: {reason} instead of {event.poison.reason}: {detail}"


def _disordered(sent: Sent, found: Found) -> Iterator[str]:
    for device, numbers in found.order.items():
        sure = [number for number in numbers if number not in sent.resent]
        if sure != sorted(sure):
            late = next(a for a, b in pairwise(sure) if a > b)
            yield f"{device}: what was sent before {late} came after it"
