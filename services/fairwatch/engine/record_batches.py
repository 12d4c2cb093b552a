"""Record batches as they lie in a partition: found one after the other, checked and opened, or said to be unreadable.

A topic that anybody may write to holds what anybody wrote. Brokers check little of it (Kafka not the names of headers,
the embedded broker nothing at all), and what was good is not always so after years on a disk.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch
from aiokafka.record.util import calc_crc32c

from fairwatch.engine.decompression import Decompressor, TooLargeError, UnknownCodecError

Fault = Literal["codec", "compression", "crc", "structure", "too_large", "truncated"]
V2 = 2

_HEADER = struct.Struct(">qiibIhiqqqhii")  # of a batch, up to its records
_LENGTH = struct.Struct(">qi")
_MAGIC = 16
_CHECKED = 21  # what the checksum is of begins here
_CODEC, _TRANSACTIONAL, _CONTROL = 0x07, 0x10, 0x20
_SMALLEST_OLD = 26  # a message of version 0 with nothing in it
_ATTRIBUTES = struct.Struct(">h")


class UnreadableError(Exception):
    """A batch cannot be opened; says why."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault: Fault = fault


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for records that cannot be read, where a consumer hands over records.

    Attributes:
        offset: Of the last of them, so that whoever goes on after this record leaves all of them behind.
        first: Of the first of them.
        timestamp: Milliseconds since 1970 UTC as the batch says, -1 where it does not.
        fault: In one word.
        detail: In words; holds nothing of the records.
    """

    topic: str
    partition: int
    offset: int
    first: int
    timestamp: int
    fault: Fault
    detail: str
    key: None = None
    value: None = None
    headers: tuple[()] = ()

    def __str__(self) -> str:
        where = f"offset {self.offset}" if self.first == self.offset else f"offsets {self.first} to {self.offset}"
        return f"{self.topic} partition {self.partition} {where} cannot be opened ({self.fault}): {self.detail}"


def about(lost: Unreadable) -> dict[str, Any]:
    """Return what a log line says of it."""
    names = ("topic", "partition", "first", "offset", "fault", "detail")
    return {name: getattr(lost, name) for name in names}


class Batch:
    """One record batch, still closed."""

    __slots__ = ("_data", "_fields", "base", "last", "magic")

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.magic: int = data[_MAGIC]
        self.base: int
        if self.magic >= V2:
            self._fields = _HEADER.unpack_from(data)
            self.base = self._fields[0]
            self.last = self.base + int(self._fields[6])
        else:
            self._fields = ()
            self.base = self.last = _LENGTH.unpack_from(data)[0]

    @property
    def control(self) -> bool:
        """Whether it is a mark of a transaction's end, written by the broker."""
        return self.magic >= V2 and bool(self._fields[5] & _CONTROL)

    @property
    def transactional(self) -> bool:
        """Whether it is part of a transaction."""
        return self.magic >= V2 and bool(self._fields[5] & _TRANSACTIONAL)

    @property
    def producer(self) -> int | None:
        """Return the id of its producer; None in old versions."""
        return self._fields[9] if self.magic >= V2 else None

    @property
    def timestamp(self) -> int:
        """Return the newest time in it, as far as it says one."""
        return self._fields[8] if self.magic >= V2 else -1

    @property
    def regular(self) -> bool:
        """Whether offsets and count agree, as every producer writes them; compaction may leave gaps."""
        return self.magic < V2 or self.last - self.base + 1 == self._fields[12] > 0

    @property
    def compressed(self) -> bool:
        """Whether it becomes larger when it is opened."""
        return self.magic >= V2 and bool(self._fields[5] & _CODEC)

    @property
    def sound(self) -> bool:
        """Whether the checksum is that of the content."""
        if self.magic >= V2:
            return bool(calc_crc32c(self._data[_CHECKED:]) == self._fields[4])
        try:
            return bool(LegacyRecordBatch(self._data, self.magic).validate_crc())
        except Exception:  # noqa: BLE001  # the old version reads before it checks, and stumbles in many ways
            return False

    def opened(self) -> Any:
        """Return aiokafka's batch, an iterator of records that may still find it broken."""
        return DefaultRecordBatch(self._data) if self.magic >= V2 else LegacyRecordBatch(self._data, self.magic)

    def decompressed(self, decompressor: Decompressor) -> tuple[Any, int]:
        """Return the same of a compressed batch, and the bytes that it became.

        Raises:
            UnreadableError: It cannot be decompressed.
        """
        attributes = self._fields[5]
        try:
            content = decompressor.decompressed(attributes & _CODEC, bytes(self._data[_HEADER.size :]))
        except UnknownCodecError as error:
            raise UnreadableError("codec", str(error)) from error
        except TooLargeError as error:
            raise UnreadableError("too_large", str(error)) from error
        except Exception as error:  # each library has its own
            raise UnreadableError("compression", f"it is not compressed as it says: {type(error).__name__}") from error
        head = bytearray(self._data[: _HEADER.size])
        _ATTRIBUTES.pack_into(head, _CHECKED, attributes & ~_CODEC)
        return DefaultRecordBatch(bytes(head) + content), len(content)


def batches(data: bytes) -> Iterator[Batch]:
    """Yield the batches of one fetch; the last one may have been cut off by the broker and is left out then.

    Raises:
        UnreadableError: The first one is not whole, which no broker does on purpose.
    """
    view, start = memoryview(data), 0
    while len(view) - start > _MAGIC:
        length = _LENGTH.size + _LENGTH.unpack_from(view, start)[1]
        smallest = _HEADER.size if view[start + _MAGIC] >= V2 else _SMALLEST_OLD
        if length < smallest or start + length > len(view):
            break
        yield Batch(view[start : start + length])
        start += length
    if start == 0:
        raise UnreadableError("truncated", f"its length is not that of the {len(view)} bytes that are there")
