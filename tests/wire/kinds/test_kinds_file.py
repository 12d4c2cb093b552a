"""Each text of each record has a kind, and nothing that a device can fill is free text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.faults import named_types
from fairwatch.wire.kinds.rules import kinds, load_kinds
from fairwatch.wire.schemas import newest

FREE = {"hub-text", "raw"}
TYPES = {
    name.rpartition(".")[2]: node
    for schema in newest().values()
    for name, node in named_types(schema.parsed).items()
    if node["type"] == "record"
}


def texts(schema: Any) -> set[str]:
    """Return which parts of a field are texts: values, keys."""
    if isinstance(schema, list):
        return set().union(*map(texts, schema))
    if schema == "string":
        return {"values"}
    if isinstance(schema, dict) and schema["type"] == "array":
        return texts(schema["items"])
    if isinstance(schema, dict) and schema["type"] == "map":
        return {"keys"} | texts(schema["values"])
    return set()


def below(name: str, seen: set[str]) -> set[str]:
    """Return the records that a record is made of, itself included."""
    if name not in seen:
        seen.add(name)
        for found in names_in([field["type"] for field in TYPES[name]["fields"]]):
            below(found, seen)
    return seen


def names_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, str):
        if schema.rpartition(".")[2] in TYPES:
            yield schema.rpartition(".")[2]
    elif isinstance(schema, list):
        for member in schema:
            yield from names_in(member)
    elif schema["type"] == "record":
        yield schema["name"].rpartition(".")[2]
    else:
        yield from names_in([schema[part] for part in ("items", "values") if part in schema])


def test_every_text_of_every_record_has_a_kind_and_no_kind_is_of_nothing() -> None:
    wanted = {
        (record, field["name"], part)
        for record, node in TYPES.items()
        for field in node["fields"]
        for part in texts(field["type"])
    }
    stated = {
        (record, name, part)
        for record, fields in kinds().fields.items()
        for name, kind in fields.items()
        for part in ("values", "keys")
        if getattr(kind, part) is not None
    }
    assert stated == wanted


def test_nothing_that_a_device_or_a_foreign_producer_can_fill_is_free_text() -> None:
    reachable = set().union(*(below(name, set()) for name in kinds().closed))
    free = {
        f"{record}.{name}"
        for record in reachable
        for name, kind in kinds().fields.get(record, {}).items()
        for rule in (kind.values, kind.keys)
        if rule is not None and rule.kind in FREE and rule.fits("a sentence", closed=True)
    }
    assert not free


def test_a_kinds_file_that_is_wrong_is_refused_with_every_line(tmp_path: Path) -> None:
    path = tmp_path / "kinds.yaml"
    path.write_text("kinds:\n  A: {a: poem}\n  B: {b: token nothing}\n  C: {c: {key: id}}\nopened: []\n")
    with pytest.raises(ConfigurationError) as caught:
        load_kinds(path)
    assert [line.split(" ")[0] for line in str(caught.value).splitlines()] == [
        "kinds.yaml:2:",
        "kinds.yaml:3:",
        "kinds.yaml:4:",
        "kinds.yaml:5:",
    ]
