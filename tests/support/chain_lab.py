"""Three small processors that run as a chain or by themselves. Also runs as a program: the chain, slowed down."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from fairwatch.domain.clock import SystemClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Outcome, Reject
from fairwatch.domain.ports import State
from fairwatch.domain.processor import Spec
from fairwatch.engine.config import EngineConfig, Resources
from fairwatch.engine.dead_letters import DeadLetters
from fairwatch.engine.encoding import Encoding
from fairwatch.engine.guard import DeadLetterGuard
from fairwatch.engine.link import Link
from fairwatch.engine.state import Held, PartitionedState
from fairwatch.engine.tally import Tally
from fairwatch.engine.turns import Turns
from fairwatch.engine.worker import Worker, run_worker
from tests.support.engine_lab import CODEC, RECORDS, Lab, stopped

KEY = b"a key of the laboratory"
ALL = {**RECORDS, "mid": "Observation"}
FIRST = Spec("first", ("in",), ("mid",))
LEFT = Spec("left", ("mid",), ("out",), state=True)
RIGHT = Spec("right", ("mid",), ("out",))


class Step:
    """Writes each event on, and counts in its state how often it was given it."""

    def __init__(self, spec: Spec, pause_s: float = 0.0) -> None:
        self.spec = spec
        self.seen: Counter[str] = Counter()
        self.spoilt = 0
        self._pause_s = pause_s
        self._state: State

    def built(self, resources: Resources) -> "Step":
        """Be given what the engine gives."""
        self._state = resources.state
        return self

    async def handle(self, batch: Sequence[Event]) -> list[list[Outcome]]:
        """Do as the events say."""
        if self._pause_s:
            sys.stdout.write("batch\n")
            sys.stdout.flush()
            await asyncio.sleep(self._pause_s)
        return [self._one(event) for event in batch]

    def _one(self, event: Event) -> list[Outcome]:
        record = event.record
        number, do = record["observation_id"], record["extensions"]["do"]
        self.seen[number] += 1
        self.spoilt += "spoilt" in record["extensions"]
        if self.spec is FIRST:
            return [Emit("mid", event.key + "-elsewhere" if do == "stray" else event.key, record)]
        if do == "die" and self.spec is LEFT:
            return [Reject("invalid_field", "it shall die", "device_id")]
        count = 1
        if self.spec is LEFT:
            count += (self._state.get(event.partition, number) or {"count": 0})["count"]
            self._state.put(event.partition, number, {"count": count})
        extensions = {"do": "", "count": str(count)}
        answer: list[Outcome] = [
            Emit("out", event.key, {**record, "observation_id": f"{number}-{self.spec.name}", "extensions": extensions})
        ]
        record["extensions"]["spoilt"] = "yes"
        return answer


def chained(lab: Lab, *specs: Spec, **options: Any) -> tuple[Worker, dict[str, Step]]:
    """Return a worker of these processors, all three by default, and its processors by name."""
    steps = {spec.name: Step(spec) for spec in specs or (FIRST, LEFT, RIGHT)}
    processors = {step.spec: step.built for step in steps.values()}
    return Worker(processors, lab.config(chain_key=KEY, **options), CODEC, records=ALL), steps


@asynccontextmanager
async def running(lab: Lab, *specs: Spec, **options: Any) -> AsyncIterator[tuple[Worker, dict[str, Step]]]:
    """Run a worker of these processors, all three by default; it is stopped in good order."""
    worker, steps = chained(lab, *specs, **options)
    task = asyncio.create_task(worker.run())
    try:
        yield worker, steps
    finally:
        code = await stopped(worker, task)
    assert code == 0


def links(*specs: Spec) -> tuple[Sequence[Link], dict[str, Step]]:
    """Return processors ready to be asked without a broker, with empty state for the partitions 0 and 1."""
    config, clock, turns = EngineConfig("127.0.0.1:1"), SystemClock(), Turns(1.0)
    turns.open()
    steps, made = {}, []
    for spec in specs or (FIRST, LEFT, RIGHT):
        state = PartitionedState()
        state.restore({number: Held({}, mark=0) for number in (0, 1)})
        step = steps[spec.name] = Step(spec).built(Resources(clock, state, {}))
        made.append(
            Link(
                step,
                spec=spec,
                topics=frozenset(spec.reads),
                written=frozenset(spec.writes),
                encoding=Encoding(spec, CODEC, ALL, ""),
                state=state,
                dead_letters=DeadLetters(spec.name, config, CODEC, clock),
                guard=DeadLetterGuard(0.5, 100, 100),
                tally=Tally(spec.name),
                turns=turns,
                clock=clock,
                changelog="",
                retry_s=(0.0, 0.0),
            )
        )
    return made, steps


def numbers(records: Sequence[Any]) -> Counter[str]:
    """Return how often each observation was written."""
    return Counter(CODEC.decode(record.value, "Observation")[1]["observation_id"] for record in records)


async def killable(lab: Lab, pause_s: float, *specs: Spec) -> asyncio.subprocess.Process:
    """Return a worker as a process of its own, slowed down, that has begun to work."""
    names = "+".join(spec.name for spec in specs or (FIRST, LEFT, RIGHT))
    command = [sys.executable, "-m", "tests.support.chain_lab", json.dumps(asdict(lab)), names, str(pause_s)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 60)
    return process


def main(described: str, names: str, pause_s: str) -> int:
    """Run the worker of `killable`."""
    lab, known = Lab(**json.loads(described)), {spec.name: spec for spec in (FIRST, LEFT, RIGHT)}
    slow = {known[name]: Step(known[name], float(pause_s)).built for name in names.split("+")}
    return run_worker(slow, lab.config(chain_key=KEY, batch_max=20), CODEC, records=ALL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
