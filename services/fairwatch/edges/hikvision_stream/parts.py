"""Cuts an endless multipart stream into messages: a document and the pictures that follow it."""

import re
from collections.abc import Iterator
from typing import Final

from fairwatch.domain.errors import RejectedError

BOUNDARY: Final = "fairwatch"
_LINE: Final = re.compile(rb"(?:\A|\r?\n)--\S[^\r\n]{0,199}?[ \t]*\r?\n")
_AGAIN: Final = re.compile(rb"(?:(?:\r?\n)?--\S[^\r\n]{0,199}?[ \t]*\r?\n)+")
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_LENGTH: Final = re.compile(rb"^content-length:[ \t]*(\d{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_LONGEST_HEAD: Final = 16 * 1024
_DOCUMENT: Final = frozenset({b"<", b"{"})
_ENDS: Final = frozenset({b">", b"}"})


class PartCutter:
    """Cuts what was received into parts, each as soon as it is whole.

    A stated length is believed when the part looks complete with it; else, and without one, the next boundary ends it.
    A boundary line that comes twice, and any text between parts, is skipped.

    Args:
        largest: Bytes of one part.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._buffer = bytearray()

    @property
    def is_within(self) -> bool:
        """Return whether a part has begun and not ended."""
        return bool(self._buffer.strip())

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take more of the stream, and give every part that is whole now: its head, an empty line and its content.

        Raises:
            RejectedError: too_large.
        """
        self._buffer += data
        while (part := self._next()) is not None:
            if part.strip():
                yield part
        if len(self._buffer) > self._largest + _LONGEST_HEAD:
            raise RejectedError("too_large", f"a part of the stream has more than {self._largest} bytes")

    def _next(self) -> bytes | None:
        line = _LINE.search(self._buffer)
        if line is None:
            return None
        again = _AGAIN.match(self._buffer, line.end())
        start = again.end() if again else line.end()
        exact = self._stated_end(start)
        if exact is not None:
            return self._take(start, exact, exact)
        following = _LINE.search(self._buffer, start - 2)  # the end of one line may begin the next
        if following is None or following.start() < start - 2:
            return None
        end = max(start, following.start())
        return self._take(start, end, following.start())

    def _take(self, start: int, end: int, rest: int) -> bytes:
        part = bytes(self._buffer[start:end])
        del self._buffer[:rest]
        return part

    def _stated_end(self, start: int) -> int | None:
        blank = _BLANK.search(self._buffer, start, start + _LONGEST_HEAD)
        length = _LENGTH.search(self._buffer, start, blank.start()) if blank else None
        if blank is None or length is None:
            return None
        end = blank.end() + int(length[1])
        content = self._buffer[blank.end() : end]
        if end > len(self._buffer):
            return None
        if bytes(content.lstrip()[:1]) in _DOCUMENT and bytes(content.rstrip(b"\r\n \t\0")[-1:]) not in _ENDS:
            return None  # it would cut the document
        return end


def is_document(part: bytes) -> bool:
    """Return whether a part is an event, rather than a picture of the event before it."""
    return content_of(part).lstrip()[:1] in _DOCUMENT


def content_of(part: bytes) -> bytes:
    """Return a part without its head."""
    blank = _BLANK.search(part, 0, _LONGEST_HEAD)
    return part[blank.end() :] if blank else part


def message_of(parts: list[bytes]) -> tuple[bytes, str]:
    """Return body and content type of an event, with the pictures that came behind it."""
    if len(parts) == 1:
        content = content_of(parts[0])
        return content, "application/json" if content.lstrip()[:1] == b"{" else "application/xml"
    line = f"--{BOUNDARY}".encode()
    body = b"".join(line + b"\r\n" + part.removesuffix(b"\r\n") + b"\r\n" for part in parts) + line + b"--\r\n"
    return body, f"multipart/mixed; boundary={BOUNDARY}"
