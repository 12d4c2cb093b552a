"""Opens a body: its documents, each with the pictures that came beside it."""

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.documents import Syntax, parse
from fairwatch.formats.bodies.envelopes import (
    is_http_request,
    is_multipart,
    open_http,
    split_documents,
    split_multipart,
)
from fairwatch.formats.bodies.pictures import NoPictureError, bare
from fairwatch.formats.payload import Payload

_DOCUMENT_LEADS: Final = frozenset({b"<", b"{", b"["})
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
    if is_multipart(body, payload.content_type) or b"\n--" in body:
        return _open_multipart(payload, store)
    return _open(body, payload.content_type)


def _open(body: bytes, content_type: str) -> list[Document]:
    try:
        syntax, tree = parse(body, content_type)
    except RejectedError:
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
    if documents:
        documents[0].pictures[:0] = early
    return documents
