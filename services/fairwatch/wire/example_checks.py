"""Proves a schemas folder by use: examples in both framings, old versions read by new ones, topics that fit records."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.wire.avro import Codec
from fairwatch.wire.json_form import from_json
from fairwatch.wire.schema_checks import Problem, check_released, check_schemas
from fairwatch.wire.schemas import Schema, load_all
from fairwatch.wire.topics import Topic
from fairwatch.wire.topics import load_all as load_topics

LEAST = 2  # examples of each version


@dataclass(frozen=True, slots=True)
class Example:
    """One file below examples/<record>/<version>/."""

    path: Path
    schema: Schema
    document: Any


class Numbered:
    """A schema registry that numbers a folder's schemas by their place, to prove Confluent's framing offline."""

    def __init__(self, schemas: Sequence[Schema]) -> None:
        self._schemas = schemas

    def id_of(self, schema: Schema) -> int:
        """Return the place of the schema."""
        return self._schemas.index(schema)

    def schema_of(self, schema_id: int) -> Schema | None:
        """Return the schema at that place."""
        return self._schemas[schema_id] if schema_id < len(self._schemas) else None


def check_folder(folder: Path) -> list[Problem]:
    """Return everything that is wrong with a schemas folder."""
    try:
        schemas = load_all(folder)
        known = load_topics(folder)
    except ConfigurationError as error:
        return [Problem(folder.name, str(error))]
    problems = [*check_schemas(schemas), *check_released(folder), *check_topics(known, schemas)]
    return problems + list(check_examples(folder, schemas))


def examples(folder: Path, schemas: Sequence[Schema]) -> Iterator[Example]:
    """Yield every example.

    Raises:
        ConfigurationError: A file belongs to no schema or is not JSON.
    """
    known = {(schema.slug, str(schema.version)): schema for schema in schemas}
    for path in sorted((folder / "examples").rglob("*.json")):
        slug, version = path.parts[-3:-1]
        if (slug, version) not in known:
            raise ConfigurationError(f"{path}: there is no schema {slug}.v{version}.avsc")
        try:
            yield Example(path, known[slug, version], json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise ConfigurationError(f"{path}: not JSON: {error}") from error


def check_examples(folder: Path, schemas: Sequence[Schema]) -> Iterator[Problem]:
    """Check that each example fits, comes back the same in both framings, and is read by every later version."""
    try:
        found = list(examples(folder, schemas))
    except ConfigurationError as error:
        yield Problem("examples", str(error))
        return
    counts: defaultdict[Path, int] = defaultdict(int)
    codecs = (Codec(schemas=schemas), Codec(Numbered(schemas), schemas=schemas))
    for example in found:
        counts[example.schema.path] += 1
        name = example.path.relative_to(folder).as_posix()
        try:
            record = from_json(example.schema, example.document)
            yield from (Problem(name, what) for codec in codecs for what in _round_trip(codec, example.schema, record))
        except RejectedError as error:
            yield Problem(name, error.detail)
    for schema in schemas:
        if counts[schema.path] < LEAST:
            yield Problem(schema.path.name, f"has {counts[schema.path]} examples and needs {LEAST}")


def check_topics(known: Mapping[str, Topic], schemas: Sequence[Schema]) -> Iterator[Problem]:
    """Check that topics name records, versions and keys that exist, and that no record is without a topic."""
    newest = {schema.type: schema for schema in schemas}
    for topic in known.values():
        schema = newest.get(topic.record)
        if schema is None:
            yield Problem(topic.name, f"there is no record {topic.record}")
        elif topic.version != schema.version:
            yield Problem(topic.name, f"carries {topic.record} v{topic.version}; the newest is v{schema.version}")
        elif not _has_field(schema, topic.key):
            yield Problem(topic.name, f"{topic.record} has no field {topic.key} to key by")
    carried = {topic.record for topic in known.values()}
    yield from (Problem(schema.path.name, "is carried by no topic") for schema in schemas if schema.type not in carried)


def _round_trip(codec: Codec, schema: Schema, record: Mapping[str, Any]) -> Iterator[str]:
    """Write with the example's own version, read with the newest; nothing that was written may differ."""
    kind, read = codec.decode(codec.encode_as(schema, record))
    if kind != schema.type:
        yield f"comes back as {kind}"
    yield from (f"{name} comes back different" for name in record if not _covers(read.get(name), record[name]))
    if codec.decode(codec.encode(kind, read))[1] != read:
        yield "does not come back the same a second time"


def _covers(read: Any, written: Any) -> bool:
    """Return whether what was read holds all that was written; defaults may have been filled in."""
    if isinstance(written, Mapping):
        return isinstance(read, Mapping) and all(_covers(read.get(name), value) for name, value in written.items())
    if isinstance(written, list):
        return isinstance(read, list) and len(read) == len(written) and all(map(_covers, read, written))
    return bool(read == written)


def _has_field(schema: Schema, path: str) -> bool:
    node: Any = schema.parsed
    for name in path.split("."):
        fields = {field["name"]: field["type"] for field in node.get("fields", ())} if isinstance(node, dict) else {}
        if name not in fields:
            return False
        node = fields[name]
    return True
