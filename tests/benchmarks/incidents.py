"""`python -m tests.benchmarks.incidents`: what 100,000 open incidents of three events cost, and how fast steps are."""

import asyncio
import sys
import time

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.engine.state import Held, PartitionedState
from fairwatch.policy.incidents.step import step_of
from fairwatch.policy.rule_book import RuleBook
from fairwatch.processors.incident import Incident
from tests.benchmarks.correlation import resident_mb
from tests.support.incidents import rules_of
from tests.support.records import AT, trigger

KEYS, BATCH, PARTITIONS, EVENTS = 100_000, 500, 12, 3
APART = 1_000  # microseconds between events
BAR_MB = 500
KINDS = ("access.denied", "watchlist.plate", "line.crossed")


async def measure() -> tuple[int, float, float, float]:
    """Return keys, megabytes, steps a second of one core, and how long it took to close a thousand."""
    state, clock, rules = PartitionedState(), ManualClock(AT), rules_of(within="10m")
    state.restore({number: Held({}) for number in range(PARTITIONS)})
    processor = Incident(rules, state, clock)
    await processor.tick(range(PARTITIONS))
    before, spent = resident_mb(), 0.0
    for number in range(0, EVENTS * KEYS, BATCH):
        turn, first = divmod(number, KEYS)
        events = [_event(rules, key, turn, first // BATCH % PARTITIONS) for key in range(first, first + BATCH)]
        began = time.process_time()
        await processor.handle(events)
        spent += time.process_time() - began
        state.savepoint()
        state.flushed([], clock.now())
        clock.advance(seconds=BATCH * APART / 1_000_000)
    used = resident_mb() - before
    await processor.tick(range(PARTITIONS))
    due = processor.due_at()
    assert due is not None
    clock.advance(seconds=(due - clock.now()) / 1_000_000 + 1)
    began = time.process_time()
    closed = len(await processor.tick(range(PARTITIONS)))
    return state.keys, used, EVENTS * KEYS / spent, (time.process_time() - began) / max(1, closed) * 1000


def _event(rules: RuleBook, key: int, turn: int, partition: int) -> Event:
    number = turn * KEYS + key
    at, kind = AT + number * APART, KINDS[turn]
    fields = {
        "rule": "night-shift",
        "site_id": f"site-{key}",
        "site_name": "Harbour Station",
        "entry_id": f"entry-{key}",
    }
    said = trigger(kind, n=number, at=at, event_type=kind, device_ids=[f"camera-{turn}-of-{key}"], **fields)
    step = step_of(said, f"{number:08x}-6a5d-5d0f-9a53-8f6f2f6c1a11", rules.tree.routes.incidents)
    assert step is not None
    return Event("incident-steps", "Alert", step, step["group"], partition=partition, offset=number)


def main() -> None:
    """Print what was measured; exit with 1 when the memory is above its bar."""
    keys, used, speed, slow = asyncio.run(measure())
    sys.stdout.write(
        f"{KEYS:,} open incidents of {EVENTS} events ({keys:,} keys of state): {used:.0f} MB of at most {BAR_MB}; "
        f"{speed:,.0f} steps/s on one core; {slow:.2f} s of CPU to close a thousand\n"
    )
    sys.exit(int(used > BAR_MB))


if __name__ == "__main__":
    main()
