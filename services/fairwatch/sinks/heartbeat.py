"""A dead man's switch: a sign of life to somebody who raises the alarm when it stays away.

A process that lives and delivers nothing is the worst one: so the sign is sent by what delivers, and only while that
gets on. It stays away when the process is dead or hangs; when Kafka takes nothing, since each sign is noted in the
state, which has to be safe before the next; when the same batch comes again and again; when events lie on the topic
and none is handled; and when deliveries are due and nothing is answered.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from fairwatch.domain.ids import stable_id
from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.ports import State
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.telemetry import metrics

RULE = "fairwatch.heartbeat"
KEY = f"{HIDDEN}heartbeat"
SPEAKER = 0  # the partition whose owner sends it, so that there is one sign in each interval, whatever the replicas
Work = tuple[bool, int]  # whether there is something to do, and a number that changes when something is done

_log = structlog.get_logger(__name__)


class Progress:
    """Since when nothing has been done although there was something to do.

    Args:
        limit: For how long that may be so, in microseconds.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._done: dict[str, int] = {}
        self._since: dict[str, int] = {}

    def stuck(self, works: Mapping[str, Work], now: int) -> list[str]:
        """Look at all works and return the names of those that have stood still for longer than the limit."""
        for name, (there_is, done) in works.items():
            if not there_is or self._done.get(name) != done or now < self._since[name]:
                self._done[name], self._since[name] = done, now
        return [name for name in works if now - self._since[name] >= self._limit]


class Heartbeat:
    """The sign of life.

    Args:
        receiver: Who gets it; its lane is not used, and it waits for nobody.
        interval: From one to the next, in microseconds.
        stuck_after: For how long work may stand still, in microseconds.
        state: Holds when the last one was sent, and its number.
    """

    def __init__(self, receiver: Receiver, interval: int, stuck_after: int, state: State) -> None:
        self._receiver = receiver
        metrics.DELIVERIES.labels(receiver.name, "no_progress")
        self._interval = interval
        self._progress = Progress(stuck_after)
        self._state = state
        self._flight: asyncio.Task[None] | None = None
        self._next_at: int | None = None

    def due_at(self) -> int | None:
        """Return when the next one is due, in microseconds; None where another worker sends it."""
        return self._next_at

    def tick(self, partitions: Sequence[int], now: int, works: Mapping[str, Work]) -> None:
        """Send it if it is due and everything gets on."""
        stuck = self._progress.stuck(works, now)
        if SPEAKER not in partitions:
            self._next_at = None
            return
        if self._next_at is not None and now < self._next_at <= now + self._interval:
            return
        last = self._state.get(SPEAKER, KEY) or {"at": 0, "number": 0}
        if last["at"] <= now < last["at"] + self._interval:
            self._next_at = last["at"] + self._interval
            return
        self._next_at = now + self._interval
        if stuck:
            metrics.DELIVERIES.labels(self._receiver.name, "no_progress").inc()
            _log.error("heartbeat.withheld", stands_still=stuck)
        elif self._flight is None or self._flight.done():
            self._state.put(SPEAKER, KEY, {"at": now, "number": last["number"] + 1})
            self._flight = asyncio.create_task(self._send(sign(self._receiver.name, last["number"] + 1, now)))

    async def close(self) -> None:
        """Wait for nothing more."""
        if self._flight is not None:
            self._flight.cancel()

    async def _send(self, message: Mapping[str, Any]) -> None:
        try:
            answer = await self._receiver.sink.send(message["alert_id"], message)
        except Exception:  # noqa: BLE001  whatever a sink does: alerts go on
            _log.exception("heartbeat.failed", receiver=self._receiver.name)
            answer = Answer("internal_error", retryable=True)
        metrics.DELIVERIES.labels(self._receiver.name, answer.reason).inc()
        if answer.reason != "ok":  # it is not sent again: the next one is a better sign of life
            _log.warning("heartbeat.refused", receiver=self._receiver.name, reason=answer.reason)


def sign(name: str, number: int, now: int) -> dict[str, Any]:
    """Return the message: what has ended opens nothing, wherever it arrives."""
    return {
        "alert_id": stable_id(RULE, name, number),
        "group": f"{RULE}|{name}",
        "revision": number,
        "state": "ENDED",
        "rule": RULE,
        "event_type": "other",
        "title": "Fairwatch delivers alerts",
        "description": "A sign of life. When it stays away, alerts may not be delivered.",
        "category": "Infra",
        "severity": "UNKNOWN",
        "urgency": "UNKNOWN",
        "certainty": "UNKNOWN",
        "receivers": [name],
        "started_at": now,
        "updated_at": now,
        "ended_at": now,
        "received_at": now,
        "issued_at": now,
        "count": 1,
        "exercise": True,
    }
