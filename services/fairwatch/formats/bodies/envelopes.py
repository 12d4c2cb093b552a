"""Takes payloads out of what they travel in: multipart bodies, documents one after another, whole HTTP requests."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.payload import Payload

LARGEST: Final = 32 * 1024 * 1024
MOST_PARTS: Final = 256
_LONGEST_HEAD: Final = 16 * 1024

_BOUNDARY: Final = re.compile(r"boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^\s;,]{1,200}))", re.IGNORECASE)
_DELIMITER: Final = re.compile(rb"(?:\A|\n)--(\S[^\r\n]{0,199}?)[ \t]*(?=\r?\n)")
_PARAMETER: Final = re.compile(r";\s*(name|filename)\s*=\s*(?:\"([^\"]*)\"|([^;\s]+))", re.IGNORECASE)
_HEADER: Final = re.compile(rb"[!-9;-~]{1,100}:")
_HEAD_LINES: Final = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{0,60}:[^\r\n]*(?:\r?\n|\Z))*")
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_REQUEST: Final = re.compile(rb"[A-Z]{3,10} (\S{1,2000}) (?:HTTP|SIP)/\d(?:\.\d)?\r?\n")
_STATUS: Final = re.compile(rb"HTTP/\d(?:\.\d)? \d{3}[^\r\n]{0,200}\r?\n")
_ROOT: Final = re.compile(rb"<([A-Za-z_][^\s/>]{0,200})[\s/>]")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body; `name` and `filename` are empty where the device gave none."""

    name: str
    filename: str
    content_type: str
    body: bytes


def is_multipart(body: bytes, content_type: str = "") -> bool:
    """Return whether this is a multipart body, by its content type or by its first line."""
    return content_type.lower().startswith("multipart/") or bool(_DELIMITER.match(body))


def split_multipart(
    body: bytes, content_type: str = "", *, most_parts: int = MOST_PARTS, largest: int = LARGEST
) -> list[Part]:
    """Return the parts in order, also those that share a name.

    Cameras get multipart wrong in many ways. The boundary is read from the first line when the content type does not
    give it, or gives another. A slice of an endless stream may begin inside a part and end before one. A length that
    promises more than there is, is ignored; one that is too short would cut the part, so the body is refused.

    Args:
        body: The whole body, or a slice of a stream.
        content_type: As sent.
        most_parts: Limit of parts.
        largest: Limit of `body` in bytes.

    Raises:
        RejectedError: empty | too_large | malformed.
    """
    if len(body) > largest:
        raise RejectedError("too_large", f"the multipart body has {len(body)} bytes, more than {largest}")
    if not body.strip():
        raise RejectedError("empty", "the multipart body has no content")
    delimiter = _delimiter(body, content_type)
    parts: list[Part] = []
    for part in _parts(body, delimiter):
        parts.append(part)
        if len(parts) > most_parts:
            raise RejectedError("too_large", f"the multipart body has more than {most_parts} parts")
    if not parts:
        raise RejectedError("empty", "the multipart body has no part with content")
    return parts


def _delimiter(body: bytes, content_type: str) -> bytes:
    named = _BOUNDARY.search(content_type)
    if named:
        boundary = (named[1] or named[2]).encode()
        # Some cameras write the two dashes into the parameter already.
        for candidate in (b"--" + boundary, boundary):
            if candidate.startswith(b"--") and (body.startswith(candidate) or b"\n" + candidate in body):
                return candidate
    sniffed = _DELIMITER.search(body)
    if not sniffed:
        raise RejectedError("malformed", "the multipart body has no boundary")
    return b"--" + sniffed[1]


def _parts(body: bytes, delimiter: bytes) -> Iterator[Part]:
    lines = re.compile(rb"(?:\A|\r?\n)" + re.escape(delimiter) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    found = lines.search(body)
    start = found.start() if found else len(body)
    if body[:start].lstrip()[:1] in {b"<", b"{"}:
        yield _part(body[:start])
    while found and not found[1]:
        head = found.end()
        if again := lines.match(body, head):  # the boundary comes twice in a row
            found = again
            continue
        exact = _exact_end(body, head, lines)
        following = lines.match(body, exact) if exact is not None else lines.search(body, head)
        end = following.start() if following else len(body)
        if body[head:end].strip() and (part := _part(body[head:end])).body:
            yield part
        found = following


def _exact_end(body: bytes, start: int, lines: re.Pattern[bytes]) -> int | None:
    """Trust a stated length only when a boundary follows: then even a picture that contains the boundary is whole."""
    blank = _BLANK.search(body, start, start + _LONGEST_HEAD)
    if blank and (length := _stated_length(body[start : blank.start()])) is not None:
        end = blank.end() + length
        if end <= len(body) and lines.match(body, end):
            return end
    return None


def _part(raw: bytes) -> Part:
    raw = re.sub(rb"\A\r?\n", b"", raw, count=1)
    head, content = b"", raw
    if _HEADER.match(raw):
        blank = _BLANK.search(raw, 0, _LONGEST_HEAD)
        # Without a blank line the head ends where a line is none of it.
        cut = blank.start() if blank else _HEAD_LINES.match(raw).end()  # type: ignore[union-attr]  # it matches nothing too
        head, content = raw[:cut], raw[blank.end() if blank else cut :]
    length = _stated_length(head)
    if length is not None and length < len(content):
        if content[length:].strip(b"\r\n \t\0"):
            detail = f"Content-Length {length} is smaller than its part of {len(content)} bytes"
            raise RejectedError("malformed", detail, "Content-Length")
        content = content[:length]
    disposition = _value(head, "content-disposition")
    named = {match[1].lower(): match[2] or match[3] or "" for match in _PARAMETER.finditer(disposition)}
    return Part(named.get("name", ""), named.get("filename", ""), _value(head, "content-type"), content)


def _value(head: bytes, name: str) -> str:
    for line in head.splitlines():
        key, _, value = line.partition(b":")
        if key.strip().lower() == name.encode():
            return value.strip().decode("utf-8", "replace")
    return ""


def _stated_length(head: bytes) -> int | None:
    value = _value(head, "content-length")
    return int(value) if value.isascii() and value.isdigit() and len(value) < len(str(2**63)) else None


def split_documents(body: bytes, *, most: int = MOST_PARTS) -> list[bytes]:
    """Return XML documents that were sent one after another, with or without a declaration each.

    Nothing is parsed here: a body of one document, whole or broken, comes back as that one.

    Raises:
        RejectedError: too_large.
    """
    documents: list[bytes] = []
    rest = body.strip()
    while rest:
        root = _ROOT.search(rest)
        end = _end_of(rest, root[1], root.start()) if root else -1
        if end < 0 or rest[end:].lstrip()[:1] != b"<":
            documents.append(rest)
            break
        documents.append(rest[:end])
        rest = rest[end:].lstrip()
        if len(documents) >= most:
            raise RejectedError("too_large", f"more than {most} documents in one body")
    return documents


def _end_of(text: bytes, root: bytes, start: int) -> int:
    """Return where the root element ends, or -1; elements of the same name inside it are counted."""
    depth = 0
    tags = re.compile(rb"<(/?)" + re.escape(root) + rb"(?=[\s/>])[^<>]{0,20000}?(/?)>")
    for tag in tags.finditer(text, start):
        depth += -1 if tag[1] else 0 if tag[2] else 1
        if depth <= 0:
            return tag.end()
    return -1


def is_http_request(body: bytes) -> bool:
    """Return whether the bytes are a whole HTTP request or response, head and all."""
    return bool(_REQUEST.match(body) or _STATUS.match(body))


def open_http(payload: Payload) -> Payload:
    """Return the payload that a recorded HTTP request carries, with its path and headers.

    A body that is shorter than its Content-Length was cut and is refused; a longer one is taken whole, since recordings
    are often saved again in another charset or with other line ends.

    Raises:
        RejectedError: malformed | empty.
    """
    raw = payload.body
    request = _REQUEST.match(raw)
    blank = _BLANK.search(raw, 0, _LONGEST_HEAD)
    if not blank:
        raise RejectedError("malformed", "the HTTP head does not end")
    head, body = raw[: blank.start()], raw[blank.end() :]
    length = _stated_length(head)
    if length is not None and len(body) + body.count(b"\n") < length:
        raise RejectedError("malformed", f"Content-Length {length} but only {len(body)} bytes follow", "Content-Length")
    if not body.strip():
        raise RejectedError("empty", "the HTTP message has no body")
    pairs = (line.partition(b":") for line in head.splitlines()[1:])
    headers = {key.strip().decode("latin-1").lower(): value.strip().decode("latin-1") for key, _, value in pairs}
    path = unquote(request[1].decode("latin-1").partition("?")[0]) if request else payload.path
    return replace(
        payload,
        body=body,
        content_type=headers.get("content-type", ""),
        path=path,
        headers={**payload.headers, **headers},
    )
