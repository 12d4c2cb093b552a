"""How much a backup may become when it is unpacked: a small file must not fill the memory of who reads it."""

import io
import zipfile
import zlib
from typing import Any

import fastavro

from fairwatch.domain.errors import ConfigurationError

MIB = 1 << 20
MEMBER = 256 * MIB  # what one member of at most 20,000 records may become
WHOLE = 4_096 * MIB  # and all of them
MANIFEST_LIMIT = 64 * MIB
_SYNC = 16
_HEADER = {
    "type": "record",
    "name": "Header",
    "fields": [
        {"name": "magic", "type": {"type": "fixed", "name": "Magic", "size": 4}},
        {"name": "meta", "type": {"type": "map", "values": "bytes"}},
        {"name": "sync", "type": {"type": "fixed", "name": "Sync", "size": _SYNC}},
    ],
}
_PARSED = fastavro.parse_schema(_HEADER)


def require_stored(archive: zipfile.ZipFile, name: str, limit: int = MEMBER) -> None:
    """Refuse a member that ZIP itself would blow up, or that is too large; our members are stored as they are.

    Raises:
        ConfigurationError: Names the member.
        KeyError: There is none of that name.
    """
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise ConfigurationError(f"{name}: is compressed by ZIP, which no backup of ours is")
    if info.file_size > limit:
        raise ConfigurationError(f"{name}: has {info.file_size // MIB} MiB, more than the {limit // MIB} of a member")


def unpacked(name: str, container: bytes, limit: int = MEMBER) -> int:
    """Return how many bytes the blocks of an Avro container become, without keeping them.

    Raises:
        ConfigurationError: They become more than `limit`, or it is no container.
    """
    stream = io.BytesIO(container)
    total = 0
    try:
        header: Any = fastavro.schemaless_reader(stream, _PARSED, None)
        codec = header["meta"].get("avro.codec", b"null")
        if codec not in {b"null", b"deflate"}:
            raise ConfigurationError(f"{name}: is packed with {codec!r}, which no backup of ours is")
        while stream.tell() < len(container):
            _long(stream)
            block = stream.read(_long(stream))
            total += len(block) if codec == b"null" else _inflated(block, limit - total)
            if total > limit:
                raise ConfigurationError(f"{name}: becomes more than {limit // MIB} MiB when it is unpacked")
            if stream.read(_SYNC) != header["sync"]:
                raise ConfigurationError(f"{name}: is no Avro container")
    except (EOFError, IndexError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise ConfigurationError(f"{name}: is no Avro container: {error}") from error
    return total


def _inflated(block: bytes, room: int) -> int:
    """Return how many bytes a deflated block becomes; one more than `room` where it is more."""
    stream, size = zlib.decompressobj(-15), 0
    while not stream.eof:
        some = stream.decompress(block, MIB)
        size += len(some)
        block = stream.unconsumed_tail
        if size > room:
            return room + 1
        if not some and not block:
            break
    return size


def _long(stream: io.BytesIO) -> int:
    value: Any = fastavro.schemaless_reader(stream, "long", None)
    if value < 0:
        raise ValueError("a size below 0")
    return int(value)
