"""Moments in order: what is asked for between two of them is the same, however they came."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from fairwatch.matching.moments import FEW, Moments

TIMES = st.integers(0, 30)
ENTRIES = st.dictionaries(st.integers(0, 10_000).map(str), TIMES, max_size=2 * FEW)


@given(ENTRIES, ENTRIES, st.sets(st.integers(0, 10_000).map(str)), TIMES, TIMES)
def test_between_two_times_lie_the_moments_that_are_there(
    first: dict[str, int], later: dict[str, int], dropped: set[str], one: int, other: int
) -> None:
    moments, there = Moments(), {**first, **{entry: at for entry, at in later.items() if entry not in first}}
    for entry, at in first.items():
        moments.put(at, entry)
    moments.between(0, 30)  # they are in their places
    for entry in there.keys() - first.keys():
        moments.put(there[entry], entry)
    for entry in there.keys() & dropped:
        moments.drop(there.pop(entry), entry)

    low, high = sorted((one, other))
    assert sorted(moments.between(one, other)) == sorted(e for e, at in there.items() if low < at <= high)


@given(ENTRIES, st.integers(-1, 31))
def test_around_a_time_lie_the_last_moment_before_it_and_the_next(there: dict[str, int], time: int) -> None:
    moments = Moments()
    for entry, at in there.items():
        moments.put(at, entry)
    before, after = moments.around(time)
    assert before == max((at for at in there.values() if at <= time), default=-inf)
    assert after == min((at for at in there.values() if at > time), default=inf)
