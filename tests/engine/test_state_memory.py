"""Large values are kept small; what processors and the changelog see is the same."""

import json

import pytest

from fairwatch.engine.state import LARGE, Held, PartitionedState, packed, unpacked

CANDIDATE = {"explanation": [f"the character {number} is read as another" for number in range(200)]}


@pytest.mark.parametrize("value", [{"a": 1}, {"pad": "x" * (LARGE - 10)}, {"pad": "x" * LARGE}, CANDIDATE])
def test_what_is_kept_comes_back(value):
    text = json.dumps(value, separators=(",", ":")).encode()
    state = PartitionedState()
    state.restore({0: Held({"old": packed(text)})})
    state.put(0, "new", value)
    assert state.get(0, "old") == state.get(0, "new") == value
    assert dict(state.items(0)) == {"old": value, "new": value}
    assert (0, "new", text) in state.changes(), "the changelog has it as any version of us reads it"


def test_a_change_of_a_large_value_is_undone():
    state = PartitionedState()
    state.restore({0: Held({})})
    state.put(0, "k", CANDIDATE)
    state.savepoint()
    state.put(0, "k", {"small": True})
    state.rollback()
    assert state.get(0, "k") == CANDIDATE


def test_a_candidate_takes_a_quarter_at_most():
    text = json.dumps(CANDIDATE).encode()
    assert len(packed(text)) < len(text) / 4
    assert unpacked(packed(text)) == text
