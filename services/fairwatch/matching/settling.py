"""Makes shards of rows that came one by one, while these are still searched."""

from collections.abc import Sequence

import numpy as np

from fairwatch.matching.gallery_rows import Piece, Rows, joined

TOGETHER = 2  # shards searched at a time
WORTH = 16_384  # rows that are worth waking a second thread for


class Settling:
    """Rows as they are when this is made; `make` may run in another thread.

    Args:
        sources: Rows that the shards replace; the last of them may get more rows meanwhile.
        shard: Most rows of a shard.
        alone: Nothing else is searched beside them. If they make one shard, all threads multiply within it, which is
            quicker than two shards with a thread each; several shards are quicker with a thread each.
    """

    def __init__(self, sources: Sequence[Rows], shard: int, *, alone: bool = False) -> None:
        self.sources = list(sources)
        self._until = len(sources[-1])
        self._places = [rows.living_places() for rows in sources]
        self._piece = joined([rows.piece(places) for rows, places in zip(sources, self._places, strict=True)])
        rows = len(self._piece.entries)
        self._threads = TOGETHER if alone and WORTH < rows <= shard else 1
        self._size = rows if self._threads > 1 else min(shard, max(WORTH, -(-rows // TOGETHER)))
        self._made: list[Rows] = []

    def make(self) -> None:
        """Code the rows: some seconds for a full shard."""
        whole = self._piece
        for start in range(0, len(whole.entries), self._size):
            part = slice(start, start + self._size)
            piece = Piece(whole.values[part], whole.entries[part], whole.pictures[part], whole.groups[part])
            self._made.append(Rows(piece, threads=self._threads))

    def outcome(self) -> list[Rows]:
        """Return the shards, without what was removed since."""
        gone = [rows.gone(places) for rows, places in zip(self.sources, self._places, strict=True)]
        lost = np.flatnonzero(np.concatenate(gone))
        for number, rows in enumerate(self._made):
            start = number * self._size
            rows.forget(lost[(lost >= start) & (lost < start + len(rows))] - start)
        return self._made

    def left(self, fresh: Rows) -> Piece:
        """Return the rows that came since."""
        places = fresh.living_places()
        return fresh.piece(places[places >= self._until])
