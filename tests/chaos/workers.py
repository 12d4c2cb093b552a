"""Processors and gateways as processes: killed, frozen, joined, sent away, with another clock; started again."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from fairwatch.apps.demo.stage import GATEWAYS, PROCESSORS
from fairwatch.apps.embedded import free_port

FAKETIME = (
    *Path("/usr/lib").glob("*/faketime/libfaketime.so.1"),
    *Path("/usr/lib/faketime").glob("libfaketime.so.1"),
)
STOP_S = 30.0
PAUSE_S = 1.0
ASK_S = 5.0
LOOK_S = 0.2
SERVING = ("http", "viid")  # these listen
Partition = tuple[str, ...]  # processors by process; those of one process are joined by +
EACH_ALONE: Partition = PROCESSORS


@dataclass(slots=True)
class Worker:
    """One process of a processor.

    Attributes:
        name: `match` or `enrich+match`, or `match-2` of one that joined.
        port: Where it says whether it is ready.
        trip: Its fault point, see `entry`.
        leaving: It is meant to end.
    """

    name: str
    processor: str
    clock: Path
    process: asyncio.subprocess.Process
    port: int
    trip: Path
    leaving: bool = False


class Workers:
    """All of them.

    Args:
        folder: Of logs and clocks.
        environment: Settings that all share.
        partition: Which processors run in which process.

    Attributes:
        ports: Where gateways listen, by name.
        ended: (processor, exit code) of workers that ended although nobody told them to.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], partition: Partition = EACH_ALONE) -> None:
        self._partition = partition
        self.ports = {name: free_port() for name in SERVING}
        self._folder = folder
        self._environment = environment
        self._minding: asyncio.Task[None] | None = None
        self.running: dict[str, Worker] = {}
        self.ended: list[tuple[str, int]] = []

    async def start(self) -> None:
        """Start one of each, and mind them."""
        for name in (*GATEWAYS, *self._partition):
            await self.join(name, name)
        self._minding = asyncio.create_task(self._mind())

    async def join(self, name: str, processor: str) -> Worker:
        """Start a process; its log is continued."""
        clock = self._folder / f"{name}.clock"
        clock.write_text("+0", encoding="ascii")
        trip, port = self._folder / f"{name}.trip", free_port()
        environment = {
            **os.environ, **self._environment, "FAIRWATCH_INSTANCE": f"chaos-{name}", "OMP_NUM_THREADS": "1",
            "FAIRWATCH_HEALTH_PORT": str(port), "FAIRWATCH_PORT": str(self.ports.get(processor, 0)),
            **(_faked(clock) if FAKETIME else {}),
        }  # fmt: skip
        with (self._folder / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.chaos.entry", str(os.getpid()), str(trip), "run", processor,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True,
            )  # fmt: skip
        self.running[name] = Worker(name, processor, clock, process, port, trip)
        return self.running[name]

    def of(self, component: str) -> str:
        """Return the name of the process in which a processor or gateway runs, the first where there are several."""
        return next(name for name, worker in self.running.items() if component in worker.processor.split("+"))

    async def ready(self) -> bool:
        """Tell whether every worker says that it is ready."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S)) as session:
            return all(await asyncio.gather(*(_is_ready(session, worker.port) for worker in self.running.values())))

    async def works(self, name: str, within_s: float) -> bool:
        """Wait until one says that it is ready; return whether it did in time."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S)) as session:
            end = time.monotonic() + within_s
            while time.monotonic() < end:
                if await _is_ready(session, self.running[name].port):
                    return True
                await asyncio.sleep(LOOK_S)
        return False

    async def kill(self, name: str) -> None:
        """End one by SIGKILL; nobody starts it again before `again`."""
        worker = self.running[name]
        worker.leaving = True
        if worker.process.returncode is None:
            worker.process.kill()
        await worker.process.wait()

    async def again(self, name: str) -> None:
        """Start one that was killed."""
        await self.join(name, self.running[name].processor)

    async def leave(self, name: str) -> int:
        """Ask one to end in order and return its exit code."""
        worker = self.running.pop(name)
        worker.leaving = True
        if worker.process.returncode is None:
            worker.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(worker.process.wait(), STOP_S)
        except TimeoutError:
            worker.process.kill()
            return await worker.process.wait()

    def freeze(self, name: str) -> None:
        """Let one stand still, its connections open."""
        self.running[name].process.send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on as if nothing had been."""
        worker = self.running[name]
        if worker.process.returncode is None:
            worker.process.send_signal(signal.SIGCONT)

    def trip(self, name: str, after: str) -> None:
        """Let one end by SIGKILL after its next acknowledged `output` or `state`."""
        worker = self.running[name]
        worker.leaving = True
        worker.trip.write_text(after, encoding="ascii")

    def tell(self) -> None:
        """Let each write into its log what its tasks wait for."""
        for worker in self.running.values():
            if worker.process.returncode is None:
                worker.process.send_signal(signal.SIGUSR1)

    @property
    def groups(self) -> list[str]:
        """Names of what reads from Kafka as a group."""
        return list(self._partition)

    def jump(self, name: str, seconds: int) -> None:
        """Set one's wall clock off from the true time."""
        self.running[name].clock.write_text(f"{seconds:+d}", encoding="ascii")

    async def stop(self) -> None:
        """End all."""
        if self._minding:
            self._minding.cancel()
        await asyncio.gather(*(self.leave(name) for name in list(self.running)))

    async def _mind(self) -> None:
        """Start again what ended by itself, as any orchestrator does."""
        while True:
            await asyncio.sleep(PAUSE_S)
            for worker in list(self.running.values()):
                code = worker.process.returncode
                if code is not None and not worker.leaving:
                    self.ended.append((worker.name, code))
                    await self.join(worker.name, worker.processor)


async def _is_ready(session: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with session.get(f"http://127.0.0.1:{port}/ready") as answer:
            return answer.status == web.HTTPOk.status_code
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def _faked(clock: Path) -> Mapping[str, str]:
    return {
        "LD_PRELOAD": str(FAKETIME[0]), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
    }  # fmt: skip
