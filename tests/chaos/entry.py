"""`fairwatch` with a fault point: SIGKILL after the broker has taken an output and before its state, or after both.

`python -m tests.chaos.entry PARENT TRIP run match`: while the file TRIP holds `output` or `state`, the first
acknowledged record batch of that sort ends the process at once, as a crash would between the two writes. The file is
then gone. However the process PARENT ends, this one ends with it. SIGUSR1 lets it write what its tasks wait for.
"""

import asyncio
import ctypes
import os
import signal
import sys
from asyncio import tasks
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

STATE = "-state"  # the end of a state topic's name
PR_SET_PDEATHSIG = 1


def arm(trip: Path) -> None:
    """Watch every record batch that this process sends."""
    plain = AIOKafkaProducer.send_batch

    async def send_batch(self: AIOKafkaProducer, batch: Any, topic: str, **given: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = await plain(self, batch, topic, **given)
        future.add_done_callback(lambda done: _taken(trip, topic, done))
        return future

    AIOKafkaProducer.send_batch = send_batch


def _taken(trip: Path, topic: str, done: "asyncio.Future[Any]") -> None:
    if done.cancelled() or done.exception():
        return
    with suppress(OSError):
        if trip.read_text(encoding="ascii").strip() == ("state" if topic.endswith(STATE) else "output"):
            trip.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


def end_with(parent: int) -> None:
    """Let Linux end this process when its parent ends, which SIGKILL keeps from ending anybody."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it had ended before
        os.kill(os.getpid(), signal.SIGKILL)


def tell(*_: object) -> None:
    """Write to standard error where each task of this process stands, those of other threads' loops as well."""
    for task in list(tasks._all_tasks):  # `all_tasks` knows one loop only
        task.print_stack(limit=6, file=sys.stderr)
    sys.stderr.flush()


def main() -> None:
    """Arm, then be `fairwatch`."""
    signal.signal(signal.SIGUSR1, tell)
    end_with(int(sys.argv.pop(1)))
    from fairwatch.cli.main import main as fairwatch  # noqa: PLC0415

    arm(Path(sys.argv.pop(1)))
    fairwatch()


if __name__ == "__main__":
    main()
