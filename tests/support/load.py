"""Devices that send numbered events without pause, and a look at what became of them."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer

from tests.support.engine_lab import CODEC, Lab, observation

DEVICES = 32


@dataclass
class Load:
    """Every device sends its next event in each round; an event is named `device-number`.

    Attributes:
        hot: So many events of one more device, besides, in each round.
        rounds: Sent and acknowledged.
    """

    lab: Lab
    every_s: float
    hot: int = 0
    rounds: int = 0
    _done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def sent(self) -> set[str]:
        """All events that the broker acknowledged."""
        everybody = {f"{device}-{number}" for device in range(DEVICES) for number in range(self.rounds)}
        return everybody | {f"hot-{number}" for number in range(self.rounds * self.hot)}

    async def run(self) -> None:
        """Send until told to end."""
        producer = AIOKafkaProducer(bootstrap_servers=self.lab.bootstrap, acks="all", enable_idempotence=True)
        await producer.start()
        try:
            while not self._done.is_set():
                events = [(f"{device}", f"{device}-{self.rounds}") for device in range(DEVICES)]
                first = self.rounds * self.hot
                events += [("hot", f"hot-{number}") for number in range(first, first + self.hot)]
                waiting = [
                    await producer.send(
                        self.lab.prefix + "in", CODEC.encode("Observation", observation(name)), key=key.encode()
                    )
                    for key, name in events
                ]
                await asyncio.gather(*waiting)
                self.rounds += 1
                await asyncio.sleep(self.every_s)
        finally:
            await producer.stop()

    def end(self) -> None:
        """Let the current round be the last."""
        self._done.set()


@asynccontextmanager
async def load(lab: Lab, every_s: float = 0.02, hot: int = 0) -> AsyncIterator[Load]:
    """Send while the block runs; all is acknowledged after it."""
    sending = Load(lab, every_s, hot)
    task = asyncio.create_task(sending.run())
    try:
        yield sending
    finally:
        sending.end()
        await asyncio.wait_for(task, 120)


@dataclass(frozen=True)
class Outcome:
    """What came out: lost events, events written twice, devices whose events came out of order.

    Attributes:
        longest_gap_s: Between two outputs of a partition, by the broker's own time stamps.
    """

    lost: set[str]
    doubled: dict[str, int]
    disordered: set[str]
    longest_gap_s: float


async def outcome(lab: Lab, sent: set[str], within_s: float = 60.0) -> Outcome:
    """Wait until all that was sent came out, or for so long, and look."""
    end = time.monotonic() + within_s
    records, names = await _outputs(lab)
    while sent - set(names) and time.monotonic() < end:
        await asyncio.sleep(0.5)
        records, names = await _outputs(lab)
    counts = Counter(names)
    doubled = {name: count for name, count in counts.items() if count > 1}
    return Outcome(sent - set(counts), doubled, disordered(names), _longest_gap_s(records))


async def _outputs(lab: Lab) -> tuple[list[Any], list[str]]:
    """Return all outputs and the names in them; those of one device are in one partition, in its order."""
    records = await lab.read()
    return records, [CODEC.decode(record.value)[1]["observation_id"] for record in records]


def _longest_gap_s(records: Iterable[Any]) -> float:
    last: dict[int, int] = {}
    longest = 0
    for record in records:
        longest = max(longest, record.timestamp - last.get(record.partition, record.timestamp))
        last[record.partition] = record.timestamp
    return longest / 1000


def disordered(names: Iterable[str]) -> set[str]:
    """Return the devices one of whose events, the first time it came, came after a later one.

    >>> disordered(["a-0", "b-0", "a-1", "a-0"]), disordered(["a-1", "a-0"])
    (set(), {'a'})
    """
    last: dict[str, int] = {}
    found = set()
    for device, _, number in (name.rpartition("-") for name in dict.fromkeys(names)):
        if int(number) < last.get(device, -1):
            found.add(device)
        last[device] = int(number)
    return found


def handled(probes: Iterable[Any]) -> Counter[str]:
    """Count how often each event was handled by any worker."""
    return Counter(name for probe in probes for name in probe.handled)
