"""Anchors the audit log outside of Kafka: a signed checkpoint every few minutes, kept where Kafka's writers cannot."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from fairwatch.domain.clock import Clock
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit, Outcome, Skip
from fairwatch.parts import spec_of
from fairwatch.policy.anchoring import AnchoredLog, History, covered
from fairwatch.policy.audit_chain import Fault
from fairwatch.policy.signatures import PrivateKey
from fairwatch.sinks.anchor_lane import AnchorLane, Target
from fairwatch.telemetry import metrics

MICROS = 1_000_000
SOONEST_S = 60  # between two checkpoints, however many records come
PATIENCE_S = 600  # without a further record, until a chain that is shorter than it was is taken for cut off

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Anchoring:
    """What checkpoints are signed with, and where they go.

    Attributes:
        key: Signs.
        targets: Where to; the first keeps what `history` reads.
        history: Gives the checkpoints that were made, oldest first.
        every_s: Most seconds from a record to its checkpoint.
        records: So many records make a checkpoint sooner, but not within a minute.
    """

    key: PrivateKey
    targets: Sequence[Target]
    history: Callable[[], Iterable[Mapping[str, Any]]]
    every_s: float = 600
    records: int = 10_000


class Anchor:
    """Reads the whole log at each start and holds it against what was anchored; then anchors what comes.

    A chain that is not what it was is told (`audit.broken`), and anchored no further: its anchor goes on saying what it
    was. An anchor that takes nothing is asked again and again, is told after a minute (`anchor.failing`), and holds up
    neither the log nor another anchor.

    Args:
        anchoring: Keys and anchors.
        clock: The wall clock.
    """

    spec = spec_of("anchor")

    def __init__(self, anchoring: Anchoring, clock: Clock) -> None:
        self._anchoring, self._clock = anchoring, clock
        self._log = AnchoredLog(History(anchoring.history()))
        known, at = covered({"chains": self._log.history.last}), self._log.history.at
        self.lanes = [AnchorLane(target, clock, anchored=known, at=at) for target in anchoring.targets]
        self._began = clock.now()
        self._made_at = self._began
        self._seen: dict[str, int] = {}
        metrics.AUDIT_BROKEN.set(0)

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Hold each record against the anchors."""
        now = self._clock.now()
        answers: list[Sequence[Outcome]] = []
        for event in batch:
            if event.record is None:
                answers.append([Skip("tombstone")])
                continue
            fault = self._log.look(event.record)
            self._seen[str(event.record.get("chain"))] = now
            answers.append([self._broken(fault)] if fault else [Skip("held")])
        return answers

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Make a checkpoint where it is time, let the anchors go on, and tell what came of it."""
        now = self._clock.now()
        told = [self._broken(fault) for fault in self._cut_off(partitions, now)]
        if any(lane.conflict for lane in self.lanes):
            self._begin_again()
        elif self._is_time(now):
            self._made_at = now
            made = self._log.checkpoint(self._anchoring.key, now)
            for lane in self.lanes if made is not None else ():
                lane.add(made)  # type: ignore[arg-type]  # there is one
        size = self._log.size()
        news = {lane.name: lane.step(size) for lane in self.lanes}
        return told + [self._record(said[0], f"anchor:{name}", said[1]) for name, said in news.items() if said]

    def _is_time(self, now: int) -> bool:
        """Tell whether records wait for long enough, or enough of them do."""
        waited = (now - self._made_at) / MICROS
        many = self._log.grew >= self._anchoring.records and waited >= SOONEST_S
        return bool(self._log.grew) and (many or waited >= self._anchoring.every_s)

    def _cut_off(self, partitions: Sequence[int], now: int) -> list[Fault]:
        found = []
        for chain in (f"audit-{partition}" for partition in partitions):
            quiet = now - self._seen.get(chain, self._began)
            if quiet >= PATIENCE_S * MICROS and (fault := self._log.missing(chain)) is not None:
                found.append(fault)
        return found

    def _begin_again(self) -> None:
        """Take up what somebody else anchored meanwhile; what was read of the log stays."""
        _log.warning("audit.anchor.shared", detail="another process anchors the same log in the same file")
        self._log.history = History(self._anchoring.history())
        for lane in self.lanes:
            lane.forget()
        self._made_at = 0

    def _broken(self, fault: Fault) -> Emit:
        metrics.AUDIT_BROKEN.set(len(self._log.broken))
        _log.critical("audit.broken", chain=fault.chain, sequence=fault.sequence, kind=fault.kind, detail=fault.detail)
        details = {"sequence": str(fault.sequence), "kind": fault.kind, "detail": fault.detail}
        return self._record("audit.broken", fault.chain, details)

    def _record(self, action: str, subject: str, details: Mapping[str, str]) -> Emit:
        at = self._clock.now()
        record = {
            "audit_id": stable_id("audit", action, subject, at, *details.values()),
            "action": action,
            "actor": "anchor",
            "at": at,
            "subject": subject,
            "authorisation_id": None,
            "details": dict(details),
        }
        return Emit("audit", subject, record)
