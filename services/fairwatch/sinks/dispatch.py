"""Sends what waits in the ledgers, each receiver in its own lane, and says what came of it."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import structlog

from fairwatch.domain.agenda import BESIDE, Agenda
from fairwatch.domain.clock import Clock
from fairwatch.domain.memory import Memory
from fairwatch.domain.outcome import Emit
from fairwatch.domain.ports import State
from fairwatch.policy.grouping import OVER
from fairwatch.sinks.heard import stood_in
from fairwatch.sinks.holding import Release
from fairwatch.sinks.lane import SLOW_S, Lane, Place
from fairwatch.sinks.ledger import Ledger, delivery_id, due_at, told
from fairwatch.sinks.parking import Parking
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.reports import report
from fairwatch.sinks.sink import Answer, Withheld
from fairwatch.sinks.troubles import Troubles
from fairwatch.sinks.undelivered import undelivered
from fairwatch.telemetry import metrics, tracing
from fairwatch.wire.avro import Codec

LEDGER = "|"
TICK_LIMIT = 500  # deliveries taken up in one tick, so that a long outage ends in many short ticks
WAIT_S = 0.5  # for answers of those who answer at once, in one batch or tick; what takes longer lands later
COUNT_US = 1_000_000
Sent = list[tuple[Place, list[Emit]]]
StandIn = Callable[[Place, Release, int, Memory], list[Emit]]

log = structlog.get_logger()


def place_of(partition: int, group: str, name: str) -> Place:
    """Return where the ledger of a group and receiver lies."""
    return partition, f"{group}{LEDGER}{name}"


def receiver_of(place: Place) -> str:
    """Return the name of the receiver whose ledger it is."""
    return place[1].rsplit(LEDGER, 1)[1]


class Dispatch:
    """The ledgers and lanes of all receivers.

    Args:
        receivers: By name.
        state: Holds a ledger for each group and receiver that waits.
        clock: The wall clock.
        codec: Encodes an alert that goes to the dead letters.
        withheld: Says why an alert may not be told any more, just before each attempt; None where it may.
        operators: Receivers that hear of others that take nothing.

    Attributes:
        answered: How many deliveries were answered, however.
        stand_in: Puts what one did not take into the ledger of its fallback, and returns what is said of that; all of
            it at once, unless somebody who holds back (`Quieting`) puts another in its place.
    """

    def __init__(
        self,
        receivers: Mapping[str, Receiver],
        state: State,
        clock: Clock,
        codec: Codec,
        withheld: Callable[[Mapping[str, Any]], Withheld | None] = lambda _alert: None,
        operators: Sequence[str] = (),
    ) -> None:
        self.stand_in: StandIn = self._stand_in_at_once
        self._troubles = Troubles(operators, clock)
        for name in receivers:  # from nought on: a first answer that was not awaited would be no increase
            for outcome in ("ok", "gone"):
                metrics.DELIVERIES.labels(name, outcome)
        self.answered = 0
        self._counted_at = -COUNT_US
        self._withheld = withheld
        self.lanes = {name: Lane(receiver, clock) for name, receiver in receivers.items()}
        self.agenda = Agenda(state, due_at, self._lane_of)
        self._clock = clock
        self._codec = codec
        self._open: dict[Place, Ledger] = {}
        self._starts = True

    def forget(self) -> None:
        """Forget ledgers that a batch had changed when it failed: its events come again, to the state as it was."""
        self._open = {}

    def ledger(self, place: Place) -> Ledger:
        """Return a ledger, to be changed and then sent."""
        if place not in self._open:
            self._open[place] = Ledger(self.agenda.get(*place) or Ledger.empty(), receiver_of(place))
        return self._open[place]

    def append(self, place: Place, release: Release, now: int) -> None:
        """Put a revision into a ledger, to be sent."""
        self.ledger(place).append(
            release.alert,
            receiver_of(place),
            release.offset,
            now,
            release.trace,
            skipped=release.skipped,
            instead_of=release.instead_of,
        )

    def is_out(self, place: Place) -> bool:
        """Tell whether something of a ledger is on its way."""
        lane = self.lanes.get(receiver_of(place))
        return lane is not None and place in lane.flights

    def due_at(self) -> int | None:
        """Return when something was answered or may be sent next, in microseconds."""
        now, found = self._clock.now(), [self.agenda.next_at()]
        for name, lane in self.lanes.items():
            if next(lane.landed(), None) is not None:
                return now
            firsts = [at for urgent in (True, False) if (at := self.agenda.next_at((name, urgent))) is not None]
            if firsts and (lane.room > 0 or lane.opens_at > now):
                found.append(max(min(firsts), lane.opens_at))
        earliest = min((at for at in found if at is not None), default=None)
        return None if earliest is None else max(earliest, now)

    def has_work(self, now: int) -> bool:
        """Tell whether something is on its way, or is due and might go."""
        if any(lane.flights for lane in self.lanes.values()):
            return True
        open_lanes = [name for name, lane in self.lanes.items() if lane.room > 0]
        firsts = [self.agenda.next_at((name, urgent)) for name in open_lanes for urgent in (True, False)]
        return any(at is not None and at <= now for at in firsts)

    def due(self, partitions: Sequence[int], now: int) -> list[Place]:
        """Return what was answered and what may start: the urgent first, as much as each lane can take up in a tick."""
        self._catch_up(partitions, now)
        places: list[Place] = [place for lane in self.lanes.values() for place in lane.landed()]
        for name, lane in self.lanes.items():
            most = 0 if lane.room < 1 else 1 if lane.is_tried else TICK_LIMIT
            for urgent in (True, False):
                found = self.agenda.due(partitions, now, (name, urgent), most) if most else ()
                places += [(partition, key) for partition, key, _ in found]
        places += [(partition, key) for partition, key, _ in self.agenda.due(partitions, now, most=TICK_LIMIT)]
        return list(dict.fromkeys(places))

    def shorten(self, place: Place, ledger: Ledger) -> list[Emit]:
        """Leave the newest revision of each alert in a ledger whose receiver is or was away; return what is told."""
        name, emitted = receiver_of(place), list[Emit]()
        lane = self.lanes.get(name)
        if lane is None or ledger.is_short or not lane.spares(place, ledger.head.get("since", 0)):
            return []
        for reason, older in ledger.shorten():
            emitted += self._report(older, name, Answer(reason))
        return emitted

    async def send(self, places: Iterable[Place], memories: Mapping[int, Memory]) -> Sent:
        """Send from these ledgers for at most `WAIT_S`, then take in what is answered quickly."""
        loop = asyncio.get_running_loop()
        end = loop.time() + WAIT_S
        sent: Sent = []
        ready, parked = deque(places), Parking()
        flying: dict[asyncio.Task[Answer], Place] = {}
        await asyncio.sleep(0)  # what is out gets on, also where nobody waits for it
        while True:
            self._starts = loop.time() < end
            while ready:
                place = ready.popleft()
                emitted = self._advance(place, memories[place[0]], ready, parked, flying)
                if emitted:
                    sent.append((place, emitted))
            fast = [task for task, place in flying.items() if not self.lanes[receiver_of(place)].is_slow]
            if not fast:
                break
            done, _ = await asyncio.wait(fast, timeout=SLOW_S, return_when=asyncio.FIRST_COMPLETED)
            ready.extend(flying.pop(task) for task in done)
        self._write_back()
        return sent

    def count(self) -> None:
        """Tell the metrics how much waits, by receiver; once a second, for many may wait."""
        now = self._clock.now()
        if self._counted_at <= now < self._counted_at + COUNT_US:
            return
        self._counted_at = now
        waiting = Counter(lane[0] for lane in self.agenda.lanes() if isinstance(lane, tuple))
        for name, lane in self.lanes.items():
            metrics.DELIVERIES_WAITING.labels(name).set(waiting[name] + len(lane.flights))

    def _catch_up(self, partitions: Sequence[int], now: int) -> None:
        """Make due what had been tried while its receiver was away, so that it does not come after all others."""
        for name, lane in self.lanes.items():
            if lane.comes_back():
                for place in self.agenda.later(partitions, now, {(name, True), (name, False)}):
                    ledger = Ledger(self.agenda.get(*place) or Ledger.empty(), name)
                    if ledger.waiting:
                        ledger.postpone(now)
                        self.agenda.put(*place, ledger.value)

    def _advance(
        self,
        place: Place,
        memory: Memory,
        ready: deque[Place],
        parked: Parking,
        flying: dict[asyncio.Task[Answer], Place],
    ) -> list[Emit]:
        """Do what can be done for one ledger: take an answer in, give up, or let its head go."""
        name, emitted = receiver_of(place), list[Emit]()
        lane = self.lanes.get(name)
        flight = lane.flights.get(place) if lane else None
        may_start = lane is not None and self._starts and lane.room > 0
        if lane is not None and flight is None and not may_start and not lane.gone:
            parked.put(name, place)
            return []
        ledger = self.ledger(place)
        if lane is not None and flight is not None:
            if not flight.task.done():
                flying[flight.task] = place
                return []
            emitted += self._land(place, ledger, lane, memory, ready)
            ready.extend(parked.take(name, None if lane.gone else max(1, lane.room)))
        while ledger.waiting and (lane is None or lane.gone):
            answer = Answer("unknown_receiver" if lane is None else "gone")
            emitted += self._finish(place, ledger, answer, memory, ready)
        while ledger.waiting and (reason := self._withheld(ledger.head["alert"])):
            emitted += self._report(ledger.finish(), name, Answer(reason))
        if lane is None or not ledger.waiting or ledger.next_at > self._clock.now():
            return emitted
        if lane.room < 1 or not self._starts:
            parked.put(name, place)
        else:
            emitted += self.shorten(place, ledger)
            item = ledger.head
            lane.start(place, item["delivery_id"], self._sending(lane, name, item))
            flying[lane.flights[place].task] = place
        return emitted

    def _land(self, place: Place, ledger: Ledger, lane: Lane, memory: Memory, ready: deque[Place]) -> list[Emit]:
        name = receiver_of(place)
        identity, answer = lane.land(place)
        self.answered += 1
        if not ledger.waiting or ledger.head["delivery_id"] != identity:
            return []  # what was on its way was rolled back: it is taken up anew, under the same id
        item, now = ledger.head, self._clock.now()
        attempt = ledger.count_attempt()
        if not answer.retryable or self._is_over(lane.receiver, item, now):
            return self._finish(place, ledger, answer, memory, ready)
        ledger.postpone(max(lane.opens_at, now + lane.pause(attempt, identity, answer)))
        retrying = {"state": "RETRYING", "attempt": attempt, "next_attempt_at": ledger.next_at}
        emitted = self._report(item, name, answer, **retrying) + self.shorten(place, ledger)
        if now - item.get("since", now) >= lane.receiver.alert_after:
            emitted += self._troubles.tell(name, answer.reason, waits=True)
        return emitted

    def _finish(self, place: Place, ledger: Ledger, answer: Answer, memory: Memory, ready: deque[Place]) -> list[Emit]:
        """Take the head out, delivered or not; whoever did not take it has a fallback that may."""
        name, item = receiver_of(place), ledger.finish()
        alert, attempt, fallback = item["alert"], max(1, item["attempt"]), self._fallback(name, item, answer, memory)
        said = self._tell_instead(place[0], name, item, fallback, memory, ready) if fallback else []
        if answer.reason == "ok":
            return [*self._report(item, name, answer, state="DELIVERED", attempt=attempt), *said]
        memory.forget(item["delivery_id"])
        log.error("delivery.failed", receiver=name, reason=answer.reason, alert=alert["alert_id"], fallback=fallback)
        letter = undelivered(self._codec, place[0], item, name, answer, self._clock.now())
        told = self._troubles.tell(name, answer.reason, waits=False)
        return [*self._report(item, name, answer, state="FAILED", attempt=attempt), letter, *told, *said]

    def _fallback(self, name: str, item: Mapping[str, Any], answer: Answer, memory: Memory) -> str | None:
        """Return who is told what a receiver did not take; or that over is what it did not take the beginning of."""
        lane, alert, taken = self.lanes.get(name), item["alert"], answer.reason == "ok"
        fallback = lane.receiver.fallback if lane and not item.get("instead_of") else None
        if not fallback or fallback in alert["receivers"] or (taken and alert.get("state") not in OVER):
            return None
        other = self.lanes.get(fallback)
        if alert.get("state") == "ENDED" and other and not other.receiver.send_resolved:
            return None
        if (taken and not memory.knows(stood_in(alert, fallback))) or memory.knows(delivery_id(alert, fallback)):
            return None
        return fallback

    def _tell_instead(
        self, partition: int, name: str, item: Mapping[str, Any], fallback: str, memory: Memory, ready: deque[Place]
    ) -> list[Emit]:
        alert, other = item["alert"], place_of(partition, item["alert"]["group"], fallback)
        release = Release(alert, item["offset"], item["trace"], item.get("skipped", 0), instead_of=name)
        said = self.stand_in(other, release, self._clock.now(), memory)
        memory.note(delivery_id(alert, fallback))
        memory.note(stood_in(alert, fallback))
        ready.append(other)
        return said

    def _stand_in_at_once(self, place: Place, release: Release, now: int, _memory: Memory) -> list[Emit]:
        self.append(place, release, now)
        return []

    def _is_over(self, receiver: Receiver, item: Mapping[str, Any], now: int) -> bool:
        too_often = receiver.max_attempts is not None and item["attempt"] >= receiver.max_attempts
        return too_often or bool(now - item.get("since", now) >= receiver.give_up_after)

    async def _sending(self, lane: Lane, name: str, item: Mapping[str, Any]) -> Answer:
        sink = lane.receiver.sink
        what: tracing.Attributes = {"fairwatch.component": "notify", "fairwatch.sink": sink.kind}
        with tracing.span("notify deliver", "client", item.get("trace", "").encode() or None, what) as step:
            try:
                answer = await sink.send(item["delivery_id"], told(item))
            except Exception:
                log.exception("delivery.internal_error", receiver=name, sink=sink.kind)
                answer = Answer("internal_error", retryable=True)
            step.note(outcome=answer.reason, status=answer.status or 0)
        return answer

    def _report(self, item: Mapping[str, Any], name: str, answer: Answer, **more: Any) -> list[Emit]:
        lane, now = self.lanes.get(name), self._clock.now()
        sink = lane.receiver.sink.kind if lane else ""
        return report(item["alert"], item["delivery_id"], name, sink, answer, now, **more)

    def _write_back(self) -> None:
        for place, ledger in self._open.items():
            if ledger.waiting:
                self.agenda.put(*place, ledger.value)
            elif self.agenda.get(*place) is not None:
                self.agenda.delete(*place)
            lane = self.lanes.get(receiver_of(place))
            if lane is not None and place in lane.flights:
                self.agenda.hold(*place)
        self._open = {}

    def waiting(self, partition: int) -> list[str]:
        """Return the keys of the ledgers of a partition in which something waits."""
        lanes = [(name, urgent) for name in self.lanes for urgent in (True, False)]
        return [key for lane in lanes for key in self.agenda.keys(partition, lane)]

    def ledgers(self, partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Iterate over the ledgers of a partition by key."""
        return ((key, value) for key, value in self.agenda.items(partition) if not key.startswith(BESIDE))

    def _lane_of(self, key: str, value: Mapping[str, Any]) -> tuple[str, bool] | str:
        if key.startswith(BESIDE):
            return key.partition(LEDGER)[0] + LEDGER
        name = key.rsplit(LEDGER, 1)[1]
        if name not in self.lanes:
            return ""
        return name, any(item["alert"].get("severity") == "EXTREME" for item in value["queue"])
