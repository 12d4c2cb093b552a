"""What devices write never ends, what is remembered of it does."""

import tracemalloc

from fairwatch.policy.screening import Screen

EVENTS = 20_000
LONG = 400
MOST = 16 << 20


def test_texts_that_never_repeat_do_not_fill_memory() -> None:
    screen = Screen(soft_biometrics=False)
    tracemalloc.start()
    try:
        for number in range(EVENTS):
            screen.suspects({"plate": f"KM {number} X", "note": f"{number} " + "x" * LONG})
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < MOST, f"{kept / 2**20:.0f} MiB"
