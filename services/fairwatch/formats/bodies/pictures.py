"""Pictures as they are kept: their image, to the last bit, and nothing that was written beside it.

EXIF, XMP, IPTC, comments, colour profiles with their texts, and bytes after the end may name a person, a place or a
protected attribute, and nobody would ever see them there. No picture is decoded: its parts are told apart by their
headers, and those that make up the image are kept as they are.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = b"\0\0\0\0IEND\xae\x42\x60\x82"
_PNG_IMAGE: Final = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs"}
    | {b"acTL", b"fcTL", b"fdAT"}
)
_WEBP_IMAGE: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})
_VP8X_NAMED: Final = 0b0010_1100  # of its flags: colour profile, EXIF, XMP
_LOOP: Final = b"NETSCAPE2.0"
_SOI, _EOI, _SOS, _COM, _TEM = 0xD8, 0xD9, 0xDA, 0xFE, 0x01
_APP0, _APP14, _APP15 = 0xE0, 0xEE, 0xEF
_RESTARTS: Final = range(0xD0, 0xD8)
_BMP_HEADERS: Final = 26  # bytes of the shortest there are
_JFIF: Final = 16  # bytes of its segment without a thumbnail


class NoPictureError(ValueError):
    """The bytes are no picture of a kind that is kept."""


class _DamagedError(ValueError):
    """From here on the parts do not add up."""


def bare(body: bytes) -> tuple[bytes, str]:
    """Return a picture without its metadata, and its media type; of a damaged one what comes before the damage.

    Raises:
        NoPictureError: It is no JPEG, PNG, WebP, GIF or BMP.
    """
    for signature, mime, parts, whole in _KINDS:
        if body.startswith(signature):
            kept: list[bytes] = []
            with suppress(IndexError, struct.error, _DamagedError):
                for part in parts(body):
                    kept.append(part)  # noqa: PERF402  # what came before the damage stays
            if kept:
                return whole(b"".join(kept)), mime
    raise NoPictureError("the bytes are no picture of a kind that is kept")


def _jpeg(body: bytes) -> Iterator[bytes]:
    yield body[:2]
    position = 2
    while True:
        marker, start = _marker(body, position)
        if marker == _EOI:
            return
        if marker in _RESTARTS or marker in {_TEM, _SOI}:
            position = start
            continue
        end = start + int.from_bytes(body[start : start + 2], "big")
        if end < start + 2 or end > len(body):
            raise _DamagedError
        segment = body[start:end]
        if marker == _SOS:
            end = _scan_end(body, end)
            yield b"\xff\xda" + body[start:end]
        elif marker == _APP0 and segment[2:7] == b"JFIF\0":
            yield b"\xff\xe0\0\x10" + segment[2 : _JFIF - 2] + b"\0\0"  # its thumbnail is another picture
        elif marker == _APP14 and segment[2:7] == b"Adobe":
            yield b"\xff\xee\0\x0e" + segment[2:14]
        elif not (_APP0 <= marker <= _APP15 or marker == _COM):
            yield bytes((0xFF, marker)) + segment
        position = end


def _marker(body: bytes, position: int) -> tuple[int, int]:
    """Return the marker at a position, and where what follows it begins; filling bytes before it count for nothing."""
    if body[position] != 0xFF:  # noqa: PLR2004  # how every marker begins
        raise _DamagedError
    while body[position] == 0xFF:  # noqa: PLR2004
        position += 1
    return body[position], position + 1


def _scan_end(body: bytes, position: int) -> int:
    """Return where the coded data of a scan end: at the next marker that is neither a stuffed byte nor a restart."""
    while True:
        position = body.find(b"\xff", position)
        if position < 0 or position + 1 == len(body):
            return len(body)
        following = body[position + 1]
        if following and following not in _RESTARTS and following != 0xFF:  # noqa: PLR2004
            return position
        position += 1 if following == 0xFF else 2  # noqa: PLR2004


def _png(body: bytes) -> Iterator[bytes]:
    yield _PNG
    position, name = len(_PNG), b""
    while name != _PNG_END[4:8]:
        size, name = struct.unpack_from(">I4s", body, position)
        end = position + 12 + size
        if end > len(body):
            raise _DamagedError
        if name in _PNG_IMAGE:
            yield body[position:end]
        position = end


def _webp(body: bytes) -> Iterator[bytes]:
    (size,) = struct.unpack_from("<I", body, 4)
    if body[8:12] == b"WEBP":  # RIFF holds sound and films as well
        yield b"WEBP"
        yield from _riff(body, 12, min(size + 8, len(body)))


def _riff(body: bytes, position: int, end: int) -> Iterator[bytes]:
    while position + 8 <= end:
        name, size = struct.unpack_from("<4sI", body, position)
        data = body[position + 8 : position + 8 + size]
        if len(data) < size:
            raise _DamagedError
        if name == b"VP8X":
            data = bytes((data[0] & ~_VP8X_NAMED,)) + data[1:]
        if name == b"ANMF":
            data = data[:16] + b"".join(_riff(data, 16, len(data)))
        if name in _WEBP_IMAGE:
            yield name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
        position += 8 + size + size % 2


def _gif(body: bytes) -> Iterator[bytes]:
    position = 13 + _table(body[10])
    if position > len(body):
        raise _DamagedError
    yield body[:position]
    while body[position] != 0x3B:  # noqa: PLR2004  # the trailer
        start = position
        if body[position] == 0x2C:  # noqa: PLR2004  # an image
            position = _blocks(body, position + 11 + _table(body[position + 9]))
            yield body[start:position]
            continue
        if body[position] != 0x21:  # noqa: PLR2004  # an extension
            raise _DamagedError
        label, position = body[position + 1], _blocks(body, position + 2)
        if label == 0xF9 or (label == 0xFF and body[start + 3 : start + 14] == _LOOP):  # noqa: PLR2004
            yield body[start:position]


def _table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(body: bytes, position: int) -> int:
    while body[position]:
        position += 1 + body[position]
    return position + 1


def _bmp(body: bytes) -> Iterator[bytes]:
    (size,) = struct.unpack_from("<I", body, 2)
    if size > _BMP_HEADERS:
        yield body[:size]


def _ended(kept: bytes, end: bytes) -> bytes:
    return kept if kept.endswith(end) else kept + end


_Parts = Callable[[bytes], Iterator[bytes]]
_Whole = Callable[[bytes], bytes]
_KINDS: Final[tuple[tuple[bytes, str, _Parts, _Whole], ...]] = (
    (b"\xff\xd8", "image/jpeg", _jpeg, lambda kept: kept + b"\xff\xd9"),
    (_PNG, "image/png", _png, lambda kept: _ended(kept, _PNG_END)),
    (b"RIFF", "image/webp", _webp, lambda kept: b"RIFF" + struct.pack("<I", len(kept)) + kept),
    (b"GIF8", "image/gif", _gif, lambda kept: kept + b";"),
    (b"BM", "image/bmp", _bmp, bytes),
)
