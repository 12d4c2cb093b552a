"""How often Python looks for cycles."""

import gc


def tune_collector() -> None:
    """Let the garbage collector run rarely: batches are many dicts (two of 4,000 are 150,000 objects) and no cycles.

    What importing made stays and is never looked through again. Nothing is collected before: of 123,000 objects 132
    were garbage, and finding them took 0.07 s of a core at every start.
    """
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
