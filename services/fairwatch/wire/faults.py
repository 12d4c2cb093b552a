"""Finds what is wrong with a record, by field, when fastavro only knows that something is."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

_RANGES = {"int": (-(1 << 31), (1 << 31) - 1), "long": (-(1 << 63), (1 << 63) - 1)}
_SHOWN = 60  # characters of an offending value


def faults(
    schema: Any, value: Any, named: Mapping[str, Any] | None = None, path: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield `(path, what is wrong)` for each fault of `value`; nothing when it fits the parsed `schema`.

    Stricter than fastavro: 1.5 is no long, 1 no boolean, NaN and the infinities no double, and unknown fields are
    faults, so that nothing is silently changed or dropped.
    """
    if named is None:
        named = named_types(schema)
    if isinstance(schema, str):
        yield from faults(named[schema], value, named, path) if schema in named else _primitive(schema, value, path)
    elif isinstance(schema, list):
        yield from _union(schema, value, named, path)
    elif schema["type"] == "record":
        yield from _record(schema, value, named, path)
    elif schema["type"] in {"array", "map"}:
        yield from _many(schema, value, named, path)
    elif schema["type"] == "enum":
        if value not in schema["symbols"]:
            yield path, f"{_shown(value)} is none of {', '.join(schema['symbols'])}"
    else:
        yield from faults(schema["type"], value, named, path)


def _union(schema: list[Any], value: Any, named: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if value is None and "null" in schema:
        return
    tried = [list(faults(member, value, named, path)) for member in schema if member != "null"]
    if all(tried):
        yield from min(tried, key=len)


def _record(schema: Any, value: Any, named: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping):
        yield path, f"{_shown(value)} is no {schema['name'].rpartition('.')[2]}"
        return
    dot = f"{path}." if path else ""
    for field in schema["fields"]:
        if field["name"] in value:
            yield from faults(field["type"], value[field["name"]], named, dot + field["name"])
        elif "default" not in field:
            yield dot + field["name"], "is missing"
    known = {field["name"] for field in schema["fields"]}
    yield from ((f"{dot}{name}", "is not a field of the schema") for name in value if name not in known)


def _many(schema: Any, value: Any, named: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    if schema["type"] == "array":
        if not isinstance(value, list | tuple):
            yield path, f"{_shown(value)} is no list"
            return
        for index, item in enumerate(value):
            yield from faults(schema["items"], item, named, f"{path}[{index}]")
        return
    if not isinstance(value, Mapping):
        yield path, f"{_shown(value)} is no map"
        return
    for key, item in value.items():
        yield from _primitive("string", key, f"{path} (key)")
        yield from faults(schema["values"], item, named, f"{path}.{key}")


def _primitive(kind: str, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not _fits(kind, value):
        yield path, f"{_shown(value)} is no {'finite ' * (kind == 'double')}{kind}"


def _fits(kind: str, value: Any) -> bool:
    if kind in _RANGES:
        low, high = _RANGES[kind]
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if kind == "double":
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if kind == "string":
        return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, {"bytes": bytes, "boolean": bool, "null": type(None)}[kind])


def _shown(value: Any) -> str:
    """Show scalars only: a list may be a template, bytes a face."""
    if isinstance(value, str | int | float | bool | None):
        text = repr(value)
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return f"a {type(value).__name__}"


def named_types(schema: Any) -> dict[str, Any]:
    """Return every record and enum that a parsed schema defines, by full name."""
    found: dict[str, Any] = {}
    if isinstance(schema, list):
        for member in schema:
            found |= named_types(member)
    elif isinstance(schema, dict):
        if schema["type"] in {"record", "enum"}:
            found[schema["name"]] = schema
        for inner in (schema.get("items"), schema.get("values"), *(f["type"] for f in schema.get("fields", ()))):
            found |= named_types(inner)
    return found
