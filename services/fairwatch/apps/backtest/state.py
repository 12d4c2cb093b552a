"""State for back-tests."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.domain.agenda import BESIDE
from fairwatch.domain.memory import HIDDEN


class QuickState:
    """domain.ports.State in memory that hands out what was put, without a copy: for one reader who keeps nothing.

    What no agenda looks for, such as the memory of what was done, is not among the items.
    """

    def __init__(self) -> None:
        self._values: dict[str, dict[str, Any]] = {}
        self._hidden: dict[str, dict[str, Any]] = {}

    def get(self, _partition: int, key: str) -> dict[str, Any] | None:
        """Return the value, or None."""
        return self._of(key).get(key)

    def put(self, _partition: int, key: str, value: Mapping[str, Any]) -> None:
        """Set the value."""
        self._of(key)[key] = dict(value)

    def delete(self, _partition: int, key: str) -> None:
        """Forget the key."""
        self._of(key).pop(key, None)

    def items(self, _partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Iterate over a snapshot."""
        return iter(list(self._values.items()))

    def generation(self, _partition: int) -> int:
        """Return the same always: nothing goes back here."""
        return 0

    def _of(self, key: str) -> dict[str, dict[str, Any]]:
        return self._hidden if key[0] == HIDDEN and not key.startswith(BESIDE) else self._values
