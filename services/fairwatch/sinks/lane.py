"""One receiver's lane: what is on its way to it, and whether it is worth to send anything more."""

import asyncio
from collections.abc import Collection, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from fairwatch.domain.clock import Clock
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer

SLOW_S = 0.1  # an answer that takes longer is waited for by nobody
RETRY_AFTER_MAX = 3_600_000_000  # microseconds: whoever asks for more time is asked again after an hour
NOT_YET = float("inf")
OUTAGE = 2  # failures in a row: it was away, and not one delivery that it did not like
JITTER = 5  # pauses differ by up to a fifth, so that what failed together does not come back together


Place = tuple[int, str]  # partition and key of a ledger


@dataclass(slots=True)
class Flight:
    """One delivery on its way.

    Attributes:
        failures: How often its receiver had failed in a row before.
        began, took: When it went out, and for how many seconds until it was answered; by the loop's clock.
    """

    delivery_id: str
    task: asyncio.Task[Answer]
    failures: int
    began: float
    took: float = 0.0


class Lane:
    """What one receiver is told, apart from all others.

    A receiver that fails is given a pause, which grows while it goes on failing, and is then asked by one delivery at a
    time, whatever waits, until it takes one. One that says that it is gone is told nothing more.

    Args:
        receiver: Whose lane it is.
        clock: For pauses, in microseconds.

    Attributes:
        back_at: When it was back from its last outage, in microseconds.
    """

    def __init__(self, receiver: Receiver, clock: Clock) -> None:
        self.receiver = receiver
        self.back_at = 0
        self.flights: dict[Place, Flight] = {}
        self.gone = False
        self._clock = clock
        self._failures = 0
        self._closed_until = 0
        self._answer_s = 0.0
        self._is_back = False

    @property
    def room(self) -> int:
        """How many deliveries may start now."""
        if self._clock.now() < self._closed_until:
            return 0
        return (1 if self._failures else self.receiver.concurrency) - len(self.flights)

    @property
    def is_tried(self) -> bool:
        """Whether it failed last: one delivery at a time finds out whether it is back."""
        return self._failures > 0

    def spares(self, place: Place, since: int) -> bool:
        """Tell whether a ledger may leave out what is not the newest: it waits since before the end of an outage."""
        return place not in self.flights and (self.is_tried or since <= self.back_at)

    @property
    def opens_at(self) -> int:
        """When it may be tried again, in microseconds."""
        return self._closed_until

    @property
    def is_slow(self) -> bool:
        """Whether nobody should wait for its answers."""
        now = _now()
        out = (flight for flight in self.flights.values() if not flight.task.done())
        return self._answer_s > SLOW_S or any(now - flight.began > SLOW_S for flight in out)

    def start(self, place: Place, delivery_id: str, sending: Coroutine[Any, Any, Answer]) -> None:
        """Let a delivery go."""

        async def fly() -> Answer:
            flight.began = _now()  # not while it waited for its turn here
            answer = await sending
            flight.took = _now() - flight.began
            return answer

        flight = self.flights[place] = Flight(delivery_id, asyncio.create_task(fly()), self._failures, NOT_YET)

    def landed(self) -> Iterator[Place]:
        """Iterate over the places whose delivery was answered."""
        return iter([place for place, flight in self.flights.items() if flight.task.done()])

    def land(self, place: Place) -> tuple[str, Answer]:
        """Take a delivery that was answered out: its id and the answer."""
        flight = self.flights.pop(place)
        answer = flight.task.result()
        self._answer_s = flight.took
        self._judge(flight, answer)
        return flight.delivery_id, answer

    def _judge(self, flight: Flight, answer: Answer) -> None:
        """Take into account how it answered; deliveries that failed side by side are one failure."""
        if not answer.retryable:
            if self._failures >= OUTAGE:
                self._is_back, self.back_at = True, self._clock.now()
            self._failures, self._closed_until = 0, 0
            self.gone |= answer.reason == "gone"
            return
        self._failures = max(self._failures, flight.failures + 1)
        until = self._clock.now() + self.pause(self._failures, self.receiver.name, answer)
        self._closed_until = max(self._closed_until, until)

    def pause(self, failures: int, about: str, answer: Answer) -> int:
        """Return how long to wait after a number of failures in a row, in microseconds."""
        receiver = self.receiver
        longest = min(receiver.backoff_max, receiver.backoff << min(failures - 1, 40))
        pause = longest - longest // JITTER * (crc32(f"{about}{failures}".encode()) % 100) // 100
        return max(pause, min(answer.retry_after or 0, RETRY_AFTER_MAX))

    def comes_back(self) -> bool:
        """Tell, once after each outage, that it is over."""
        was_away, self._is_back = self._is_back, False
        return was_away

    def put_right(self) -> None:
        """Try it again at once: the clock that set its pause was ahead."""
        self._closed_until = 0

    def keep(self, partitions: Collection[int]) -> None:
        """Forget what is on its way for partitions that are not ours any more; their next owner sends it, too."""
        for place in [place for place in self.flights if place[0] not in partitions]:
            self.flights.pop(place).task.cancel()

    async def close(self) -> None:
        """Wait for nothing more, and let go of connections."""
        self.keep(())
        await self.receiver.sink.close()


def _now() -> float:
    return asyncio.get_running_loop().time()
