"""What a history raises, on disk until it is folded: a day of a city does not fit into memory.

What belongs to one group, or to one key of a rule of several events, lies on one shelf of its set of rules, so that
shelves can be folded apart. A row begins with its time and number: sorted lines are in the order of time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self
from zlib import crc32

import orjson

SHELVES = 32  # for each kind and set of rules; what is folded is read one of them at a time
PENDING = 256  # rows of a shelf that are written together
WIDTH = 20  # digits of a time, and of a number
Row = tuple[int, int, dict[str, Any]]  # when in microseconds, number, what


class Writer:
    """Writes rows of one process; use it as a context."""

    def __init__(self, folder: Path, process: str) -> None:
        self._folder = folder
        self._process = process
        self._pending: dict[str, list[bytes]] = defaultdict(list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._pending:
            self._flush(name)

    def put(self, kind: str, tree: int, row: Row) -> None:
        """Write a row of a kind for a set of rules, on the shelf of its group."""
        at, number, record = row
        name = shelf_name(kind, tree, crc32(record["group"].encode()) % SHELVES)
        pending = self._pending[name]
        pending.append(b"%020d%020d%s\n" % (at, number, orjson.dumps(record)))
        if len(pending) >= PENDING:
            self._flush(name)

    def _flush(self, name: str) -> None:
        with (self._folder / f"{name}.{self._process}").open("ab") as file:
            file.writelines(self._pending[name])
        self._pending[name] = []


def shelf_name(kind: str, tree: int, shelf: int) -> str:
    """Return how a shelf is called."""
    return f"{kind}-{tree}-{shelf}"


def rows_of(folder: Path, name: str) -> Iterator[Row]:
    """Yield the rows of a shelf in the order of time, and of their numbers."""
    lines: list[bytes] = []
    for path in folder.glob(f"{name}.*"):
        with path.open("rb") as file:
            lines += file
    lines.sort()
    for line in lines:
        yield int(line[:WIDTH]), int(line[WIDTH : 2 * WIDTH]), orjson.loads(line[2 * WIDTH :])


def filled(folder: Path, kind: str, trees: Iterable[int]) -> list[tuple[int, int]]:
    """Return (set of rules, shelf) of a kind that hold something, the largest first."""
    sizes: dict[tuple[int, int], int] = {}
    for tree in trees:
        for shelf in range(SHELVES):
            size = sum(path.stat().st_size for path in folder.glob(f"{shelf_name(kind, tree, shelf)}.*"))
            if size:
                sizes[tree, shelf] = size
    return sorted(sizes, key=lambda each: -sizes[each])
