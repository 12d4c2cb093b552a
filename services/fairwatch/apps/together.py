"""Runs several commands side by side: the first that ends ends all."""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from types import FrameType

STOP_S = 30.0
POLL_S = 0.1


def run_together(commands: Mapping[str, Sequence[str]], *, stdin: int | None = None) -> int:
    """Run the commands until one ends or a signal comes; stop the rest; return the first exit code that is not 0."""
    stopping = False

    def stop(_: int, __: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    # Sessions of their own: Ctrl-C comes to us alone, and we stop them in order.
    running = [subprocess.Popen(c, stdin=stdin, start_new_session=True) for c in commands.values()]  # noqa: S603  our own command
    while not stopping and all(process.poll() is None for process in running):
        time.sleep(POLL_S)
    for process in running:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_S
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return next((process.returncode for process in running if process.returncode), 0)
