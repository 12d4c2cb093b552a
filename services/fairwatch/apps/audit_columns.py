"""What the console remembers of each audit record: what it is looked for by, and where it lies; 42 bytes a record."""

from array import array
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from fairwatch.console.audit_log import Wanted

MOST: Final = 2_000_000  # records; the oldest are left out first, a tenth at a time
Place = tuple[int, int]  # partition, offset


class Words:
    """Short numbers for words that come again and again."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.words: list[str] = []

    def number(self, word: str) -> int:
        """Return the number of a word, a new one for a new word."""
        found = self._numbers.setdefault(word, len(self.words))
        if found == len(self.words):
            self.words.append(word)
        return found

    def known(self, word: str) -> int:
        """Return the number of a word, -1 for one that was never heard."""
        return self._numbers.get(word, -1)


class Columns:
    """The records of all chains, in the order in which they were read.

    Args:
        most: Records that are remembered.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._actors, self._actions = Words(), Words()
        self._at, self._offset = array("q"), array("q")
        self._subject, self._mandate = array("q"), array("q")  # hashes; what is shown is looked at again
        self._actor, self._action, self._partition = array("i"), array("i"), array("i")
        self.left_out_until = 0  # time of the newest record that was left out, microseconds UTC

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._at)

    def add(self, place: Place, record: Mapping[str, Any]) -> None:
        """Remember the next record."""
        if len(self._at) >= self._most:
            self._leave_out(max(1, self._most // 10))
        self._at.append(record["at"])
        self._partition.append(place[0])
        self._offset.append(place[1])
        self._actor.append(self._actors.number(record["actor"]))
        self._action.append(self._actions.number(record["action"]))
        self._subject.append(hash(record["subject"]))
        self._mandate.append(hash(record.get("authorisation_id")))

    def find(self, wanted: Wanted) -> tuple[list[Place], int, Counter[str]]:
        """Return where the newest of what is looked for lie, newest first; how many there are, and of which actions."""
        at, found = _seen(self._at), self._matches(wanted)
        numbers = np.flatnonzero(found)
        counts = np.bincount(_seen(self._action)[numbers], minlength=len(self._actions.words))
        actions = Counter({word: int(n) for word, n in zip(self._actions.words, counts, strict=True) if n})
        total = len(numbers)
        if total > wanted.limit:  # the order of a few costs nothing, that of a million 0.2 s
            oldest = np.partition(at[numbers], total - wanted.limit)[total - wanted.limit]
            numbers = numbers[at[numbers] >= oldest]
        partition, offset = _seen(self._partition)[numbers], _seen(self._offset)[numbers]
        order = np.lexsort((offset, partition, at[numbers]))[::-1][: wanted.limit]
        return [(int(partition[one]), int(offset[one])) for one in order], total, actions

    def _matches(self, wanted: Wanted) -> Any:
        at = _seen(self._at)
        found = at >= wanted.since
        if wanted.until:
            found &= at < wanted.until
        if wanted.actor:
            found &= _seen(self._actor) == self._actors.known(wanted.actor)
        if wanted.subject:
            about = hash(wanted.subject)
            found &= (_seen(self._subject) == about) | (_seen(self._mandate) == about)
        if wanted.action:
            begins = [number for number, word in enumerate(self._actions.words) if word.startswith(wanted.action)]
            found &= np.isin(_seen(self._action), begins)
        return found

    def _leave_out(self, count: int) -> None:
        self.left_out_until = max(self.left_out_until, *self._at[:count])
        for column in (self._at, self._offset, self._subject, self._mandate, self._actor, self._action):
            del column[:count]
        del self._partition[:count]


def _seen(column: "array[int]") -> Any:
    """Return a column as numpy sees it, without a copy; it may not grow for as long as somebody looks."""
    return np.frombuffer(column, dtype=np.int64 if column.typecode == "q" else np.int32)
