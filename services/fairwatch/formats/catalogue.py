"""The formats that Fairwatch speaks, found by their declarations; the only door to them."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import structlog

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.documents import Syntax
from fairwatch.formats.bodies.opening import Document, open_body
from fairwatch.formats.bounds import BoundedRecords
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.conditions import Select, compile_selector
from fairwatch.formats.language.declaration import Conditions
from fairwatch.formats.language.differences import unlike
from fairwatch.formats.language.trace import Trace
from fairwatch.formats.loading import FOLDER, Format, Library, load_library
from fairwatch.formats.payload import Decoded, Encoded, Payload
from fairwatch.wire.kinds.closing import Closing, without_unlisted

_log = structlog.get_logger()
_PEOPLE = ("face", "person")
_SOFT = ("age_years", "gender")


def formats() -> Mapping[str, Format]:
    """Return every sound format by name; `library` says what is wrong with others."""
    return library().formats


@lru_cache(maxsize=1)
def library() -> Library:
    """Return the formats of this version, loaded once; a fault is logged and costs its own format only."""
    loaded = load_library(FOLDER)
    for path in dict.fromkeys(fault.file for fault in loaded.faults):
        own = [str(fault) for fault in loaded.faults if fault.file == path]
        _log.error("format left out", file=str(path), faults=len(own), first=own[0])
    return loaded


@dataclass(frozen=True)
class _Askable:
    """The formats that have something to say besides what they recognise; most have not, and are not asked.

    Attributes:
        by_path: Their name in a path or topic may say that a payload carries no record.
        by_header: A header may.
        inside: Their documents may hold one of another format.
    """

    by_path: list[Format]
    by_header: list[Format]
    inside: list[Format]


@lru_cache(maxsize=1)
def _askable() -> _Askable:
    known = list(formats().values())
    return _Askable(
        [one for one in known if one.declaration.skip_paths],
        [one for one in known if one.declaration.skip_headers],
        [one for one in known if one.inside],
    )


@dataclass(frozen=True)
class _Finder:
    """Finds the format of documents of one syntax: the conditions of most formats are one function.

    Attributes:
        select: Says which of the conditions holds.
        owners: The format of each condition.
        others: Formats that are asked one by one: known by code, by the root's name or by what a wrapper holds.
    """

    select: Select
    owners: list[Format]
    others: list[Format]

    def find(self, document: Document, env: Environment) -> Format | None:
        """Return the format of a document, or None."""
        at = self.select((document.tree,), env)
        if at >= 0:
            return self.owners[at]
        return next((one for one in self.others if one.recognises(document.syntax, document.tree, env)), None)


@lru_cache(maxsize=8)
def _finder(syntax: Syntax) -> _Finder:
    conditions: list[Conditions] = []
    owners: list[Format] = []
    others: list[Format] = []
    for one in formats().values():
        fitting = [way for way in one.declaration.recognise if way.syntax in {"", syntax}]
        if one.claims or one.declaration.unwrap or any(way.root or not way.when for way in fitting):
            others.append(one)
            continue
        conditions += [way.when for way in fitting]
        owners += [one] * len(fitting)
    return _Finder(compile_selector(conditions), owners, others)


def _named(name: str) -> Format:
    found = formats().get(name)
    if found is None:
        raise RejectedError("unknown_format", f"no format is named {name!r}")
    return found


def recognise(payload: Payload) -> Format:
    """Return the format of a payload.

    Raises:
        RejectedError: unknown_format, or what is wrong with the bytes.
    """
    for one in _askable().by_path:
        if one.skips(payload, chosen=False):
            return one
    env = Environment(payload)
    return _format_of([_unpacked(document, None, env) for document in _documents(payload, env)], env)


def _documents(payload: Payload, env: Environment) -> list[Document]:
    # On some topics a message without content says that a property is gone.
    if payload.path and not payload.body and any(one.claims_empty(env) for one in formats().values()):
        return [Document("json", {})]
    return open_body(payload, env)


def _unpacked(document: Document, chosen: Format | None, env: Environment) -> Document:
    """Return the document that travels inside of another one, where a format knows it."""
    for one in _askable().inside:
        if one is chosen or not one.inside or not one.recognises(document.syntax, document.tree, env):
            continue
        inner = one.inside((document.tree,))
        others = (chosen,) if chosen else formats().values()
        if type(inner) is dict and any(other is not one and other.reads(inner, env) for other in others):
            return Document("json", inner, document.pictures)
    return document


def _skipped_by_header(documents: list[Document], env: Environment) -> Decoded | None:
    """Return the skip of a body that no format knows, where its transport says what it is."""
    names = {name.lower() for name in env.payload.headers}
    for one in _askable().by_header:
        for header, reason in one.declaration.skip_headers.items():
            if header in names and not any(_known(document, env) for document in documents):
                return Decoded(one.name, skipped=[(reason, header)])
    return None


def _known(document: Document, env: Environment) -> bool:
    return _finder(document.syntax).find(document, env) is not None


def _format_of(documents: list[Document], env: Environment) -> Format:
    for document in documents:
        if found := _finder(document.syntax).find(document, env):
            return found
    raise RejectedError("unknown_format", "no format recognises the document")


def decode(
    payload: Payload,
    format: str | None = None,  # noqa: A002  # the word of the field
    trace: Trace | None = None,
) -> Decoded:
    """Return what a payload says, closed: no words of the device's own, no names, no claims.

    Args:
        payload: As received.
        format: Name of the format; recognised from the payload when it is not given.
        trace: Is filled with what became of each leaf, also of a payload that is rejected. It takes many times as long.

    Raises:
        RejectedError: The payload can never be decoded; the reason is bounded.
    """
    decoded = _read(payload, format, trace)
    before = copy.deepcopy(decoded.records) if trace is not None else []
    if not payload.soft_biometrics:
        for _, record in decoded.records:
            decoded.removed_fields += _without_soft(record)
    closing = Closing(payload.names, payload.device_id, soft_biometrics=payload.soft_biometrics, listed=payload.listed)
    decoded.records = [(kind, closing.close(kind, record)) for kind, record in decoded.records]
    decoded.claims = closing.claims
    if trace is not None:
        trace.closed(before, decoded.records)
    return decoded


def refusal(payload: Payload, format: str | None = None) -> RejectedError | None:  # noqa: A002  # the word of the field
    """Return why `decode` would reject a payload, or None; cheaper, since nothing of what it says is kept."""
    try:
        _read(payload, format)
    except RejectedError as error:
        return error
    return None


def _without_soft(record: dict[str, Any]) -> int:
    """Take out estimated age and gender, which rows may name, and return how many there were."""
    removed = 0
    for part in _PEOPLE:
        found = record.get(part)
        if found is None:
            continue
        for name in _SOFT:
            if name in found:
                del found[name]
                removed += 1
        if not found:
            del record[part]
    if removed:
        record["removed_fields"] = removed
    return removed


def _read(payload: Payload, format: str | None, trace: Trace | None = None) -> Decoded:  # noqa: A002  # as above
    """Return what a payload says in the device's own words, which nobody but `decode` and the writer may see."""
    found = _named(format) if format else None
    for one in (found,) if found else _askable().by_path:
        if reason := one.skips(payload, chosen=one is found):
            return Decoded(one.name, skipped=[(reason, payload.path)])
    env = Environment(payload, trace=trace)
    try:
        documents = [_unpacked(document, found, env) for document in _documents(payload, env)]
        if found is None and (skipped := _skipped_by_header(documents, env)):
            return skipped
        found = found or _format_of(documents, env)
        return _decode(found, documents, env)
    except RecursionError as error:
        raise RejectedError("too_deep", "the document is nested too deeply") from error
    finally:
        if trace is not None:
            trace.end()


def _decode(found: Format, documents: list[Document], env: Environment) -> Decoded:
    decoded = Decoded(found.name, BoundedRecords(len(env.payload.body)), media=env.media)
    for document in documents:
        if not found.recognises(document.syntax, document.tree, env):
            raise RejectedError("unknown_format", f"the document is not {found.name}")
        env.pictures = document.pictures
        found.program.decode(document.tree, env, decoded)
    if not decoded.records and not decoded.skipped:
        decoded.skipped.append(
            ("no_object", "nothing in it is an object") if documents else ("no_document", "no document")
        )
    return decoded


def encode(format: str, type: str, record: Mapping[str, Any]) -> Encoded:  # noqa: A002  # the words of the field
    """Return a canonical record in a maker's format, with the canonical paths that it cannot carry.

    The result is read again, and what does not come back is lost: some fields that no row writes follow from others,
    and some that are written are overruled.

    Raises:
        RejectedError: unknown_format | unsupported.
    """
    written = _named(format).encoder.encode(type, without_unlisted(record))
    again = Payload(
        written.body,
        written.content_type,
        written.path,
        device_id=str(record.get("device_id", "")),
        received_at=int(record.get("received_at", 0)),
        soft_biometrics=True,
    )
    try:
        records = [found for kind, found in _read(again, format).records if kind == type]
    except RejectedError:
        return written
    return replace(written, lost=unlike(record, records[0]) if records else written.lost)
