"""Ends what a command has started, however the command itself is ended."""

import signal
from types import FrameType
from typing import Final

EXIT_INTERRUPTED: Final = 130


def end_as_by_ctrl_c() -> None:
    """Take SIGTERM, and a terminal that closes, for Ctrl-C: processes that the command has started end in order.

    Left alone they would live on. A signal that whoever started us ignores, as `nohup` does, stays ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what runs in its background
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_: int, __: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
