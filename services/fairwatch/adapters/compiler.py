"""Turns the rows of a declaration into closures, once, when it is loaded; nothing is interpreted for an event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from fairwatch.adapters.canonical import Kind, field, required
from fairwatch.adapters.conditions import Test, compile_conditions, folded
from fairwatch.adapters.converters import Converter, build
from fairwatch.adapters.declaration import Row
from fairwatch.adapters.environment import Environment
from fairwatch.adapters.leftovers import Usage
from fairwatch.adapters.paths import TEXT_KEY, Getter, Path, Scope, first, getter, parse_path
from fairwatch.domain.errors import RejectedError

Read = Callable[[Scope, Environment], Any]
Fill = Callable[[Scope, Environment, dict[str, Any]], None]
Rows = Mapping[str, Sequence[Row]]

IMPOSSIBLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, StopIteration)
SELF = "."


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows are compiled: how deep, and what of the document they use.

    Attributes:
        usages: One for each level of the scope.
        prefixes: Dotted name of each level, with a dot behind it.
        blocking: Whether alternatives may look at the scope (only at the levels of the message itself).
        kept: Names whose value some row carries exactly as sent.
    """

    usages: tuple[Usage, ...]
    prefixes: tuple[str, ...]
    blocking: bool = True
    kept: set[str] = dataclass_field(default_factory=set)

    @property
    def depth(self) -> int:
        """Index of the current item in the scope."""
        return len(self.usages) - 1

    def usage(self, path: Path) -> Usage:
        """Return the usage at a path."""
        return self.usages[path.level(self.depth)].enter(path.steps)

    def name(self, path: Path) -> str:
        """Return the full dotted name of a path."""
        steps = ".".join(f"{step.name}[{step.key}={step.value}]" if step.key else step.name for step in path.steps)
        return self.prefixes[path.level(self.depth)] + steps

    def down(self, path: Path, usage: Usage, *, blocking: bool) -> "Place":
        """Return the place of the items at a path."""
        return Place((*self.usages, usage), (*self.prefixes, f"{self.name(path)}."), blocking, self.kept)


def compile_record(rows: Rows, kind: Kind, place: Place, *, top: bool = False) -> Read:
    """Return a function that builds a record of this kind, or answers None when the source says nothing of it.

    Args:
        rows: By canonical name, dotted from this record on.
        kind: The record.
        place: Where in the document.
        top: This is the record itself: its required fields are completed later.

    Raises:
        ValueError: A canonical path does not exist, or a row names an unknown converter.
    """
    own, below = _split(rows)
    fills: list[Fill] = []
    fillers: list[Fill] = []
    for name, given in own.items():
        _compile_field(name, given, kind, place, fills, fillers)
    for name, deeper in below.items():
        inner = field(kind, name)
        if SELF not in deeper and name in own:
            raise ValueError(f"{name} is written both whole and in parts")
        _append(fills, name, compile_record(deeper, inner, place, top=top and name == "source"))
    needed = required(kind) if kind.shape == "record" else frozenset()
    return _builder(fills, fillers, frozenset() if top else needed)


def _split(rows: Rows) -> tuple[dict[str, Sequence[Row]], dict[str, dict[str, Sequence[Row]]]]:
    deeper = {name.split(".", 1)[0] for name in rows if "." in name and name != SELF}
    own: dict[str, Sequence[Row]] = {}
    below: dict[str, dict[str, Sequence[Row]]] = {}
    for name, given in rows.items():
        head, _, tail = name.partition(".") if name != SELF else (SELF, "", "")
        if tail:
            below.setdefault(head, {})[tail] = given
        elif head in deeper:
            below.setdefault(head, {})[SELF] = given
        else:
            own[name] = given
    return own, below


def _builder(fills: list[Fill], fillers: list[Fill], needed: frozenset[str]) -> Read:
    steps, defaults = tuple(fills), tuple(fillers)

    def build_record(scope: Scope, env: Environment) -> dict[str, Any] | None:
        out: dict[str, Any] = {}
        for fill in steps:
            fill(scope, env, out)
        if not out:
            return None
        for fill in defaults:
            fill(scope, env, out)
        return out if needed <= out.keys() else None

    return build_record


def _compile_field(
    name: str, rows: Sequence[Row], kind: Kind, place: Place, fills: list[Fill], fillers: list[Fill]
) -> None:
    inner = kind if name == SELF else field(kind, name)
    readable = [row for row in rows if not row.write_only]
    if not readable:
        return
    last = readable[-1]
    if last.value is not None and not last.when:
        readable = readable[:-1]
        _check_symbol(inner, last.value)
        fillers.append(_filler(name, last.value))
    default = next((row.default for row in readable if row.default is not None), None)
    if default is not None:
        _check_symbol(inner, default)
        fillers.append(_filler(name, default))
    if not readable:
        return
    reads = _compile_alternatives(readable, inner, place)
    joined = inner.shape == "list" and inner.record is not None and any(row.rows for row in readable)
    _append(fills, name, _joined(reads) if joined else _first_of(reads))


def _check_symbol(kind: Kind, value: Any) -> None:
    if kind.symbols and value not in kind.symbols:
        raise ValueError(f"{value!r} is none of {', '.join(kind.symbols)}")


def _filler(name: str, value: Any) -> Fill:
    def fill(_: Scope, __: Environment, out: dict[str, Any]) -> None:
        if name not in out:
            out[name] = value

    return fill


def _append(fills: list[Fill], name: str, read: Read) -> None:
    if name == SELF:

        def merge(scope: Scope, env: Environment, out: dict[str, Any]) -> None:
            value = read(scope, env)
            if value is not None:
                for key, item in value.items():
                    out.setdefault(key, item)

        fills.insert(0, merge)
        return

    def fill(scope: Scope, env: Environment, out: dict[str, Any]) -> None:
        value = read(scope, env)
        if value is not None:
            out[name] = value

    fills.append(fill)


def _first_of(reads: list[Read]) -> Read:
    if len(reads) == 1:
        return reads[0]

    def read(scope: Scope, env: Environment) -> Any:
        for attempt in reads:
            value = attempt(scope, env)
            if value is not None:
                return value
        return None

    return read


def _joined(reads: list[Read]) -> Read:
    def read(scope: Scope, env: Environment) -> list[Any] | None:
        return [item for attempt in reads for item in attempt(scope, env) or ()] or None

    return read


def _compile_alternatives(rows: Sequence[Row], kind: Kind, place: Place) -> list[Read]:
    reads: list[Read] = []
    earlier: list[Getter] = []
    for row in rows:
        test = compile_conditions(row.when, place.depth)
        if row.rows:
            reads.append(_guarded(_compile_nested(row, kind, place), test))
            continue
        if row.value is not None:
            _check_symbol(kind, row.value)
            value = row.value
            reads.append(_guarded(lambda _, __, value=value: value, test))
            continue
        for text in row.path:
            path = parse_path(text)
            reads.append(_guarded(_compile_leaf(row, path, kind, place, tuple(earlier)), test))
            if not row.when:
                earlier.append(getter(path, place.depth))
    if any(row.required for row in rows):
        return [_demanded(_first_of(reads), rows[0].path[0])]
    return reads


def _guarded(read: Read, test: Test | None) -> Read:
    if test is None:
        return read
    return lambda scope, env: read(scope, env) if test(scope, env) else None


def _demanded(read: Read, path: str) -> Read:
    def demand(scope: Scope, env: Environment) -> Any:
        value = read(scope, env)
        if value is None:
            raise RejectedError("invalid_field", f"{path} is missing", path)
        return value

    return demand


def _compile_nested(row: Row, kind: Kind, place: Place) -> Read:
    if not row.each:
        if kind.shape == "list" and kind.item is not None:
            one = compile_record(row.rows, kind.item, place)
            return lambda scope, env: None if (item := one(scope, env)) is None else [item]
        return compile_record(row.rows, kind, place)
    if kind.item is None:
        raise ValueError(f"each {row.each}: the canonical field is no list")
    path = parse_path(row.each)
    usage = place.usage(path)
    get = getter(path, place.depth)
    build_item = compile_record(row.rows, kind.item, place.down(path, usage, blocking=False))

    def read(scope: Scope, env: Environment) -> list[Any] | None:
        node = get(scope)
        if node is None or node == "":
            return None
        items = node if type(node) is list else (node,)
        return [item for one in items if (item := build_item((*scope, one), env)) is not None] or None

    return read


def _compile_leaf(row: Row, path: Path, kind: Kind, place: Place, earlier: tuple[Getter, ...]) -> Read:
    get = getter(path, place.depth)
    name = place.name(path)
    if row.values:
        usage = place.usage(path)
        usage.mark(whole=False, blockers=earlier if place.blocking else ())
        return _mapped(get, row, kind, name, place.kept)
    made = build(row.converter or "text")
    _mark(row, path, place, made, earlier)
    if made.exact and path.steps:
        place.kept.add(name)
    extra = {key: getter(parse_path(text), place.depth) for key, text in row.more.items()}
    for text in row.more.values():
        place.usage(parse_path(text)).mark(whole=False)
    return _converted(get, made, row, name, extra)


def _mark(row: Row, path: Path, place: Place, made: Converter, earlier: tuple[Getter, ...]) -> None:
    blockers = earlier if place.blocking else ()
    if not path.steps and not made.scalar:
        for text in row.takes:
            place.usage(parse_path(text)).mark(whole=True)
        return
    place.usage(path).mark(whole=not made.scalar, blockers=blockers)


def _mapped(get: Getter, row: Row, kind: Kind, name: str, kept: set[str]) -> Read:
    for value in row.values.values():
        _check_symbol(kind, value)
    table = {folded(word): value for word, value in row.values.items()}

    def read(scope: Scope, env: Environment) -> Any:
        value = get(scope)
        if value is None or value == "":
            return None
        found = table.get(value) if type(value) is str else None
        if found is None:
            found = table.get(folded(first(value)))
            if found is None and name not in kept:
                env.leftover[name] = value
        return found

    return read


def _converted(get: Getter, made: Converter, row: Row, name: str, extra: dict[str, Getter]) -> Read:
    decode, scalar, strict = made.decode, made.scalar, row.strict or row.required

    def read(scope: Scope, env: Environment) -> Any:
        value = get(scope)
        if value is None or value == "":
            return None
        if scalar and (type(value) is dict or type(value) is list):
            value = first(value)
            value = value.get(TEXT_KEY) if type(value) is dict else value
            if value is None or value == "":
                return None
        try:
            if extra:
                return decode(value, env, **{key: _plain(other(scope)) for key, other in extra.items()})
            return decode(value, env)
        except IMPOSSIBLE as error:
            if strict:
                raise RejectedError("invalid_field", f"{name} is impossible: {str(value)[:80]!r}", name) from error
            env.leftover[name] = value
            return None

    return read


def _plain(value: Any) -> Any:
    value = first(value)
    return value.get(TEXT_KEY, value) if type(value) is dict else value
