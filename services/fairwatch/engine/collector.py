"""How often Python looks for cycles."""

import gc


def tune_collector() -> None:
    """Let the garbage collector run rarely: batches are many dicts (two of 4,000 are 150,000 objects) and no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
