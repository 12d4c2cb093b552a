"""Decompresses record batches of every codec that Kafka knows, up to a limit.

aiokafka decompresses whatever a batch becomes: one of 10 kB, written by anybody, can become 300 MB of zeros.
"""

import mmap
import struct
import zlib
from collections.abc import Callable

import cramjam

MOST_BYTES = 32 << 20  # of one batch; brokers refuse batches above 1 MiB, as they are compressed, by default
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4  # as the attributes of a batch say
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16
_LENGTH = struct.Struct(">i")
_FULL = "failed to write whole buffer"


class UnknownCodecError(ValueError):
    """Kafka has no such codec."""


class TooLargeError(ValueError):
    """A batch becomes larger than the limit."""


class Decompressor:
    """Decompresses batches, one at a time; not to be shared by threads.

    Args:
        most: Bytes that a batch may become.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._room: mmap.mmap | None = None
        self._by_codec: dict[int, Callable[[bytes], bytes]] = {
            GZIP: self._gzip,
            SNAPPY: self._snappy,
            LZ4: lambda data: self._within(cramjam.lz4.decompress_into, data),
            ZSTD: lambda data: self._within(cramjam.zstd.decompress_into, data),
        }

    def decompressed(self, codec: int, data: bytes) -> bytes:
        """Return what was compressed.

        Raises:
            UnknownCodecError: Kafka has no such codec.
            TooLargeError: It is larger than the limit.
            Exception: The data is not of that codec; each library has exceptions of its own.
        """
        decompress = self._by_codec.get(codec)
        if decompress is None:
            raise UnknownCodecError(f"Kafka has no codec {codec}")
        return decompress(data)

    def _within(self, decompress: Callable[[bytes, mmap.mmap], int], data: bytes) -> bytes:
        if self._room is None:
            self._room = mmap.mmap(-1, self._most)  # costs memory only as far as it was ever filled
        try:
            size = decompress(data, self._room)
        except cramjam.DecompressionError as error:
            if _FULL in str(error):
                raise self._too_large() from error
            raise
        return self._room[:size]

    def _gzip(self, data: bytes) -> bytes:
        whole = b""
        while data:
            member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            whole += member.decompress(data, self._most + 1 - len(whole))
            if len(whole) > self._most:
                raise self._too_large()
            if not member.eof:
                raise EOFError("gzip ends too early")
            data = member.unused_data
        return whole

    def _snappy(self, data: bytes) -> bytes:
        if not data.startswith(_XERIAL):
            return self._snappy_block(data, self._most)
        parts, size, start = [], 0, _XERIAL_HEADER
        while start < len(data):
            (length,) = _LENGTH.unpack_from(data, start)
            start += _LENGTH.size
            if not 0 < length <= len(data) - start:
                raise EOFError(f"a block of snappy has {length} bytes, {len(data) - start} are left")
            parts.append(self._snappy_block(data[start : start + length], self._most - size))
            size += len(parts[-1])
            start += length
        return b"".join(parts)

    def _snappy_block(self, block: bytes, most: int) -> bytes:
        if cramjam.snappy.decompress_raw_len(block) > most:
            raise self._too_large()
        return bytes(cramjam.snappy.decompress_raw(block))

    def _too_large(self) -> TooLargeError:
        return TooLargeError(f"it becomes larger than {self._most} bytes")
