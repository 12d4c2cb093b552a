"""Binary frames of a WebSocket: eight bytes of head each, then JSON, perhaps deflated; two of them are one message."""

import struct
import zlib
from typing import Any, Final

from fairwatch.formats.bodies.documents import LARGEST, parse_json

_HEAD: Final = struct.Struct(">BBBBI")  # kind of frame (1 action, 2 data), format (1 JSON), deflated, unused, length
_NAMES: Final = {1: "action", 2: "data"}
_JSON: Final = 1


def is_frames(body: bytes) -> bool:
    """Return whether the bytes begin with such a frame."""
    if len(body) < _HEAD.size or body[0] not in _NAMES or body[1] != _JSON or body[2] > 1:
        return False
    return _HEAD.size + int(_HEAD.unpack_from(body)[4]) <= len(body)


def read_frames(body: bytes) -> dict[str, Any]:
    """Return the frames by name: `{action: …, data: …}`.

    Raises:
        RejectedError: malformed | too_deep.
    """
    found: dict[str, Any] = {}
    at = 0
    while is_frames(body[at:]):
        kind, _, deflated, _, length = _HEAD.unpack_from(body, at)
        at += _HEAD.size
        part = body[at : at + length]
        found[_NAMES[kind]] = parse_json(_inflated(part) if deflated else part)
        at += length
    return found


def _inflated(part: bytes) -> bytes:
    """Return at most `LARGEST` bytes; what is broken comes back as it is and is no JSON."""
    try:
        return zlib.decompressobj().decompress(part, LARGEST)
    except zlib.error:
        return part
