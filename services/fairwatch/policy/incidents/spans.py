"""When things happened, as stretches of time in which no two neighbours are further apart than a limit."""

from collections.abc import Iterable, Sequence

Span = list[int]  # first and last, microseconds
LIMIT = 20  # stretches of one incident: only people who merge make more than one


def spans_of(times: Iterable[int], within: int) -> list[Span]:
    """Return the stretches of some moments."""
    found: list[Span] = []
    for at in sorted(times):
        _add(found, at, at, within)
    return found[-LIMIT:]


def joined(one: Sequence[Sequence[int]], other: Sequence[Sequence[int]], within: int) -> list[Span]:
    """Return the stretches of both."""
    found: list[Span] = []
    for first, last in sorted((span[0], span[1]) for span in (*one, *other)):
        _add(found, first, last, within)
    return found[-LIMIT:]


def distance(spans: Sequence[Sequence[int]], at: int) -> int:
    """Return how far a moment is from the nearest stretch; 0 within one."""
    return min(max(first - at, at - last, 0) for first, last in spans)


def _add(found: list[Span], first: int, last: int, within: int) -> None:
    if found and first - found[-1][1] <= within:
        found[-1][1] = max(found[-1][1], last)
    else:
        found.append([first, last])
