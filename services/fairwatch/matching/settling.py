"""Makes shards of rows that came one by one, while these are still searched."""

from collections.abc import Sequence

import numpy as np

from fairwatch.matching.gallery_rows import Piece, Rows, joined


class Settling:
    """Rows as they are when this is made; `make` may run in another thread.

    Args:
        sources: Rows that the shards replace; the last of them may get more rows meanwhile.
        shard: Rows of a shard.
    """

    def __init__(self, sources: Sequence[Rows], shard: int) -> None:
        self.sources = list(sources)
        self._shard = shard
        self._until = len(sources[-1])
        self._places = [rows.living_places() for rows in sources]
        self._piece = joined([rows.piece(places) for rows, places in zip(sources, self._places, strict=True)])
        self._made: list[Rows] = []

    def make(self) -> None:
        """Code the rows: some seconds for a full shard."""
        whole = self._piece
        for start in range(0, len(whole.entries), self._shard):
            part = slice(start, start + self._shard)
            piece = Piece(whole.values[part], whole.entries[part], whole.pictures[part], whole.groups[part])
            self._made.append(Rows(piece, coded=True))

    def outcome(self) -> list[Rows]:
        """Return the shards, without what was removed since."""
        gone = [rows.gone(places) for rows, places in zip(self.sources, self._places, strict=True)]
        lost = np.flatnonzero(np.concatenate(gone))
        for number, rows in enumerate(self._made):
            start = number * self._shard
            rows.forget(lost[(lost >= start) & (lost < start + len(rows))] - start)
        return self._made

    def left(self, fresh: Rows) -> Piece:
        """Return the rows that came since."""
        places = fresh.living_places()
        return fresh.piece(places[places >= self._until])
