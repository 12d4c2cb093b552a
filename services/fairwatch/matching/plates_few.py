"""A few listed plates in dictionaries, where one more or one less costs nothing."""

from collections.abc import Iterable, Iterator, Sequence

from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.plate_rows import listed_plate, shortened, tolerated
from fairwatch.matching.plate_text import skeleton


class FewPlates:
    """Listed plates by skeleton; those that tolerate an edit also by each skeleton with one character left out."""

    def __init__(self) -> None:
        self._entries: dict[str, WatchlistEntry] = {}
        self._whole: dict[str, set[str]] = {}
        self._short: dict[str, set[str]] = {}

    def __len__(self) -> int:
        """Return the number of plates."""
        return len(self._entries)

    def __iter__(self) -> Iterator[WatchlistEntry]:
        """Give the entries."""
        return iter(self._entries.values())

    def put(self, entries: Iterable[WatchlistEntry]) -> None:
        """List plates; none of the entries is here yet."""
        for entry in entries:
            self._entries[entry["entry_id"]] = entry
            for index, key in self._keys(entry):
                index.setdefault(key, set()).add(entry["entry_id"])

    def remove(self, entry_ids: Iterable[str]) -> None:
        """Forget the plates of entries."""
        for entry_id in entry_ids:
            entry = self._entries.pop(entry_id, None)
            for index, key in self._keys(entry) if entry else ():
                index[key].discard(entry_id)
                if not index[key]:
                    del index[key]

    def find(self, keys: Sequence[str]) -> Iterator[tuple[int, WatchlistEntry]]:
        """Give the place of a skeleton and an entry that has it, for each there is."""
        for number, key in enumerate(keys):
            for index in (self._whole, self._short):
                for entry_id in index.get(key, ()):
                    yield number, self._entries[entry_id]

    def _keys(self, entry: WatchlistEntry) -> Iterator[tuple[dict[str, set[str]], str]]:
        key = skeleton(listed_plate(entry))
        yield self._whole, key
        if tolerated(entry):
            yield from ((self._short, shorter) for shorter in shortened(key))
