"""How soon one thread of a worker gives way to the other."""

import sys

SWITCH_S = 0.0005


def give_way_soon() -> None:
    """Let a thread that has something to do be given the interpreter within half a millisecond.

    What was fetched waits in its thread until then; by default for up to 5 ms, which is as long as a batch takes.
    """
    sys.setswitchinterval(SWITCH_S)
