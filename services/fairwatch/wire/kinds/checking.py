"""Finds the first text of a record that is not of its field's kind: what a foreign producer may not say."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from fairwatch.wire.kinds.rules import FieldKind, Rule, kinds, named_records
from fairwatch.wire.kinds.tables import may_travel

Check = Callable[[Any], str | None]  # value -> path below it of what does not fit; empty for itself

_REMEMBERED: Final = 4_096
_CODED: Final = "CodedValue"


def misfit(kind: str, record: Mapping[str, Any]) -> str | None:
    """Return the path of the first text of a closed record that is not of its kind; None where all are."""
    return _record_of(kind)(record)


def _coded(value: Any) -> str | None:
    if value.get("text"):
        return "text"
    return None if may_travel(value["system"], value["code"]) else "code"


def _text(rule: Rule) -> Check:
    known: dict[str, bool] = {}

    def check(value: Any) -> str | None:
        fits = known.get(value)
        if fits is None:
            fits = rule.fits(value, closed=True)
            if len(known) >= _REMEMBERED:  # ids and times never end
                known.clear()
            known[value] = fits
        return None if fits else ""

    return check


@cache
def _record_of(name: str) -> Check:
    if name == _CODED:
        return _coded
    rules = kinds().fields.get(name, {})
    checks: list[tuple[str, Check]] = []
    for field in named_records()[name]["fields"]:
        found = _check(field["type"], rules.get(field["name"], FieldKind()))
        if found is not None:
            checks.append((field["name"], found))

    def check(record: Any) -> str | None:
        for field, found in checks:
            value = record.get(field)
            if value is not None and value != "":
                below = found(value)
                if below is not None:
                    return f"{field}.{below}" if below else field
        return None

    return check


def _check(schema: Any, kind: FieldKind) -> Check | None:
    if isinstance(schema, list):
        return _check(next(member for member in schema if member != "null"), kind)
    if schema == "string":
        return _text(kind.values) if kind.values else None
    if isinstance(schema, str):
        name = schema.rpartition(".")[2]
        node = named_records().get(name)
        return _record_of(name) if node is not None and node["type"] == "record" else None
    if schema["type"] == "record":
        return _record_of(schema["name"].rpartition(".")[2])
    if schema["type"] == "array":
        return _items(_check(schema["items"], kind))
    return _entries(_check(schema["values"], kind), kind) if schema["type"] == "map" else None


def _items(found: Check | None) -> Check | None:
    if found is None:
        return None

    def check(items: Any) -> str | None:
        for item in items:
            below = found(item)
            if below is not None:
                return below
        return None

    return check


def _entries(found: Check | None, kind: FieldKind) -> Check:
    keys = _text(kind.keys) if kind.keys else None

    def check(entries: Any) -> str | None:
        for key, value in entries.items():
            if keys is not None and keys(key) is not None:
                return "(key)"
            if found is not None and value != "" and found(value) is not None:
                return "(value)"
        return None

    return check
