"""What a declaration says that can never be: found when it is loaded, all at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fairwatch.domain.vocabulary import EVENT_TYPES
from fairwatch.formats.language.canonical import Kind, field, record_kind, required
from fairwatch.formats.language.code_systems import without_table
from fairwatch.formats.language.converters import build
from fairwatch.formats.language.declaration import Condition, Conditions, Declaration, Message, Row
from fairwatch.formats.language.faults import Fault, Place, Source
from fairwatch.formats.language.paths import parse_path
from fairwatch.formats.language.program import OBSERVATION, rows_of

SELF: Final = "."
SYSTEM: Final = ".system"  # how a field of a code's system ends
Found = Iterator[tuple[Place, str]]


def check(declaration: Declaration, source: Source) -> list[Fault]:
    """Return everything in a declaration that the model of it cannot see.

    Args:
        declaration: As read.
        source: Its text, for the lines.
    """
    found = [*_format(declaration)]
    for position, message in enumerate(declaration.messages):
        found += _whole(declaration, message, ("messages", position))
    return list(dict.fromkeys(source.fault(place, what) for place, what in found))


def _format(declaration: Declaration) -> Found:
    seen: dict[str, Conditions] = {}
    named = {name for message in declaration.messages for name in message.also}
    for position, message in enumerate(declaration.messages):
        place: Place = ("messages", position)
        if message.name in seen:
            yield (*place, "name"), f"a message before it has the name {message.name} too"
        cover = next((name for name, conditions in seen.items() if _covers(conditions, message.when)), "")
        if cover and message.writes is None and message.name not in named:
            yield (*place, "when"), f"no document gets here: message {cover} before it takes them all"
        seen.setdefault(message.name, message.when)
        for name in message.also:
            if name not in {one.name for one in declaration.messages}:
                yield (*place, "also"), f"no message is named {name}"
    for position, way in enumerate(declaration.recognise):
        yield from _conditions(way.when, ("recognise", position, "when"))
    for path, kind in declaration.keep.items():
        yield from _kept(path, kind, ("keep", path))


def _covers(earlier: Conditions, later: Conditions) -> bool:
    """Return whether whatever holds of a later message holds of an earlier one, so far as the conditions show it."""
    return all(path in later and _implies(later[path], wanted) for path, wanted in earlier.items())


def _implies(one: Condition, other: Condition) -> bool:
    if one == other:
        return True
    if other is True:
        return one is not False
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    words, others = ({str(word).lower() for word in _listed(given)} for given in (one, other))
    return words <= others


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _whole(declaration: Declaration, message: Message, place: Place) -> Found:
    """Yield what is wrong with a message, of its rows only when it is known which they are."""
    unknown = [name for name in message.use if name not in declaration.groups]
    if unknown:
        yield (*place, "use"), f"it uses unknown groups: {', '.join(unknown)}"
    if bool(message.skip) == bool(message.use or message.rows):
        yield place, "it has either rows or a reason to skip it"
    if not unknown:
        yield from _message(declaration, message, place)


def _message(declaration: Declaration, message: Message, place: Place) -> Found:
    yield from _conditions(message.when, (*place, "when"))
    yield from _conditions(message.where, (*place, "where"))
    for name in ("each", "identity"):
        for text in getattr(message, name):
            yield from _path(text, (*place, name))
    for path, kept in message.keep.items():
        yield from _kept(path, kept, (*place, "keep", path))
    if message.skip:
        return
    try:
        kind = record_kind(message.type)
    except ValueError as error:
        yield (*place, "type"), str(error)
        return
    yield from _writes(message, kind, place)
    for name, rows in rows_of(declaration, message).items():
        group = next((one for one in reversed(message.use) if name in declaration.groups[one]), "")
        where: Place = (*place, "rows", name) if name in message.rows or not group else ("groups", group, name)
        yield from _field(name, rows, kind, where)
    if message.type == OBSERVATION and not rows_of(declaration, message):
        yield place, "it has no row, so that it can never make a record"


def _writes(message: Message, kind: Kind, place: Place) -> Found:
    for path, wanted in (message.writes or {}).items():
        if not _exists(kind, path):
            yield (*place, "writes", path), f"{message.type} has no field {path}"
        elif path.endswith(SYSTEM):
            for system in _listed(wanted):
                yield from _systems(f"code {system}", (*place, "writes", path))


def _field(name: str, rows: Sequence[Row], kind: Kind, place: Place) -> Found:
    inner = kind
    try:
        for step in name.split(".") if name != SELF else ():
            if inner.shape == "map" and inner.item is not None:
                inner = inner.item
                break
            inner = field(inner, step)
    except ValueError as error:
        yield place, str(error)
        return
    settled = False
    for position, row in enumerate(rows):
        where = (*place, position)
        if settled:
            yield where, "it can never be read: the row before it is a constant without a condition"
        settled = settled or (row.value is not None and not row.when)
        yield from _row(row, inner, where, is_event=name == "event_type", is_kept=name.startswith("extensions."))


def _row(row: Row, kind: Kind, place: Place, *, is_event: bool, is_kept: bool) -> Found:
    for text in (*row.path, *row.more.values(), *row.takes, *filter(None, [row.each])):
        yield from _path(text, place)
    yield from _conditions(row.when, place)
    if row.converter:
        try:
            build(row.converter)
        except (ValueError, KeyError) as error:
            yield place, f"as: {error}"
        yield from _systems(row.converter, place)
    if is_kept and not row.converter.startswith("kept "):
        yield place, "a row of extensions needs `as: kept KIND`"
    given = [one for one in (*row.values.values(), row.value, row.default) if one is not None]
    for value in given:
        if is_event and value not in EVENT_TYPES:
            yield place, f"no event type is named {value!r}"
        elif kind.symbols and isinstance(value, str) and value not in kind.symbols:
            yield place, f"{value!r} is none of {', '.join(kind.symbols)}"
    if row.rows:
        yield from _nested(row.rows, kind.item if kind.item is not None else kind, place)
    elif row.each:
        yield place, "each without rows finds nothing"


def _nested(rows: Mapping[str, Sequence[Row]], kind: Kind, place: Place) -> Found:
    if kind.shape != "record":
        yield place, "rows belong to a record, and this field is none"
        return
    missing = required(kind) - {name.partition(".")[0] for name in rows}
    if missing and SELF not in rows:
        yield place, f"it can never make a record: {', '.join(sorted(missing))} must be there and no row says it"
    for name, inner in rows.items():
        yield from _field(name, inner, kind, (*place, "rows", name))


def _exists(kind: Kind, path: str) -> bool:
    try:
        for step in path.split("."):
            kind = field(kind, step)
    except ValueError:
        return False
    return True


def _conditions(conditions: Conditions, place: Place) -> Found:
    for paths in conditions:
        for text in paths.split("|"):
            if not text.startswith("$"):
                yield from _path(text.strip(), (*place, paths))


def _path(text: str, place: Place) -> Found:
    try:
        parse_path(text)
    except ValueError as error:
        yield place, str(error)


def _kept(path: str, kind: str, place: Place) -> Found:
    yield from _path(path, place)
    try:
        build(f"kept {kind}")
    except ValueError as error:
        yield place, str(error)
    yield from _systems(kind, place)


def _systems(converter: str, place: Place) -> Found:
    for system in without_table(converter):
        yield (
            place,
            f"no file of schemas/vocabulary/codes has a table of {system}: none of its codes may travel",
        )
