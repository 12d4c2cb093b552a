"""Hands each revision of an alert to each of its receivers once, and keeps trying when they are away."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from itertools import islice
from typing import Any

from fairwatch import __version__
from fairwatch.domain.agenda import Agenda
from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.memory import Memory
from fairwatch.domain.outcome import Emit, Outcome, Skip
from fairwatch.domain.ports import State
from fairwatch.domain.processor import Spec
from fairwatch.policy.release import alert_may_leave
from fairwatch.sinks.ledger import Ledger, due_at, fingerprint
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.telemetry import tracing
from fairwatch.telemetry.tracing import TRACE
from fairwatch.wire.avro import Codec
from fairwatch.wire.dead_letter import Raw, dead_letter

LEDGER = "|"
TICK_LIMIT = 500  # deliveries tried in one tick, so that a long outage ends in many short ticks
AWAY = frozenset({"timeout", "unreachable", "tls_error", "rate_limited"})


class Notify:
    """Delivers alerts.

    The ledger holds what waits for each alert and receiver; what was taken up is remembered by its delivery id.
    Revisions of one alert go to a receiver in order; different alerts go at the same time, bounded for each receiver.
    What fails is tried again with growing pauses, then written to the dead letters, from where it can be redriven. An
    alert about a match that not enough people have confirmed is refused here once more.

    Args:
        receivers: By name.
        state: The ledger of each alert and receiver that waits; and the memory of deliveries.
        clock: The wall clock.
        codec: Encodes an alert that goes to the dead letters.
    """

    spec = Spec(
        name="notify",
        reads=("alerts",),
        writes=("deliveries", "audit", "alerts-dlq"),
        state=True,
        tick_s=0.5,
        acts_outside=True,
    )

    def __init__(self, receivers: Mapping[str, Receiver], state: State, clock: Clock, codec: Codec) -> None:
        self._receivers = receivers
        self._state = state
        self._ledger = Agenda(state, due_at)
        self._looked_through: frozenset[int] = frozenset()
        self._latest = 0
        self._clock = clock
        self._codec = codec
        self._slots = {name: asyncio.Semaphore(receiver.concurrency) for name, receiver in receivers.items()}
        self._away_until: dict[str, int] = {}
        self._turn = asyncio.Lock()

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Try each delivery that is new; what fails is left to the ticks."""
        if not batch:
            return []
        answers: list[list[Outcome]] = [[] for _ in batch]
        by_alert: dict[str, list[int]] = defaultdict(list)
        for position, event in enumerate(batch):
            by_alert[event.record["alert_id"] if event.record else ""].append(position)

        async def in_order(positions: list[int]) -> None:
            for position in positions:
                answers[position] = await self._deliver(batch[position], memory)

        async with self._turn:
            memory = Memory(self._state, batch[0].partition, self._clock.now())
            await asyncio.gather(*map(in_order, by_alert.values()))
            memory.save()
        return answers

    def due_at(self) -> int | None:
        """Return when the next tick has something to do."""
        return self._ledger.next_at()

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Try again what is due."""
        async with self._turn:
            now, trials = self._clock.now(), list[Coroutine[Any, Any, list[Emit]]]()
            self._bring_forward(partitions, now)
            memories = {partition: Memory(self._state, partition, now) for partition in partitions}
            for partition, key, value in islice(self._ledger.due(partitions, now), TICK_LIMIT):
                trials.append(self._work_off(partition, key, Ledger(value), memories[partition]))
            emitted = [emit for emitted in await asyncio.gather(*trials) for emit in emitted]
            for memory in memories.values():
                memory.save()
            return emitted

    async def close(self) -> None:
        """Close every sink."""
        await asyncio.gather(*(receiver.sink.close() for receiver in self._receivers.values()))

    def _bring_forward(self, partitions: Sequence[int], now: int) -> None:
        """Make due what a clock that was ahead, here or where the partition was, put off for longer than any pause."""
        turned_back = now < self._latest
        for partition in partitions if turned_back else set(partitions) - self._looked_through:
            for key, value in list(self._ledger.items(partition)):
                ledger, receiver = Ledger(value), self._receivers.get(key.rsplit(LEDGER, 1)[1])
                if receiver and ledger.waiting and ledger.next_at > now + receiver.backoff_max:
                    ledger.postpone(now)
                    self._ledger.put(partition, key, ledger.value)
        if turned_back:
            self._away_until.clear()
        self._looked_through, self._latest = frozenset(partitions), now

    async def _deliver(self, event: Event, memory: Memory) -> list[Outcome]:
        if event.record is None:
            return [Skip("tombstone")]
        names = dict.fromkeys(event.record["receivers"])
        if not names:
            return [Skip("no_receiver")]
        answers = await asyncio.gather(*(self._offer(event, name, memory) for name in names))
        return [outcome for answer in answers for outcome in answer]

    async def _offer(self, event: Event, name: str, memory: Memory) -> list[Outcome]:
        alert = event.record
        if not alert_may_leave(alert):
            return [*self._told(alert, name, Answer("unverified")), Skip("unverified")]
        if memory.repeats(event, _delivery_id(alert, name), alert["issued_at"]):
            return [Skip("duplicate")]
        key = f"{alert['alert_id']}{LEDGER}{name}"
        ledger = Ledger(self._ledger.get(event.partition, key) or Ledger.empty())
        was_waiting = ledger.waiting
        superseded = ledger.append(alert, event.offset, event.headers.get(TRACE, b""))
        emitted = [] if superseded is None else self._told(superseded, name, Answer("overflow"))
        if was_waiting:
            self._ledger.put(event.partition, key, ledger.value)
        else:
            emitted += await self._work_off(event.partition, key, ledger, memory)
        return [*emitted] or [Skip("queued")]

    async def _work_off(self, partition: int, key: str, ledger: Ledger, memory: Memory) -> list[Emit]:
        """Send what waits until something has to wait on; what fails is forgotten, so that it can be redriven."""
        name = key.rsplit(LEDGER, 1)[1]
        emitted: list[Emit] = []
        while ledger.waiting:
            item = ledger.head
            answer = await self._send(name, item["alert"], item.get("trace", ""))
            now = self._clock.now()
            if answer.reason == "circuit_open":
                ledger.postpone(self._away_until.get(name, now))
                break
            attempt = ledger.count_attempt()
            receiver = self._receivers.get(name)
            if answer.retryable and receiver and attempt < receiver.max_attempts:
                ledger.postpone(now + min(receiver.backoff_max, receiver.backoff << min(attempt - 1, 40)))
                emitted += self._told(
                    item["alert"], name, answer, state="RETRYING", attempt=attempt, next_attempt_at=ledger.next_at
                )
                break
            delivered = answer.reason == "ok"
            ledger.finish()
            state = "DELIVERED" if delivered else "FAILED"
            emitted += self._told(item["alert"], name, answer, state=state, attempt=attempt)
            if not delivered:
                memory.forget(_delivery_id(item["alert"], name))
                emitted.append(self._letter(partition, item, name, attempt, answer))
        if ledger.waiting:
            self._ledger.put(partition, key, ledger.value)
        else:
            self._ledger.delete(partition, key)
        return emitted

    async def _send(self, name: str, alert: Mapping[str, Any], trace: str) -> Answer:
        receiver = self._receivers.get(name)
        if receiver is None:
            return Answer("unknown_receiver")
        async with self._slots[name]:
            if self._clock.now() < self._away_until.get(name, 0):
                return Answer("circuit_open", retryable=True)
            with tracing.span("notify deliver", "client", trace.encode() or None, _step(receiver)) as step:
                answer = await receiver.sink.send(_delivery_id(alert, name), alert)
                step.note(outcome=answer.reason, status=answer.status or 0)
        if answer.reason in AWAY:
            self._away_until[name] = self._clock.now() + receiver.backoff
        else:
            self._away_until.pop(name, None)
        return answer

    def _told(
        self,
        alert: Mapping[str, Any],
        name: str,
        answer: Answer,
        *,
        state: str = "SUPPRESSED",
        attempt: int = 1,
        next_attempt_at: int | None = None,
    ) -> list[Emit]:
        receiver, delivery_id, now = self._receivers.get(name), _delivery_id(alert, name), self._clock.now()
        delivery = {
            "delivery_id": delivery_id,
            "alert_id": alert["alert_id"],
            "revision": alert["revision"],
            "receiver": name,
            "sink": receiver.sink.kind if receiver else "",
            "attempt": attempt,
            "state": state,
            "at": now,
            "status": answer.status,
            "reason": answer.reason,
            "next_attempt_at": next_attempt_at,
            "received_at": alert["received_at"],
        }
        emitted = [Emit("deliveries", alert["alert_id"], delivery)]
        if state != "RETRYING":
            emitted.append(Emit("audit", alert["alert_id"], _audit(delivery, alert)))
        return emitted

    def _letter(self, partition: int, item: Mapping[str, Any], name: str, attempt: int, answer: Answer) -> Emit:
        # Not a Reject: a receiver that is down must not look like a bad deploy of ours and stop the worker.
        alert = item["alert"]
        key, value = alert["group"], self._bytes(alert)
        what = f"revision {alert['revision']}: {answer.reason} after {attempt} attempts"
        letter = dead_letter(
            Raw("alerts", partition, item["offset"], key.encode(), value),
            RejectedError("undeliverable", f"receiver {name!r} did not take {what}", "receivers"),
            processor=self.spec.name,
            version=__version__,
            at=self._clock.now(),
        )
        return Emit("alerts-dlq", key, letter)

    def _bytes(self, alert: Mapping[str, Any]) -> bytes:
        try:
            return self._codec.encode("Alert", alert)
        except RejectedError:
            # A foreign producer wrote what we would not, such as NaN: one such alert must not stop every retry.
            return json.dumps(alert).encode()


def _step(receiver: Receiver) -> tracing.Attributes:
    return {"fairwatch.component": "notify", "fairwatch.sink": receiver.sink.kind}


def _delivery_id(alert: Mapping[str, Any], name: str) -> str:
    return stable_id("delivery", alert["alert_id"], alert["revision"], name, fingerprint(alert))


def _audit(delivery: Mapping[str, Any], alert: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "audit_id": stable_id("audit", "delivery", delivery["delivery_id"], delivery["state"]),
        "action": f"alert.{delivery['state'].lower()}",
        "actor": "processor:notify",
        "at": delivery["at"],
        "subject": alert["alert_id"],
        "authorisation_id": alert.get("authorisation_id"),
        "details": {
            "receiver": delivery["receiver"],
            "revision": str(delivery["revision"]),
            "attempt": str(delivery["attempt"]),
            "reason": delivery["reason"],
        },
    }
