"""Pictures of people who were taken for somebody listed and are somebody else: who looks like them more is not found.

Their templates live in this process's memory alone, as long as their entry is enrolled: they are in no gallery, so that
nobody is searched among them, and in no file.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ports import MediaStore
from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.codes import Floats
from fairwatch.matching.faces import FaceReader, Template


@dataclass(slots=True)
class _Others:
    entry: WatchlistEntry
    templates: list[Floats]


class Negatives:
    """The other people of each entry.

    Args:
        reader: Reads faces.
        media: Holds the pictures. One that is gone, or shows no face any more, counts for nothing.
    """

    def __init__(self, reader: FaceReader, media: MediaStore) -> None:
        self._reader = reader
        self._media = media
        self._others: dict[str, _Others] = {}

    async def update(self, entries: Sequence[WatchlistEntry], among: Iterable[str] | None = None) -> None:
        """Hold the other people of these entries and of no others; RetryableError when the media store is away.

        Args:
            entries: Which are enrolled.
            among: Ids of the entries that are asked about; the others stay as they are. None for all.
        """
        wanted = {entry["entry_id"]: entry for entry in entries if entry.get("not_this_person")}
        for entry_id in [e for e in (list(self._others) if among is None else among) if e not in wanted]:
            self._others.pop(entry_id, None)
        for entry_id, entry in wanted.items():
            known = self._others.get(entry_id)
            if known is None or known.entry is not entry:
                self._others[entry_id] = _Others(entry, [one async for one in self._read(entry)])

    async def _read(self, entry: WatchlistEntry) -> AsyncIterator[Floats]:
        for reference in entry.get("not_this_person", []):
            try:
                found = await asyncio.to_thread(self._reader.read, await self._media.get(reference["uri"]))
            except RejectedError:
                continue
            if isinstance(found, Template):
                yield found.values

    def nearest(self, entry_id: str, face: Template) -> float | None:
        """Return the L2 distance of a face to the nearest of an entry's other people; None where it has none."""
        others = self._others.get(entry_id)
        if others is None or not others.templates:
            return None
        apart = np.array(others.templates, np.float64) - face.values
        return float(np.sqrt(np.einsum("nd,nd->n", apart, apart).min()))
