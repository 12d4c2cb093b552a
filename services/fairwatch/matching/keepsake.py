"""Templates of enrolment pictures in a sealed file, so that a restart does not enrol everybody again.

The file holds templates of people who are listed, and of nobody else: what is taken off a list is missing from the next
file, which is written within a minute. Without its key it says nothing. A file that is damaged, of another key or of
another template space is worth nothing: everybody is enrolled from the pictures. With data keys each file has its own,
deleted when the next file is there: copies of old ones say nothing then.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import numpy as np
import orjson
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ports import FileKeys
from fairwatch.matching.codes import Floats
from fairwatch.matching.gallery_rows import Piece

MAGIC = b"fairwatch-gallery-1\n"
AT_ONCE = 16_384  # rows sealed together
LEAST_KEY = 32  # characters
NONCE, NAME = 12, 16
_LENGTH = struct.Struct(">I")

log = structlog.get_logger()


class Keepsake:
    """The file of one worker.

    Args:
        file: Where; its folder must be there.
        secret: At least 32 characters.
        space: Template space.
        keys: Gives each file a data key of its own, so that a copy of an old one says nothing; None for none.

    Raises:
        ConfigurationError: The secret is too short.
    """

    def __init__(self, file: Path, secret: str, space: str, keys: FileKeys | None = None) -> None:
        if len(secret) < LEAST_KEY:
            raise ConfigurationError(f"gallery_key needs {LEAST_KEY} characters: it seals the templates in {file}")
        self._file = file
        self._secret = b"fairwatch gallery\0" + secret.encode()
        self._keys = keys
        self._space = space

    def read(self) -> dict[tuple[str, str], Floats]:
        """Return templates by entry id and picture; none where there is no file, or none of ours."""
        try:
            content = self._file.read_bytes()
            found = dict(self._opened(content))
        except FileNotFoundError:
            return {}
        except (OSError, InvalidTag, ValueError, struct.error, orjson.JSONDecodeError) as error:
            log.warning("gallery.unreadable", file=str(self._file), error=type(error).__name__)
            return {}
        log.info("gallery.read", templates=len(found))
        return found

    def write(self, pieces: Sequence[Piece]) -> None:
        """Put these rows in the place of what the file held; whoever reads it meanwhile gets the one or the other.

        Then the data key of what it held is deleted, where there is one.
        """
        before, name = self._name(), os.urandom(16)
        cipher = self._cipher(self._keys.make(name.hex()) if self._keys else b"")
        beside = self._file.with_name(f".{self._file.name}.{uuid4().hex}")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(MAGIC)
                for block in self._sealed(pieces, name, cipher):
                    out.write(_LENGTH.pack(len(block)) + block)
                out.flush()
                os.fsync(out.fileno())
            beside.replace(self._file)
        finally:
            beside.unlink(missing_ok=True)
        if self._keys and before:
            self._keys.delete(before.hex())

    def _cipher(self, key: bytes) -> AESGCM:
        return AESGCM(sha256(self._secret + key).digest())

    def _name(self) -> bytes:
        """Return the name of the file that is there, which its data key has too; empty for none of ours."""
        begin = len(MAGIC) + _LENGTH.size
        try:
            with self._file.open("rb") as there:
                return there.read(begin + NAME)[begin:]
        except OSError:
            return b""

    def _sealed(self, pieces: Sequence[Piece], name: bytes, cipher: AESGCM) -> Iterator[bytes]:
        """Yield blocks; each names its number and whether it is the last, so that none can be missing or moved."""
        parts = [(piece, start) for piece in pieces for start in range(0, len(piece.entries), AT_ONCE)]
        yield name
        for number, (piece, start) in enumerate(parts):
            rows = slice(start, start + AT_ONCE)
            names = orjson.dumps([piece.entries[rows], piece.pictures[rows]])
            values = np.ascontiguousarray(piece.values[rows], np.float32).tobytes()
            nonce = os.urandom(NONCE)
            plain = _LENGTH.pack(len(names)) + names + values
            yield nonce + cipher.encrypt(nonce, plain, self._about(name, number))
        nonce = os.urandom(NONCE)
        yield nonce + cipher.encrypt(nonce, b"", self._about(name, len(parts), b"end"))

    def _opened(self, content: bytes) -> Iterator[tuple[tuple[str, str], Floats]]:
        if not content.startswith(MAGIC):
            raise ValueError("not a gallery")
        blocks = list(_blocks(content[len(MAGIC) :]))
        if len(blocks) < 2:  # noqa: PLR2004  # a name and an end
            raise ValueError("cut off")
        name, *sealed, end = blocks
        key = self._keys.known(name.hex()) if self._keys else b""
        if key is None:
            raise ValueError("its data key was deleted")
        cipher = self._cipher(key)
        cipher.decrypt(end[:NONCE], end[NONCE:], self._about(name, len(sealed), b"end"))
        for number, block in enumerate(sealed):
            plain = cipher.decrypt(block[:NONCE], block[NONCE:], self._about(name, number))
            (length,) = _LENGTH.unpack_from(plain)
            entries, pictures = orjson.loads(plain[_LENGTH.size : _LENGTH.size + length])
            values = np.frombuffer(plain[_LENGTH.size + length :], np.float32).reshape(len(entries), -1)
            yield from zip(zip(entries, pictures, strict=True), values, strict=True)

    def _about(self, name: bytes, number: int, kind: bytes = b"rows") -> bytes:
        return b"|".join((MAGIC, self._space.encode(), name, kind, str(number).encode()))


def _blocks(content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        (length,) = _LENGTH.unpack_from(content, place)
        place += _LENGTH.size
        if place + length > len(content):
            raise ValueError("cut off")
        yield content[place : place + length]
        place += length
