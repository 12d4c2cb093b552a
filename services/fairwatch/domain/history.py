"""Which keys changed lately, so that nobody has to look through all of them after each change."""

from collections import deque
from itertools import islice

REMEMBERED = 8192  # changes


class History:
    """The last changes of something that grows its version by one at each."""

    def __init__(self) -> None:
        self._keys: deque[str] = deque(maxlen=REMEMBERED)

    def note(self, key: str) -> None:
        """Take note of a change, which is one version."""
        self._keys.append(key)

    def forget(self) -> None:
        """Everything may have changed."""
        self._keys.clear()

    def since(self, versions: int) -> list[str] | None:
        """Return the keys of the last so many changes; None when they are not known.

        >>> history = History()
        >>> for key in "abc": history.note(key)
        >>> history.since(2), history.since(0), history.since(4)
        (['b', 'c'], [], None)
        """
        if not 0 <= versions <= len(self._keys):
            return None
        return list(islice(self._keys, len(self._keys) - versions, None))
