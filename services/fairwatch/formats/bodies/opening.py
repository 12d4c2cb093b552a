"""Opens a body: its documents, each with the pictures that came beside it."""

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.documents import Syntax, parse, parse_json
from fairwatch.formats.bodies.envelopes import (
    is_http_request,
    is_multipart,
    open_http,
    split_documents,
    split_multipart,
)
from fairwatch.formats.bodies.frames import is_frames, read_frames
from fairwatch.formats.bodies.keyvalue import read_pairs
from fairwatch.formats.bodies.pictures import NoPictureError, bare
from fairwatch.formats.bodies.table import read_table
from fairwatch.formats.payload import Payload

_DOCUMENT_LEADS: Final = frozenset({b"<", b"{", b"["})
_TEXT_LEADS: Final = frozenset({b"_"})
_JSON_LEADS: Final = frozenset({b"{", b"["})
_PICTURES: Final = ("image/", "video/", "audio/", "application/octet-stream")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that came beside the document, as a part of the same body."""

    name: str
    filename: str
    mime: str
    sha256: str
    size: int


class PictureStore(Protocol):
    """Where the bytes of pictures go."""

    def keep(self, body: bytes, mime: str) -> str:
        """Keep a picture and return its SHA-256 in hex."""


@dataclass(slots=True)
class Document:
    """One parsed document of a body."""

    syntax: Syntax
    tree: Any
    pictures: list[Picture] = field(default_factory=list)


def open_body(payload: Payload, store: PictureStore) -> list[Document]:
    """Return the documents of a body in order; a JSON list of objects is as many documents.

    Raises:
        RejectedError: empty | too_large | too_deep | malformed | forbidden_xml.
    """
    if payload.body[:1] in _JSON_LEADS and payload.content_type[:10].lower() != "multipart/":
        try:
            return _open(payload.body, payload.content_type)
        except RejectedError:
            if b"\n--" not in payload.body:  # it may still be the first part of many; no JSON has a line like that
                raise
    if is_http_request(payload.body):
        payload = open_http(payload)
    body = payload.body
    if is_frames(body):
        return [Document("json", read_frames(body))]
    if is_multipart(body, payload.content_type) or b"\n--" in body:
        return _open_multipart(payload, store)
    return _open(body, payload.content_type)


def _open(body: bytes, content_type: str) -> list[Document]:
    lead = body.lstrip()[:1]
    if (lead.isalpha() or lead in _TEXT_LEADS) and (pairs := read_pairs(body) or read_table(body)):
        return [Document("text", tree) for tree in pairs]
    try:
        syntax, tree = parse(body, content_type)
    except RejectedError as error:
        if error.reason == "malformed" and lead == b"{" and (trees := _json_lines(body)):
            return [Document("json", one) for one in trees]
        bodies = split_documents(body) if body.lstrip()[:1] == b"<" else []
        if len(bodies) < 2:  # noqa: PLR2004  # several
            raise
        return [document for one in bodies for document in _open(one, content_type)]
    if syntax == "xml":
        return [Document(syntax, tree)]
    trees = tree if type(tree) is list else [tree]
    if not all(type(one) is dict for one in trees):
        raise RejectedError("malformed", "the JSON document is no object")
    return [Document(syntax, one) for one in trees]


def messages_of(recording: bytes) -> list[bytes]:
    """Return the messages of a recording: one a line where every line is an object of its own, else the whole."""
    lines = [line for line in recording.splitlines() if line.strip()]
    several = len(lines) > 1 and all(line[:1] == b"{" and line.rstrip()[-1:] == b"}" for line in lines)
    return lines if several else [recording]


def _json_lines(body: bytes) -> list[dict[str, Any]]:
    """Return the objects of a body that has one a line, or nothing where a line is none."""
    found: list[dict[str, Any]] = []
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            tree = parse_json(line)
        except RejectedError:
            return []
        if type(tree) is not dict:
            return []
        found.append(tree)
    return found


def _open_multipart(payload: Payload, store: PictureStore) -> list[Document]:
    documents: list[Document] = []
    early: list[Picture] = []
    for part in split_multipart(payload.body, payload.content_type):
        if part.body.lstrip()[:1] in _DOCUMENT_LEADS and not part.content_type.startswith("image/"):
            documents.extend(_open(part.body, part.content_type))
        elif part.content_type.startswith(_PICTURES) or part.filename:
            try:
                body, mime = bare(part.body)
            except NoPictureError:
                continue  # nothing but pictures is kept beside a document
            picture = Picture(part.name, part.filename, mime, store.keep(body, mime), len(body))
            (documents[-1].pictures if documents else early).append(picture)
        elif "json" in part.content_type or "xml" in part.content_type:
            documents.extend(_open(part.body, part.content_type))
        else:
            documents.extend(Document("text", tree) for tree in read_pairs(part.body))
    if documents:
        documents[0].pictures[:0] = early
    return documents
