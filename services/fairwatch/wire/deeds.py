"""What a signature covers, and how a deed is signed.

Signed is a record as its schema means it: fields that have their default are left out, so that a schema that grows by
an optional field leaves old signatures as they are, and the rest is JSON in one spelling: sorted, ASCII, no spaces.
The purpose stands before it: a signature of one kind is never one of another.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import Deed
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.schemas import newest

_NOTHING = object()
SIGNATURE_FIELDS = frozenset({"deed", "deeds", "signature"})


def person_id(name: str) -> str:
    """Return the id of the person of a name of people.yaml."""
    return stable_id("person", name)


def signed_bytes(purpose: str, record_type: str, record: Mapping[str, Any], more: Mapping[str, Any]) -> bytes:
    """Return what a signature covers.

    Args:
        purpose: `deed`, `person` or `key`.
        record_type: Of the record.
        record: What is signed, without its signature fields; records within it as they are.
        more: Who signs, for deeds.
    """
    said = {"record": content(record_type, record), "type": record_type, **more}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_hex)
    return f"fairwatch/1 {purpose}\0".encode() + text.encode("ascii")


def content(record_type: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a record that say something: those that differ from their defaults, without signatures."""
    fields = _fields(record_type)
    return {
        name: _plain(value, fields[name]["type"])
        for name, value in record.items()
        if name not in SIGNATURE_FIELDS and name in fields and value != fields[name].get("default", _NOTHING)
    }


@cache
def _fields(record_type: str) -> dict[str, Any]:
    return {field["name"]: field for field in newest()[record_type].parsed["fields"]}


def _plain(value: Any, type_: Any) -> Any:
    """Return a value without the defaults of records within it, which readers fill in and writers may leave out."""
    if isinstance(value, list):
        return [_plain(one, _of_kind(type_, "array").get("items")) for one in value]
    if not isinstance(value, dict) or not (record := _of_kind(type_, "record")):
        return value
    fields = {field["name"]: field for field in record["fields"]}
    return {
        name: _plain(one, fields[name]["type"])
        for name, one in value.items()
        if name in fields and one != fields[name].get("default", _NOTHING)
    }


def _of_kind(type_: Any, kind: str) -> dict[str, Any]:
    """Return the one of a field's types that is an array or a record, where it is written out; empty for none."""
    types = type_ if isinstance(type_, list) else [type_]
    return next((one for one in types if isinstance(one, dict) and one.get("type") == kind), {})


def deed_bytes(record_type: str, record: Mapping[str, Any], deed: Mapping[str, Any]) -> bytes:
    """Return what the signature of a deed covers."""
    said = {name: value for name, value in deed.items() if name != "signature" and value not in {"", None}}
    return signed_bytes("deed", record_type, record, {"deed": said})


def sign_deed(
    record_type: str,
    record: Mapping[str, Any],
    key: PrivateKey,
    *,
    act: str,
    name: str,
    role: str,
    at: int,
    method: str,
    session_id: str = "",
) -> Deed:
    """Return the deed of a person of this name: that this record is what they want.

    Args:
        record_type: Of the record.
        record: Without the deed.
        key: Of the console or command line that recognised the person, or the person's own.
        act: What is done.
        name: The person's.
        role: In which it is done.
        at: Microseconds UTC.
        method: How the person was recognised.
        session_id: In which session.
    """
    deed: Deed = {
        "act": act,
        "person_id": person_id(name),
        "role": role,
        "at": at,
        "method": method,
        "session_id": session_id,
        "key_id": key.public.key_id,
        "signature": "",
    }
    return {**deed, "signature": key.sign(deed_bytes(record_type, record, deed))}


def _hex(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"a {type(value).__name__} cannot be signed")
