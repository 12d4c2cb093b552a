"""Record batches that cannot be opened, as strangers write and disks leave them; the embedded broker takes most."""

import struct
from collections.abc import Callable, Sequence
from typing import Any

import cramjam
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

HEADER = 61
_LENGTH, _CRC, _CHECKED, _LAST, _COUNT = 8, 17, 21, 23, 57
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
Row = tuple[bytes | None, bytes | None]


def batch(rows: Sequence[Row], base: int = 0, *, codec: int = 0, header: bytes = b"h") -> bytes:
    """Return a sound batch of (key, value)."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 64 << 20)
    for offset, (key, value) in enumerate(rows):
        builder.append(offset, 1_767_225_600_000, key, value, [("h", header)])
    return placed(bytes(builder.build()), base)


def placed(data: bytes, base: int) -> bytes:
    """Return a batch at another offset; brokers do that, and the checksum does not cover it."""
    return struct.pack(">q", base) + data[8:]


def signed(data: bytes | bytearray) -> bytes:
    """Return a batch whose length and checksum are right, whatever else is wrong with it."""
    data = bytearray(data)
    struct.pack_into(">i", data, _LENGTH, len(data) - 12)
    struct.pack_into(">I", data, _CRC, calc_crc32c(bytes(data[_CHECKED:])))
    return bytes(data)


def attributes(data: bytes, value: int) -> bytes:
    """Return a batch with other attributes: codec, transaction, control."""
    return signed(data[:_CHECKED] + struct.pack(">h", value) + data[_CHECKED + 2 :])


def bad_checksum(data: bytes) -> bytes:
    """Return a batch with a bit flipped in its last record."""
    return data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]


def bomb(count: int, size: int, codec: str = "zstd") -> bytes:
    """Return a batch whose `count` records are `size` zeros each."""
    data = batch([(b"bomb", bytes(size))] * count)
    compress: Callable[[bytes], Any] = {
        "zstd": cramjam.zstd.compress,
        "lz4": cramjam.lz4.compress,
        "gzip": cramjam.gzip.compress,
        "snappy": cramjam.snappy.compress_raw,
    }[codec]
    return attributes(data[:HEADER] + bytes(compress(data[HEADER:])), CODECS[codec])


def counts(data: bytes, last: int, count: int) -> bytes:
    """Return a batch that says another last offset (relative to its first) and another number of records."""
    data = data[:_LAST] + struct.pack(">i", last) + data[_LAST + 4 : _COUNT] + struct.pack(">i", count) + data[HEADER:]
    return signed(data)


ROWS: list[Row] = [(b"k", b"value one"), (b"k", b"value two"), (b"k", b"value three")]
SOUND = batch(ROWS)
# What a stranger may send to the embedded broker, which looks at none of it; three offsets each.
BROKEN = {
    "a checksum that is wrong": bad_checksum(SOUND),
    "zstd that is none": attributes(SOUND, CODECS["zstd"]),
    "gzip that is none": attributes(SOUND, CODECS["gzip"]),
    "snappy that is none": attributes(SOUND, CODECS["snappy"]),
    "lz4 that is none": attributes(SOUND, CODECS["lz4"]),
    "records that end too early": signed(SOUND[:-5]),
    "a length without end": signed(SOUND[:HEADER] + b"\xff" * 12 + SOUND[HEADER + 12 :]),
    "a header's name that is no text": signed(SOUND.replace(b"\x02h\x02h", b"\x02\xff\x02h")),
    "more zeros than fit": bomb(3, 20 << 20),
}


class _Built:
    """What a producer's batch builder is asked for; answers with bytes of our own."""

    def __init__(self, builder: Any, data: bytes) -> None:
        self._builder = builder
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._builder, name)

    def build(self) -> bytes:
        return self._data


async def write(bootstrap: str, topic: str, batches: Sequence[bytes], partition: int = 0, records: int = 3) -> None:
    """Write batches as they are, in order."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for data in batches:
            builder = producer.create_batch()
            for _ in range(records):
                builder.append(timestamp=None, key=None, value=b"")
            builder.close()
            builder._builder = _Built(builder._builder, data)
            await (await producer.send_batch(builder, topic, partition=partition))
