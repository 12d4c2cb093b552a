"""The part of the audit log that an order lets out: one piece of each chain, so that it can be verified as it is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fairwatch.apps.exporting import Window

Record = Mapping[str, Any]


def within(window: Window, read: Callable[[], Iterable[Record]]) -> Iterator[Record]:
    """Yield of each chain what lies from its first record in the window to its last one.

    Records of a chain follow each other, and their times only about: what is dated otherwise and lies between two of
    the window is among them, since a chain with holes proves nothing.

    Args:
        window: From when until when.
        read: Reads the chained records from their beginning; called twice where the window has an end or a beginning.
    """
    if window.is_whole:
        yield from read()
        return
    bounds: dict[str, tuple[int, int]] = {}
    for record in read():
        if (window.since or 0) <= record["at"] and (window.until is None or record["at"] < window.until):
            first, _ = bounds.get(record["chain"], (record["sequence"], 0))
            bounds[record["chain"]] = (first, record["sequence"])
    for record in read():
        first, last = bounds.get(record["chain"], (1, 0))
        if first <= record["sequence"] <= last:
            yield record
