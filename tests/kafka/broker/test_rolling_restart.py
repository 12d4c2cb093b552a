"""Three workers are restarted one after the other under load, known to their group by name or not."""

import asyncio
import json
import signal
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_lab import Lab, until
from tests.support.load import load, outcome

WORKERS, PARTITIONS = 3, 6
SESSION_S = 30.0  # the engine's own: a restart must be shorter for its partitions to stay


@dataclass
class Crew:
    """Workers as processes of their own, by name; each has a log."""

    lab: Lab
    folder: Path
    static: bool
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, name: str) -> None:
        """Start a worker and wait until it has partitions."""
        before = len(self.ready(name))
        with self.log(name).open("ab") as output:
            self.processes[name] = await asyncio.create_subprocess_exec(
                *self.lab.plain_program(instance=name, static=self.static, session_timeout_s=SESSION_S),
                stdout=output,
                stderr=output,
            )
        await until(lambda: len(self.ready(name)) > before, 60)

    async def stop(self, name: str) -> None:
        """Stop a worker; it must say that all went well."""
        self.processes[name].send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(self.processes.pop(name).wait(), 60) == 0

    def log(self, name: str) -> Path:
        """Return the file that a worker writes to."""
        return self.folder / f"{name}.log"

    def ready(self, name: str) -> list[Any]:
        """Return what a worker said whenever it had got partitions."""
        text = self.log(name).read_text(encoding="utf-8") if self.log(name).exists() else ""
        return [json.loads(line) for line in text.splitlines() if '"worker.ready"' in line]


@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
async def test_a_rolling_restart_loses_and_doubles_nothing(lab: Lab, tmp_path, record_property, static) -> None:
    await lab.create(PARTITIONS)
    crew = Crew(lab, tmp_path, static)
    names = [f"worker-{number}" for number in range(WORKERS)]
    try:
        for name in names:
            await crew.start(name)
        await asyncio.sleep(1.0)
        before = {name: len(crew.ready(name)) for name in names}
        async with load(lab) as sending:
            for name in names:
                await until(lambda rounds=sending.rounds: sending.rounds > rounds + 50)
                await crew.stop(name)
                await crew.start(name)
            await until(lambda rounds=sending.rounds: sending.rounds > rounds + 50)
        found = await outcome(lab, sending.sent)
    finally:
        for name in list(crew.processes):
            await crew.stop(name)
    said = [line for name in names for line in crew.ready(name)[before[name] :]]
    pauses = [line["paused_s"] for line in said if line["paused_s"]]
    stood = f", {statistics.median(pauses):.2f} s (median), {max(pauses):.2f} s at most" if pauses else ""
    record_property(
        f"rolling restart of {WORKERS} workers, {'static' if static else 'dynamic'}, {len(sending.sent)} events",
        f"longest gap of a partition {found.longest_gap_s:.2f} s; {len(said) - WORKERS} pauses of others{stood}",
    )
    assert (found.lost, found.doubled, found.disordered) == (set(), {}, set())
    if static:
        assert len(said) == WORKERS, "only who was restarted got partitions"
