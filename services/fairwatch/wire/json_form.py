"""Records as JSON: as they are, but bytes in base64. Examples, `tail --json` and `publish` speak it."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from fairwatch.domain.errors import RejectedError
from fairwatch.wire.avro import check
from fairwatch.wire.faults import named_types
from fairwatch.wire.schemas import Schema


def to_json(record: Any, indent: int | None = None) -> str:
    """Write a record as JSON text."""
    return json.dumps(record, default=_base64, ensure_ascii=False, indent=indent)


def from_json(known: Schema, document: Any) -> dict[str, Any]:
    """Return the record that a JSON document means under a schema.

    Raises:
        RejectedError: `invalid_field`, naming the first field that does not fit exactly.
    """
    record = _restored(known.parsed, document, named_types(known.parsed), "")
    check(known, record)
    return dict(record)


def _base64(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"a {type(value).__name__} is no part of a record")


def _restored(schema: Any, value: Any, named: Mapping[str, Any], path: str) -> Any:
    """Return the value with bytes where the schema wants them; other faults are left to the check."""
    if isinstance(schema, list):
        schema = next((member for member in schema if member != "null"), "null")
    if isinstance(schema, str):
        schema = named.get(schema, schema)
    if schema == "bytes" and isinstance(value, str):
        return _decoded(value, path)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "array" and isinstance(value, list):
        return [_restored(schema["items"], item, named, f"{path}[{index}]") for index, item in enumerate(value)]
    if kind in {"map", "record"} and isinstance(value, Mapping):
        types = {field["name"]: field["type"] for field in schema.get("fields", ())}
        inner = {name: types.get(name, schema.get("values", "null")) for name in value}
        return {name: _restored(inner[name], item, named, f"{path}.{name}") for name, item in value.items()}
    return value


def _decoded(text: str, path: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        field = path.removeprefix(".")
        raise RejectedError("invalid_field", f"{field} is not base64: {error}", field) from None
