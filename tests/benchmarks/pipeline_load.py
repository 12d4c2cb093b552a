"""Both ends of the pipeline: devices that send, as a process of their own, and the receiver that their alerts come to.

Latency runs from the moment an event is due at its device to the arrival of the webhook that it raised; both processes
read the same clock.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from fairwatch.apps.demo.receiver import AlertListener
from tests.benchmarks.pipeline_world import event_of

LONGEST_LINE = 1 << 26  # what was sent comes as one


@dataclass
class Receiver(AlertListener):
    """A control room that notes when the alert of each event arrived first, seconds since 1970.

    Attributes:
        entries: Event by id of the listed entry.
        arrived: By event.
        again: How often an event's alert came another time.
    """

    entries: Mapping[str, int]
    arrived: dict[int, float] = field(default_factory=dict)
    again: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        at = time.time()
        number = event_of(orjson.loads(body), self.entries)
        if number is not None:
            self.again += number in self.arrived
            self.arrived.setdefault(number, at)
        return web.Response(status=204)

    async def have(self, numbers: list[int], within_s: float) -> None:
        """Wait until the alerts of all these events are there.

        Raises:
            TimeoutError: They are not; says how many are missing.
        """
        deadline = time.monotonic() + within_s
        while missing := [number for number in numbers if number not in self.arrived]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(missing)} of {len(numbers)} alerts are missing, the first is {missing[0]}")
            await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Sending:
    """What was sent.

    Attributes:
        at: When, by event; seconds since 1970.
        refused: Answers other than 200 and 202, by HTTP status; such a request is sent again.
        answered: Events that were taken; `taking_s` the seconds that it took.
        cpu_s: What the devices cost.
    """

    at: dict[int, float]
    refused: dict[str, int]
    answered: int
    taking_s: float
    cpu_s: float


async def send(job: Mapping[str, Any]) -> Sending:
    """Let devices send; `tests.benchmarks.load_process` says what a job is.

    Raises:
        RuntimeError: They could not.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.load_process",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LONGEST_LINE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(job).encode() + b"\n")
        if not await process.stdout.readline():
            raise RuntimeError("the devices did not start")
        process.stdin.write(b"go\n")
        if not (line := await process.stdout.readline()):
            raise RuntimeError("the devices ended early")
    finally:
        process.stdin.close()
        await process.wait()
    found = json.loads(line)
    return Sending(**{**found, "at": dict(found["at"])})
