"""What every competitor of the engine benchmark does to an event, and the watch that times it."""

import asyncio
import json
import sys
import time
from dataclasses import dataclass

from fairwatch.wire.avro import Codec

READ = "bench-in"
OUTPUT_BYTES = 512 << 10  # the record batches that the engine makes, for everybody
LIMIT_S = 20.0
CODEC = Codec()


@dataclass(slots=True)
class Watch:
    """Times from the first event to the last acknowledged one.

    Attributes:
        events: To be handled; it is over then, or after `LIMIT_S`.
        group: Consumer group.
        output: Topic to write to.
        embedded: The broker is the embedded one, which knows no transactions.
        done: Acknowledged so far.
    """

    events: int
    group: str
    output: str
    embedded: bool
    done: int = 0
    _first: tuple[float, float] | None = None
    _last: tuple[float, float] = (0.0, 0.0)

    def begin(self) -> None:
        """Say that events have come in."""
        self._first = self._first or (time.perf_counter(), time.process_time())

    def add(self, count: int) -> None:
        """Say that so many are acknowledged."""
        self.done += count
        self._last = time.perf_counter(), time.process_time()

    @property
    def over(self) -> bool:
        """Whether to stop."""
        late = self._first is not None and time.perf_counter() - self._first[0] > LIMIT_S
        return self.done >= self.events or late

    async def end(self) -> None:
        """Wait until it is over."""
        while not self.over:  # noqa: ASYNC110  # time may be over without anything happening
            await asyncio.sleep(0.01)

    def report(self) -> None:
        """Print events, seconds and seconds of CPU."""
        first = self._first or self._last
        seconds, cpu_s = self._last[0] - first[0], self._last[1] - first[1]
        sys.stdout.write(json.dumps({"events": self.done, "seconds": seconds, "cpu_s": cpu_s}) + "\n")


def work(value: bytes) -> bytes:
    """Do what all have to do: decode an Observation, set one field, encode it."""
    record = CODEC.decode(value, "Observation")[1]
    record["retention_class"] = "bench"
    return CODEC.encode("Observation", record)
