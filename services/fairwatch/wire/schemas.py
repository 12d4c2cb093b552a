"""The schemas folder as Python sees it: every version of every record, parsed once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.canonical_forms import CRC, foreign_fingerprints

# A link to schemas/ in the repository; a wheel holds the files themselves.
FOLDER = Path(__file__).resolve().parents[1] / "_schemas"


_BROKEN = (ValueError, KeyError, fastavro.schema.SchemaParseException, fastavro.schema.UnknownType)


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """One version of one record; equal only to itself, so that what is made from it can be remembered by it.

    Attributes:
        type: Record name, e.g. `Observation`.
        slug: The same as files and topics spell it, e.g. `match-candidate`.
        version: 1, 2, 3 …
        path: The .avsc file.
        source: The JSON as released, with docs and logical types: what a registry is given.
        parsed: What fastavro works with; logical types are stripped, so times are int microseconds.
        fingerprint: CRC-64-AVRO of the parsing canonical form, little-endian, 8 bytes.
    """

    type: str
    slug: str
    version: int
    path: Path
    source: dict[str, Any]
    parsed: dict[str, Any]
    fingerprint: bytes

    @property
    def aliases(self) -> tuple[bytes, ...]:
        """What other libraries take for the fingerprint: read, never written."""
        return _aliases(self)

    @property
    def uri(self) -> str:
        """Name the schema for CloudEvents `dataschema`, e.g. `urn:fairwatch:schema:observation:v1`."""
        return f"urn:fairwatch:schema:{self.slug}:v{self.version}"


@cache
def _aliases(schema: Schema) -> tuple[bytes, ...]:
    """Return the aliases of a schema; those of all schemas take longer than everything else here."""
    return foreign_fingerprints(fastavro.parse_schema(schema.source))


def without_logical_types(schema: Any) -> Any:
    """Return the schema with `{"type": "long", "logicalType": …}` written as `"long"`, at any depth."""
    if isinstance(schema, list):
        return [without_logical_types(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    if "logicalType" in schema:
        return schema["type"]
    return {name: value if name == "default" else without_logical_types(value) for name, value in schema.items()}


def _bytes_defaults(schema: Any) -> None:
    """Turn the defaults of bytes, which JSON spells as text, into bytes: fastavro writes and reads them as they are."""
    if isinstance(schema, list):
        for member in schema:
            _bytes_defaults(member)
    elif isinstance(schema, dict):
        for field in schema.get("fields", ()):
            if field["type"] == "bytes" and isinstance(field.get("default"), str):
                field["default"] = field["default"].encode("latin-1")
            _bytes_defaults(field["type"])
        _bytes_defaults(schema.get("items"))
        _bytes_defaults(schema.get("values"))


def _parsed(source: Any, slug: str, version: int, path: Path) -> Schema:
    parsed: Any = fastavro.parse_schema(without_logical_types(source))
    crc = fingerprint(to_parsing_canonical_form(parsed), CRC)
    _bytes_defaults(parsed)
    return Schema(source["name"], slug, version, path, source, parsed, bytes.fromhex(crc))


def recognised(text: str) -> Schema | None:
    """Return the schema that JSON from elsewhere means: one of ours, or somebody else's version of one; else None.

    A record of another version, as the next release or another producer writes it, is read by Avro's resolution.
    """
    try:
        found = _parsed(json.loads(text), "", 0, Path())
    except (*_BROKEN, AttributeError, TypeError, RecursionError):
        return None
    for known in released():
        if known.fingerprint == found.fingerprint:
            return known
    ours = newest().get(found.source["name"])
    return found if ours is not None and ours.parsed["name"] == found.parsed["name"] else None


def load(path: Path) -> Schema:
    """Read one `<record>.v<N>.avsc`.

    Raises:
        ConfigurationError: It is not an Avro schema, or its name is not of that form.
    """
    slug, _, version = path.name.removesuffix(".avsc").rpartition(".v")
    try:
        return _parsed(json.loads(path.read_text(encoding="utf-8")), slug, int(version), path)
    except _BROKEN as error:
        raise ConfigurationError(f"{path}: not a schema named <record>.v<N>.avsc: {error!r}") from error


def load_all(folder: Path) -> tuple[Schema, ...]:
    """Read every schema below `folder`/avro, oldest version of each record first."""
    found = sorted(map(load, (folder / "avro").glob("*.avsc")), key=lambda schema: (schema.slug, schema.version))
    if not found:
        raise ConfigurationError(f"no schemas in {folder / 'avro'}: reinstall fairwatch")
    return tuple(found)


@cache
def released() -> tuple[Schema, ...]:
    """Return every schema that this version of Fairwatch brings."""
    return load_all(FOLDER)


@cache
def newest() -> Mapping[str, Schema]:
    """Return the newest version of each record, by record name."""
    return {schema.type: schema for schema in released()}
