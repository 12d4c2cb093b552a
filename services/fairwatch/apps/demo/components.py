"""The processes of the demo: started, watched, stopped; each is the same command that a deployment runs."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairwatch.domain.errors import FairwatchError

STOP_S = 10.0


class ComponentDiedError(FairwatchError):
    """A component stopped by itself; the message names its log."""


@dataclass(slots=True)
class Components:
    """Child processes by name; logs go to one file each."""

    logs: Path
    environment: Mapping[str, str]
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, name: str, extra: Mapping[str, str] | None = None) -> None:
        """Start `fairwatch run NAME` in a process group of its own, so that Ctrl-C reaches us first."""
        self.logs.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **self.environment, **(extra or {}), "FAIRWATCH_INSTANCE": f"demo-{name}"}
        with (self.logs / f"{name}.log").open("wb") as log:
            self.processes[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "fairwatch", "run", name,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True,
            )  # fmt: skip

    def check(self) -> None:
        """Raise ComponentDiedError when one is no longer running."""
        for name, process in self.processes.items():
            if process.returncode is not None:
                path = self.logs / f"{name}.log"
                tail = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
                raise ComponentDiedError(
                    f"{name} ended with code {process.returncode}; see {path}: " + " / ".join(tail)
                )

    async def stop(self) -> None:
        """Ask every process to drain and end; kill what has not after ten seconds."""
        running = [process for process in self.processes.values() if process.returncode is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        if not running:
            return
        _, late = await asyncio.wait([asyncio.ensure_future(p.wait()) for p in running], timeout=STOP_S)
        if late:
            for process in running:
                if process.returncode is None:
                    process.kill()
            await asyncio.wait(late, timeout=STOP_S)
