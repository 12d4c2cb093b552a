"""The canonical forms that other Avro libraries make of our schemas, where they differ from the specification's.

The parsing canonical form leaves attributes like `logicalType` out and writes `{"type": "long"}` as `"long"`. Rust's
apache-avro (0.22) forgets the second step, Go's hamba/avro (2.31) keeps the logical type; so each computes another
fingerprint for every schema that has times, and writes it into its single objects.
"""

import json
from collections.abc import Callable
from typing import Any

from fastavro.schema import fingerprint

CRC = "CRC-64-AVRO"
_ORDER = ("name", "type", "fields", "symbols", "items", "values", "size")


def foreign_fingerprints(parsed: Any) -> tuple[bytes, ...]:
    """Return the fingerprints that apache-avro of Rust and hamba of Go compute, little-endian as they write them.

    Args:
        parsed: A schema with its logical types, parsed by fastavro.
    """
    forms = (canonical_form(parsed, of_logical_type) for of_logical_type in (rust, go))
    return tuple(bytes.fromhex(fingerprint(form, CRC)) for form in forms)


def rust(schema: Any) -> str:
    """Write a logical type as apache-avro does.

    >>> rust({"type": "long", "logicalType": "timestamp-micros"})
    '{"type":"long"}'
    """
    return _json({"type": schema["type"]})


def go(schema: Any) -> str:
    """Write a logical type as hamba does.

    >>> go({"type": "long", "logicalType": "timestamp-micros"})
    '{"type":"long","logicalType":"timestamp-micros"}'
    """
    return _json({"type": schema["type"], "logicalType": schema["logicalType"]})


def canonical_form(schema: Any, of_logical_type: Callable[[Any], str]) -> str:
    """Return the parsing canonical form, with logical types as somebody writes them."""
    if isinstance(schema, str):
        return _json(schema)
    if isinstance(schema, list):
        return f"[{','.join(canonical_form(member, of_logical_type) for member in schema)}]"
    if "logicalType" in schema:
        return of_logical_type(schema)
    members = {name: _json(schema[name]) for name in _ORDER if name in schema}
    for name in ("items", "values"):
        if name in members:
            members[name] = canonical_form(schema[name], of_logical_type)
    if "fields" in members:
        fields = (
            f'{{"name":{_json(field["name"])},"type":{canonical_form(field["type"], of_logical_type)}}}'
            for field in schema["fields"]
        )
        members["fields"] = f"[{','.join(fields)}]"
    return f"{{{','.join(f'{_json(name)}:{text}' for name, text in members.items())}}}"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
