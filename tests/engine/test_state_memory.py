"""What is kept takes no more memory than its bytes."""

from pathlib import Path

import pytest

from fairwatch.engine.state import Held, PartitionedState

KEYS, BYTES = 5_000, 700
STATUS = Path("/proc/self/status")


def resident() -> int:
    """Return the bytes of memory that this process has."""
    line = next(line for line in STATUS.read_text(encoding="utf-8").splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not STATUS.exists(), reason="memory is read from /proc")
def test_a_small_value_keeps_no_large_buffer():
    state = PartitionedState()
    state.restore({0: Held({})})
    before = resident()
    for number in range(KEYS):
        state.put(0, str(number), {"pad": f"{number:0>{BYTES}}"})
        state.savepoint()
    assert resident() - before < KEYS * BYTES * 2
