"""What one body may become: judged by this code at the gateway, which tells the sender, and in normalize.

A list of small items below one large heading would otherwise be a lever: 0.4 MB of body, 629 MB of records.
"""

from typing import Any, Final

from fairwatch.domain.errors import RejectedError

MOST_RECORDS: Final = 1_000
GROWTH: Final = 4  # times the body
ALWAYS: Final = 64 * 1024  # bytes that any body may become
_COPIES: Final = 3  # of the body that one record holds at most, since few rows repeat a value
_FRAME: Final = 4096  # bytes of ids, times and names of ours in one record
_NUMBER: Final = 8

Typed = tuple[str, dict[str, Any]]


class BoundedRecords(list[Typed]):
    """The records of one body, (record name, record) each; it refuses one too many.

    Args:
        body_bytes: Size of the body.
    """

    def __init__(self, body_bytes: int) -> None:
        super().__init__()
        self.limit = max(GROWTH * body_bytes, ALWAYS)
        self._sure = max(1, self.limit // (_COPIES * body_bytes + _FRAME))  # so many need no measuring
        self._measured = self._bytes = 0

    def append(self, record: Typed) -> None:
        """Add a record.

        Raises:
            RejectedError: too_large.
        """
        if len(self) >= MOST_RECORDS:
            raise RejectedError("too_large", f"the body becomes more than {MOST_RECORDS} records; send it in parts")
        super().append(record)
        if len(self) <= self._sure:
            return
        for _, one in self[self._measured :]:
            self._bytes += weight(one)
        self._measured = len(self)
        if self._bytes > self.limit:
            raise RejectedError(
                "too_large", f"the body becomes more than {self.limit} bytes of records; send it in smaller parts"
            )


def weight(value: Any) -> int:
    """Return about how many bytes a value takes on the wire; names of fields do not travel, those of a map do.

    >>> weight({"text": "B-AB 123", "speed": 12.5, "extensions": {"lane": "2"}})
    23
    """
    kind = type(value)
    if kind is str:
        return 1 + (len(value) if value.isascii() else len(value.encode("utf-8", "replace")))
    if kind is dict:
        total = sum(map(weight, value.values()))
        names = value.get("extensions")
        return total + sum(map(len, names)) if type(names) is dict else total
    if kind is list:
        return 1 + sum(map(weight, value))
    if kind is bytes:
        return 1 + len(value)
    return 1 if value is None or kind is bool else _NUMBER
