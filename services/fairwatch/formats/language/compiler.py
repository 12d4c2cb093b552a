"""Turns the rows of a declaration into one Python function when it is loaded; nothing is interpreted for an event.

The function looks every shared node of the document up once, calls a conversion only where a value is, and builds the
record in place. `leaves` has the conversions, `emission` the source text.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.environment import Environment
from fairwatch.formats.language import conditions
from fairwatch.formats.language.canonical import Kind, field, required
from fairwatch.formats.language.converters import build
from fairwatch.formats.language.declaration import Row
from fairwatch.formats.language.emission import Level, Source
from fairwatch.formats.language.leaves import IMPOSSIBLE, Leaf, backwards, converted, mapped, word_table
from fairwatch.formats.language.paths import Path, Scope, getter, parse_path
from fairwatch.formats.language.trace import Reading

Read = Callable[[Scope, Environment], Any]
Rows = Mapping[str, Sequence[Row]]

SELF = "."
_PRESENT = "v is not None and v != ''"
_KEPT = Kind("scalar")
_SCALARS = frozenset({str, int, float, bool})


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows are compiled.

    Attributes:
        prefixes: Dotted name of each level of the scope, with a dot behind it.
    """

    prefixes: tuple[str, ...]

    @property
    def depth(self) -> int:
        """Index of the current item in the scope."""
        return len(self.prefixes) - 1

    def name(self, path: Path) -> str:
        """Return the full dotted name of a path."""
        steps = ".".join(f"{step.name}[{step.key}={step.value}]" if step.key else step.name for step in path.steps)
        return self.prefixes[path.level(self.depth)] + steps

    def down(self, path: Path) -> "Place":
        """Return the place of the items of a list."""
        return Place((*self.prefixes, f"{self.name(path)}."))


def compile_record(
    rows: Rows, kind: Kind, place: Place, keep: Mapping[str, str] | None = None, *, traced: bool = False
) -> Read:
    """Return a function of the scope and the environment that builds the record, or answers None when there is nothing.

    Args:
        rows: By canonical name, dotted from the record on.
        kind: The record; its required fields are completed later.
        place: Where in the document.
        keep: Path -> kind of what goes to `extensions` under its own name.
        traced: It notes in `env.trace` what each row reads.

    Raises:
        ValueError: A canonical path does not exist, or a row names an unknown converter.
    """
    made = _Compiler(traced=traced)
    source, levels = made.source, [Level(at, "scope") for at in range(place.depth + 1)]
    source.line("".join(f"{level.item}, " for level in levels) + "= scope")
    with source.levels(levels):
        made.record(rows, kind, _Spot(place, levels), "out", top=True)
        made.extensions(keep or {}, _Spot(place, levels), "out")
        source.line("return out or None")
    read: Read = source.function("(scope, env)")
    return read


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place, the variables that hold its items in the function, and the name of the record that is being filled."""

    place: Place
    levels: list[Level]
    canonical: str = ""

    def under(self, name: str) -> "_Spot":
        """Return the same place for the fields of a record in the record."""
        return replace(self, canonical=self.named(name))

    def named(self, name: str) -> str:
        """Return a field's name, dotted from the outermost record on."""
        return self.canonical if name == SELF else f"{self.canonical}.{name}" if self.canonical else name


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a value goes: to an expression such as `out['name']`, or to a variable that is None without a value."""

    source: Source
    text: str
    is_variable: bool
    field: str = ""

    def put(self, value: str) -> None:
        """Write the storing of a value that is there."""
        self.source.line(f"{self.text} = {value}")

    def put_any(self, value: str) -> None:
        """Write the storing of a value that may be None."""
        if self.is_variable:
            self.put(value)
        else:
            self.source.line(f"r = {value}")
            self.source.line(f"if r is not None: {self.text} = r")


class _Compiler:
    """Writes the source of one record."""

    def __init__(self, *, traced: bool = False) -> None:
        self.traced = traced
        self.source = Source()
        self.source.constants.update(IMPOSSIBLE=IMPOSSIBLE, scalars=_SCALARS)

    def record(self, rows: Rows, kind: Kind, spot: _Spot, out: str, *, top: bool = False) -> str:
        """Write what fills the dict named `out`, and return the test whether the source says anything of the record."""
        source = self.source
        source.line(f"{out} = {{}}")
        own, below = _split(rows)
        fillers: dict[str, str] = {}
        for name in sorted(own, key=lambda name: name != SELF):
            constant = self._field(name, own[name], kind, spot, out)
            if constant is not None:
                fillers[name] = constant
        for name, deeper in below.items():
            inner = source.name("o")
            said = self.record(deeper, field(kind, name), spot.under(name), inner, top=top and name == "source")
            source.line(f"if {said}: {out}[{name!r}] = {inner}")
        for name, text in fillers.items():
            source.line(f"if {out} and {name!r} not in {out}: {out}[{name!r}] = {text}")
        needed = [] if top or kind.shape != "record" else sorted(required(kind))
        return " and ".join(f"{name!r} in {out}" for name in needed) or out

    def extensions(self, keep: Mapping[str, str], spot: _Spot, out: str) -> None:
        """Write what fills `extensions` with the fields that the declaration keeps."""
        source, kept = self.source, self.source.name("x")
        if not keep:
            return
        source.line(f"{kept} = {{}}")
        for text, kind in keep.items():
            name = spot.place.name(parse_path(text))
            row = Row.model_validate({"path": text, "as": f"kept {kind}"})
            target = _Target(source, f"{kept}[{name!r}]", is_variable=False, field=f"extensions.{name}")
            self._first_of([row], _KEPT, spot, target)
        source.line(f"if {kept}: {out}['extensions'] = {{**{kept}, **{out}.get('extensions', {{}})}}")

    def _field(self, name: str, rows: Sequence[Row], kind: Kind, spot: _Spot, out: str) -> str | None:
        """Write what fills one field, and return the literal that it has when nothing does."""
        inner = kind if name == SELF else field(kind, name)
        readable = [row for row in rows if not row.write_only]
        constant = None
        if readable and readable[-1].value is not None and not readable[-1].when:
            constant = self._literal(inner, readable.pop().value)
        default = next((row.default for row in readable if row.default is not None), None)
        if default is not None:
            constant = self._literal(inner, default)
        if not readable:
            return constant
        named = spot.named(name)
        if inner.shape == "list" and inner.record is not None and any(row.rows for row in readable):
            self._joined(readable, inner, spot.under(name), f"{out}[{name!r}]")
        elif name != SELF and len(readable) == 1 and len(readable[0].path) == 1 and not readable[0].required:
            self._first_of(
                readable, inner, spot, _Target(self.source, f"{out}[{name!r}]", is_variable=False, field=named)
            )
        else:
            result = self.source.name("r")
            self._first_of(readable, inner, spot, _Target(self.source, result, is_variable=True, field=named))
            stored = f"{out}.update({result})" if name == SELF else f"{out}[{name!r}] = {result}"
            self.source.line(f"if {result} is not None: {stored}")
        return constant

    def _literal(self, kind: Kind, value: Any) -> str:
        if kind.symbols and value not in kind.symbols:
            raise ValueError(f"{value!r} is none of {', '.join(kind.symbols)}")
        if isinstance(value, str | int | float):
            return repr(value)
        return f"{type(value).__name__}({self.source.constant(value)})"

    def _joined(self, rows: Sequence[Row], kind: Kind, spot: _Spot, stored: str) -> None:
        """Write what makes one list of the items that several rows find."""
        source, items = self.source, self.source.name("i")
        source.line(f"{items} = []")
        for row in rows:
            if row.rows:
                with self._attempt(row, spot):
                    self._nested(row, kind, spot, items)
                continue
            one = source.name("r")
            self._first_of([row], kind, spot, _Target(source, one, is_variable=True, field=spot.canonical))
            source.line(f"if {one} is not None: {items}.extend({one})")
        source.line(f"if {items}: {stored} = {items}")

    def _first_of(self, rows: Sequence[Row], kind: Kind, spot: _Spot, target: _Target) -> None:
        """Write what reads the first of some places where there is something."""
        source = self.source
        if target.is_variable:
            target.put("None")
        missing = ""
        for row in rows:
            if row.rows or row.value is not None:
                with self._attempt(row, spot, missing):
                    self._made(row, kind, spot, target)
            for text in row.path:
                path = parse_path(text)
                leaf = self._leaf(row, path, kind, spot.place)
                test, value = source.value(spot.levels, path)
                with self._attempt(row, spot, missing, test):
                    source.line(f"v = {value}")
                    self._convert(row, leaf, spot.levels, target)
                    if self.traced:
                        self._note(row, path, spot, target)
                missing = f"{target.text} is None"
            missing = f"{target.text} is None"
        if any(row.required for row in rows):
            source.line(f"if {target.text} is None: {source.constant(_missing(rows[0].path[0]))}()")

    def _note(self, row: Row, path: Path, spot: _Spot, target: _Target) -> None:
        """Write the note that a value was read and what became of it."""
        made = None if row.values else build(row.converter or "text")
        if made is not None and not path.steps and not made.scalar and not row.takes:
            return  # it looks at the item as a whole and uses up nothing of it
        reading = Reading(
            target.field,
            path,
            spot.place.depth,
            tuple(map(parse_path, row.takes)),
            tuple(map(parse_path, row.more.values())),
            backwards(row) if made is None or made.scalar else None,
            made is None or made.exact,
            is_kept=target.field.startswith("extensions."),
        )
        result = target.text if target.is_variable else target.text.replace("[", ".get(", 1)[:-1] + ")"
        self.source.line(f"env.trace.read({self.source.constant(reading)}, {spot.levels[-1].scope}, {result})")

    def _attempt(self, row: Row, spot: _Spot, *tests: str) -> Any:
        """Open the block of one attempt, under the tests that are not empty and the conditions of the row."""
        found = [*filter(None, tests)]
        if row.when:
            found.append(conditions.text_of(self.source, spot.levels, row.when))
        return self.source.block(f"if {' and '.join(found)}:") if found else nullcontext()

    def _convert(self, row: Row, leaf: Leaf, levels: list[Level], target: _Target) -> None:
        """Write the conversion of `v`; the usual types are converted in place, whatever else by the leaf."""
        source = self.source
        call = f"{source.constant(leaf)}(v, env, {levels[-1].scope})"
        made = None if row.values else build(row.converter or "text")
        if made is None:
            table = source.constant(word_table(row))
            with source.block(f"if type(v) is str and v in {table}:"):
                target.put(f"{table}[v]")
        elif made.quick or made.inline:
            with source.block("if type(v) is str and v:"):
                target.put(made.inline or f"{source.constant(made.quick)}(v)")
        elif made.scalar and not row.more:
            with source.block("if type(v) in scalars and v != '':"):
                with source.block("try:"):
                    target.put_any(f"{source.constant(made.decode)}(v, env)")
                with source.block("except IMPOSSIBLE:"):
                    target.put_any(call)
        else:
            with source.block(f"if {_PRESENT}:"):
                target.put_any(call)
            return
        with source.block(f"elif {_PRESENT}:"):
            target.put_any(call)

    def _made(self, row: Row, kind: Kind, spot: _Spot, target: _Target) -> None:
        """Write a constant, or a record of its own or a list of them."""
        source = self.source
        if not row.rows:
            target.put(self._literal(kind, row.value))
        elif kind.shape == "list":
            items = source.name("i")
            source.line(f"{items} = []")
            self._nested(row, kind, replace(spot, canonical=target.field), items)
            source.line(f"if {items}: {target.text} = {items}")
        elif row.each:
            raise ValueError(f"each {row.each}: the canonical field is no list")
        else:
            out = source.name("o")
            below = replace(spot, canonical=target.field)
            source.line(f"if {self.record(row.rows, kind, below, out)}: {target.text} = {out}")

    def _nested(self, row: Row, kind: Kind, spot: _Spot, items: str) -> None:
        """Write what appends the records of one row to a list."""
        source, out = self.source, self.source.name("o")
        one = kind.item if kind.item is not None else kind
        if not row.each:
            source.line(f"if {self.record(row.rows, one, spot, out)}: {items}.append({out})")
            return
        path = parse_path(row.each)
        inner = spot.place.down(path)
        index = len(spot.levels)
        level = Level(index, f"(*{spot.levels[-1].scope}, s{index})")
        test, value = source.value(spot.levels, path)
        source.line(f"v = {value} if {test} else None" if test else f"v = {value}")
        with (
            source.block(f"for {level.item} in () if v is None or v == '' else v if type(v) is list else (v,):"),
            source.level(level),
        ):
            said = self.record(row.rows, one, _Spot(inner, [*spot.levels, level], spot.canonical), out)
            source.line(f"if {said}: {items}.append({out})")

    def _leaf(self, row: Row, path: Path, kind: Kind, place: Place) -> Leaf:
        if row.values:
            for value in row.values.values():
                self._literal(kind, value)
            return mapped(row)
        made = build(row.converter or "text")
        extra = {key: getter(parse_path(text), place.depth) for key, text in row.more.items()}
        return converted(made, row, place.name(path), extra)


def _split(rows: Rows) -> tuple[dict[str, Sequence[Row]], dict[str, dict[str, Sequence[Row]]]]:
    """Return the rows of a record's own fields, and those of the records in it by name."""
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


def _missing(path: str) -> Callable[[], None]:
    def demand() -> None:
        raise RejectedError("invalid_field", f"{path} is missing", path)

    return demand
