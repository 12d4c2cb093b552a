"""Upgrade and downgrade: what a release has written is read for ever, and its readers read what we write."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from fastavro import schemaless_reader

from fairwatch.wire.avro import Codec
from fairwatch.wire.json_form import from_json
from fairwatch.wire.schemas import FOLDER, Schema, load, newest, released

KEPT = sorted((Path(__file__).parent / "released").rglob("*.avro"))
README = Path(__file__).resolve().parents[2] / "README.md"


def _said(path: Path) -> tuple[Schema, dict[str, Any]]:
    """Return the schema of a kept record and what its example says."""
    known = next(one for one in released() if (one.slug, f"v{one.version}") == (path.parent.name, path.parts[-3]))
    example = FOLDER / "examples" / known.slug / str(known.version) / f"{path.stem}.json"
    return known, from_json(known, json.loads(example.read_text(encoding="utf-8")))


def _next_version(known: Schema, folder: Path) -> Schema:
    """Return the version after the newest, as our rules allow it: one more optional field."""
    grown = json.loads(newest()[known.type].path.read_text(encoding="utf-8"))
    grown["fields"].append({"name": "added_later", "type": ["null", "string"], "default": None, "doc": "New."})
    path = folder / f"{known.slug}.v{newest()[known.type].version + 1}.avsc"
    path.write_text(json.dumps(grown), encoding="utf-8")
    return load(path)


def _holds(record: Any, said: Any) -> bool:
    if isinstance(said, dict) and isinstance(record, dict):
        return all(_holds(record.get(name), value) for name, value in said.items())
    if isinstance(said, list) and isinstance(record, list):
        return len(said) == len(record) and all(map(_holds, record, said))
    return bool(record == said)


def test_every_released_record_is_kept():
    kept = {(path.parts[-3], path.parent.name) for path in KEPT}
    assert kept >= {(f"v{known.version}", known.slug) for known in released()}


@pytest.mark.parametrize("path", KEPT, ids=lambda path: "/".join(path.parts[-3:]))
def test_this_version_reads_what_a_release_wrote(path):
    known, said = _said(path)
    kind, record = Codec().decode(path.read_bytes())
    assert kind == known.type
    assert _holds(record, said)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: "/".join(path.parts[-3:]))
def test_the_released_reader_reads_what_this_version_writes(path):
    known, said = _said(path)
    written = Codec().encode(known.type, Codec().decode(path.read_bytes())[1])
    assert _holds(schemaless_reader(io.BytesIO(written[10:]), newest()[known.type].parsed, known.parsed), said)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: "/".join(path.parts[-3:]))
def test_the_next_version_reads_it_too_and_is_read(path, tmp_path):
    known, said = _said(path)
    following = _next_version(known, tmp_path)
    upgraded = Codec(schemas=[*released(), following])
    record = upgraded.decode(path.read_bytes())[1]
    assert record.pop("added_later", "absent") is None
    assert _holds(record, said)
    written = upgraded.encode(known.type, {**record, "added_later": "x"})
    downgraded = schemaless_reader(io.BytesIO(written[10:]), following.parsed, known.parsed)
    assert "added_later" not in downgraded
    assert _holds(downgraded, said)


def test_the_ten_bytes_in_the_readme_are_those_of_the_schema():
    head = b"\xc3\x01" + newest()["Observation"].fingerprint
    assert f"`{head.hex(' ')}`" in README.read_text(encoding="utf-8")
