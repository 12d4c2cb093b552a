"""Ends what a command has started, however the command itself is ended."""

import asyncio
import signal
from collections.abc import Coroutine
from types import FrameType
from typing import Any, Final

from rich.console import Console

EXIT_INTERRUPTED: Final = 130


def run_to_its_end(main: Coroutine[Any, Any, int], out: Console) -> int:
    """Run a command until it ends or is ended; return its exit code.

    It takes SIGTERM, and a terminal that closes, for Ctrl-C, so that processes which the command has started end in
    order; they would live on else. A signal that whoever started us ignores, as `nohup` does, stays ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what runs in its background
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        return asyncio.run(main)
    except KeyboardInterrupt:
        out.print("stopped")
        return EXIT_INTERRUPTED


def _interrupt(_: int, __: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
