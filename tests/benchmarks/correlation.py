"""`python -m tests.benchmarks.correlation [RULE]`: what 100,000 open keys cost, how fast steps are, how late timers.

Each kind of rule is measured in a process of its own, so that memory is its own; RULE measures one in this process.
"""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.engine.state import Held, PartitionedState
from fairwatch.processors.correlate import Correlate
from tests.support.correlated import SECOND, Seen, book, record_of
from tests.support.records import AT

KEYS, BATCH, PARTITIONS = 100_000, 500, 12
APART, SLICE, TICKS = 1_000, 100_000, 30  # microseconds between events, and of timers in one tick
BARS = {"megabytes": 500, "late_ms": 100}
LIKE = {  # what a trigger of the field says beside
    "description": "Somebody or something crossed a line outside of operating hours. Look at the pictures first.",
    "device_name": "Camera 17, north gate",
    "site_id": "harbour", "site_name": "Harbour Station", "zones": ["north-gate"],
    "category": "Security", "urgency": "IMMEDIATE", "geo": {"latitude": 53.5461, "longitude": 9.9661},
    "media": [{"uri": f"fw-media:{'0' * 64}", "sha256": "0" * 64, "mime": "image/jpeg", "size": 81_920,
               "role": "SCENE"}],
    "causes": [{"cause_id": "0" * 16, "kind": "MOMENT", "state": "FIRING", "device_id": "cam-17",
                "event_type": "line.crossed", "started_at": AT, "updated_at": AT}],
}  # fmt: skip
OTHER = {"event_types": ["zone.entered"]}
RULES: dict[str, dict[str, Any]] = {
    "count": {"count": 3, "within": "10m"},
    "distinct": {"count": 3, "distinct": "device_id", "within": "10m"},
    "dwell": {"dwell": "10m", "gap": "5m"},
    "then": {"then": OTHER, "within": "10m"},
    "without": {"without": OTHER, "within": "10m"},
}


def resident_mb() -> float:
    """Return the memory of this process, in megabytes."""
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def measure(name: str) -> dict[str, float]:
    """Open 100,000 keys of one rule with two events each, a thousand a second; then let some timers fall due."""
    state, clock = PartitionedState(), ManualClock(AT)
    state.restore({number: Held({}) for number in range(PARTITIONS)})
    processor = Correlate(book(**RULES[name]), state, clock)
    await processor.tick(range(PARTITIONS))
    before, spent = resident_mb(), 0.0
    for number in range(0, 2 * KEYS, BATCH):
        turn, first = divmod(number, KEYS)
        _set(clock, AT + number * APART)
        events = [_event(key, turn, first // BATCH % PARTITIONS) for key in range(first, first + BATCH)]
        began = time.process_time()
        await processor.handle(events)
        spent += time.process_time() - began
        state.savepoint()
        state.flushed([], clock.now())
    used, keys, (late, raised) = resident_mb() - before, state.keys, await _timers(processor, clock)
    return {
        "keys": keys,
        "megabytes": round(used),
        "steps_per_s": round(2 * KEYS / spent),
        "late_ms": round(late * 1000),
        "raised": raised,
    }


async def _timers(processor: Correlate, clock: ManualClock) -> tuple[float, int]:
    """Return how long the slowest tick took, each with the timers of a tenth of a second, and what they raised."""
    due, late, raised = processor.due_at(), 0.0, 0
    assert due is not None
    _set(clock, due - SLICE)
    await processor.tick(range(PARTITIONS))  # the clock has jumped: all that is held is read once more
    for number in range(TICKS):
        _set(clock, due + number * SLICE)
        began = time.process_time()
        raised += len(await processor.tick(range(PARTITIONS)))
        late = max(late, time.process_time() - began)
    return late, raised


def _set(clock: ManualClock, at: int) -> None:
    clock.advance(seconds=max(0, at - clock.now()) / SECOND)


def _event(key: int, turn: int, partition: int) -> Event:
    number = turn * KEYS + key
    at, group = AT + number * APART, f"rule|zone-{key}"
    record = record_of(Seen(number, at, at, 0, "first", turn), group) | LIKE
    return Event("correlation-steps", "Alert", record, group, partition=partition, offset=number)


def main() -> None:
    """Print one line for each kind of rule; exit with 1 when a bar is missed."""
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(asyncio.run(measure(sys.argv[1]))))
        return
    missed = False
    for name in RULES:
        said = subprocess.run([sys.executable, "-m", __spec__.name, name], check=True, capture_output=True, text=True)
        found = json.loads(said.stdout)
        sys.stdout.write(f"{name:9}{'  '.join(f'{key} {value:,}' for key, value in found.items())}\n")
        missed |= any(found[bar] > most for bar, most in BARS.items())
    sys.exit(int(missed))


if __name__ == "__main__":
    main()
