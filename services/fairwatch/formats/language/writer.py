"""The other direction: a canonical record in a maker's format, from the same rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.language.conditions import folded
from fairwatch.formats.language.converters import build
from fairwatch.formats.language.declaration import Condition, Conditions, Declaration, Message, Row
from fairwatch.formats.language.differences import leaves
from fairwatch.formats.language.leaves import backwards
from fairwatch.formats.language.paths import Path, parse_path
from fairwatch.formats.language.placing import put
from fairwatch.formats.language.program import kept_of, place_of, rows_of
from fairwatch.formats.language.xml_text import write_xml
from fairwatch.formats.payload import Encoded

Scope = tuple[Any, ...]
Used = set[str]
# (canonical record, its dotted name with a dot, scope of tree nodes, names that were carried)
Write = Callable[[Mapping[str, Any], str, Scope, Used], None]

Render = Callable[[dict[str, Any], str, Mapping[str, Any]], Encoded]


@dataclass(frozen=True, slots=True)
class _Message:
    message: Message
    writes: tuple[Write, ...]
    constants: tuple[tuple[Path, Any], ...]
    keeps: tuple[tuple[str, Path, Callable[[Any], Any]], ...] = ()


class Encoder:
    """Writes records in one format.

    Args:
        declaration: The format.
        render: Writes the finished tree of a message where JSON or plain XML will not do; its second argument is the
            message's name, its third the record.
    """

    def __init__(self, declaration: Declaration, render: Render | None = None) -> None:
        self._declaration = declaration
        self._own_render = render
        self._messages = [
            _compile(declaration, message) for message in declaration.messages if message.writes is not None
        ]

    def encode(self, type: str, record: Mapping[str, Any]) -> Encoded:  # noqa: A002  # the word of the field
        """Return a record in this format.

        Raises:
            RejectedError: unsupported, when no message of the format carries it.
        """
        name = self._declaration.format
        if type == "Observation":
            record = _completed(record)
        for one in self._messages:
            if one.message.type == type and _holds(one.message.writes or {}, record):
                return self._write(one, record)
        raise RejectedError("unsupported", f"{name} has no message for {type} {record.get('event_type', '')}".rstrip())

    def _write(self, one: _Message, record: Mapping[str, Any]) -> Encoded:
        root: dict[str, Any] = {}
        scope: Scope = (root,)
        for depth, text in enumerate(one.message.each):
            item: dict[str, Any] = {}
            put(scope, parse_path(text), item if one.message.single else [item], depth)
            scope = (*scope, item)
        depth = len(scope) - 1
        for path, value in one.constants:
            put(scope, path, value, depth)
        used: Used = set()
        for write in one.writes:
            write(record, "", scope, used)
        # Reference data says no format; its kept fields have the names of this one or are not there.
        if (record.get("source") or {"format": self._declaration.format}).get("format") == self._declaration.format:
            _restore(one, record, scope, used)
        lost = sorted(name for name in leaves(record) if not _is_carried(name, used))
        if self._own_render:
            return replace(self._own_render(root, one.message.name, record), lost=lost)
        return self._render(one.message, root, lost)

    def _render(self, message: Message, root: dict[str, Any], lost: list[str]) -> Encoded:
        writing = self._declaration.writing
        if (message.syntax or writing.syntax) == "xml":
            return Encoded(write_xml(root, writing), writing.content_type or "application/xml", message.path, lost)
        body = orjson.dumps({writing.root: root} if writing.root else root, option=orjson.OPT_NON_STR_KEYS)
        return Encoded(body, writing.content_type or "application/json", message.path, lost)


def _completed(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say twice what formats expect the device to say: its own id and its own time."""
    source = {"device_id": record.get("device_id") or None, **(record.get("source") or {})}
    source["device_id"] = source["device_id"] or record.get("device_id") or None
    time = record.get("device_time") or {"utc": record.get("occurred_at", 0), "raw": ""}
    return {**record, "source": source, "device_time": time}


def _restore(one: _Message, record: Mapping[str, Any], scope: Scope, used: Used) -> None:
    """Put the fields that this very format keeps back where they came from, with the types that they had."""
    extensions = record.get("extensions") or {}
    for name, path, convert in one.keeps:
        if name not in extensions:
            continue
        written = _attempt(convert, extensions[name])
        if written is not None:
            put(scope, path, written, len(scope) - 1)
            used.add(f"extensions.{name}")


def _holds(conditions: Conditions, record: Mapping[str, Any]) -> bool:
    return all(_one_holds(_get(record, path), wanted) for path, wanted in conditions.items())


def _one_holds(value: Any, wanted: Condition) -> bool:
    if isinstance(wanted, bool):
        return (value not in (None, "", [], {})) == wanted
    words = {str(word).lower() for word in (wanted if isinstance(wanted, list) else [wanted])}
    return folded(value) in words


def _get(record: Any, path: str) -> Any:
    for name in path.split("."):
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


def _is_carried(name: str, used: Used) -> bool:
    while name:
        if name in used:
            return True
        name = name.rpartition(".")[0]
    return False


def _compile(declaration: Declaration, message: Message) -> _Message:
    depth = len(message.each)
    writes = _compile_rows(rows_of(declaration, message), depth)
    constants = tuple((parse_path(path), value) for path, value in message.constants.items())
    return _Message(message, writes, constants, tuple(_keeps(declaration, message)))


def _keeps(declaration: Declaration, message: Message) -> Iterator[tuple[str, Path, Callable[[Any], Any]]]:
    place = place_of(message)
    for text, kind in kept_of(declaration, message).items():
        path = parse_path(text)
        encode = build(f"kept {kind}").encode
        if encode is not None:
            yield place.name(path), path, encode


def _compile_rows(rows: Mapping[str, Sequence[Row]], depth: int) -> tuple[Write, ...]:
    return tuple(_compile_row(name, row, depth) for name, given in rows.items() for row in given if not row.read_only)


def _compile_row(name: str, row: Row, depth: int) -> Write:
    if row.rows:
        return _compile_nested(name, row, depth)
    if row.value is not None:
        return _constant(name, row.value)
    path = parse_path(row.path[0])
    convert = backwards(row)

    def write(record: Mapping[str, Any], prefix: str, scope: Scope, used: Used) -> None:
        value = record if name == "." else _get(record, name)
        if value is None or value in ("", [], {}) or convert is None:
            return
        written = _attempt(convert, value)
        if written is not None:
            put(scope, path, written, depth)
            used.add(f"{prefix}{name}" if name != "." else prefix.rstrip("."))

    return write


def _attempt(convert: Callable[[Any], Any], value: Any) -> Any:
    try:
        return convert(value)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return None


def _constant(name: str, value: Any) -> Write:
    def write(record: Mapping[str, Any], prefix: str, _: Scope, used: Used) -> None:
        if _get(record, name) == value:
            used.add(f"{prefix}{name}")

    return write


def _compile_nested(name: str, row: Row, depth: int) -> Write:
    writes = _compile_rows(row.rows, depth + bool(row.each))
    path = parse_path(row.each) if row.each else None

    def write(record: Mapping[str, Any], prefix: str, scope: Scope, used: Used) -> None:
        value = _get(record, name)
        if not value:
            return
        below = f"{prefix}{name}."
        if path is None:
            for inner in writes:
                inner(value[0] if isinstance(value, list) else value, below, scope, used)
            return
        nodes: list[dict[str, Any]] = []
        for item in value:
            node: dict[str, Any] = {}
            for inner in writes:
                inner(item, below, (*scope, node), used)
            if node:
                nodes.append(node)
        if nodes:
            put(scope, path, nodes[0] if row.single else nodes, depth)

    return write
