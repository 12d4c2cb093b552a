"""Cuts a batch where one partition ends and the next begins."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

PLACE = attrgetter("topic", "partition")


def by_partition(records: Sequence[Any]) -> Iterator[tuple[int, list[Any]]]:
    """Yield the records of each partition, which lie together, and the place of the first of them.

    >>> from types import SimpleNamespace as Record
    >>> [(first, len(run)) for first, run in by_partition([Record(topic="t", partition=p) for p in (4, 4, 1)])]
    [(0, 2), (2, 1)]
    """
    if (runs := getattr(records, "runs", None)) is not None:  # they were cut when they were taken
        yield from runs
        return
    first = 0
    for _, group in groupby(records, PLACE):
        run = list(group)
        yield first, run
        first += len(run)
