"""Proves a schemas folder: names, docs, shared types, versions, frozen hashes, protected attributes."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairwatch.policy.protected import is_protected, is_proxy_value
from fairwatch.wire.schemas import Schema

RELEASED = "released.sha256"
_SYMBOL = re.compile(r"[A-Z][A-Z0-9_]*")
_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_WORD = re.compile(r"[^\s.,:;()/]+")
_TIMES = ("timestamp-micros", "SourceTime")
_LIMITS = ("removed", "never", "nothing here infers")  # a doc may say that something is not carried


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in the folder."""

    where: str
    what: str


def check_schemas(schemas: Sequence[Schema]) -> Iterator[Problem]:
    """Check what the schema files say, each alone and all together."""
    for schema in schemas:
        yield from _names(schema)
        for path, node in walk(schema.source):
            yield from (Problem(f"{schema.path.name} {path}", what) for what in _node(path, node))
    yield from _versions(schemas)
    yield from _shared_types(schemas)


def walk(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield `(path, node)` for each record, enum and field of a schema."""
    if isinstance(schema, list):
        for member in schema:
            yield from walk(member, path)
    if not isinstance(schema, dict):
        return
    here = f"{path}/{schema['name']}" if schema["type"] == "record" and not path else path
    if schema["type"] in {"record", "enum"}:
        yield here, schema
    for field in schema.get("fields", ()):
        yield f"{here}/{field['name']}", field
        yield from walk(field["type"], f"{here}/{field['name']}")
    for inner in ("items", "values"):
        yield from walk(schema.get(inner), here)


def protected_words(path: str, node: Any) -> Iterator[str]:
    """Yield the protected attributes that a record, an enum or a field expresses in names, symbols or docs."""
    above = path.rpartition("/")[0]
    for name in (node["name"], *node.get("aliases", ()), *node.get("symbols", ())):
        if is_protected(name, above) or is_proxy_value(name):
            yield f"the name {name} stands for a protected attribute"
    doc = node.get("doc", "")
    if not any(limit in doc.lower() for limit in _LIMITS):
        for word in _WORD.findall(doc):
            if is_protected(word, above) or is_proxy_value(word):
                yield f"the doc speaks of a protected attribute: {word}"


def check_released(folder: Path) -> Iterator[Problem]:
    """Check that no released file was edited or removed."""
    for name, expected in released_hashes(folder).items():
        path = folder / name
        if not path.is_file():
            yield Problem(name, "was released and is gone")
        elif _sha256(path) != expected:
            yield Problem(name, "was released and differs: undo the edit and write the next version")


def released_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each released file by its path in the folder."""
    path = folder / RELEASED
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def unreleased(folder: Path) -> list[str]:
    """Return the path in the folder of each schema file that is not released yet and may still change."""
    known = released_hashes(folder)
    files = sorted((folder / "avro").glob("*.avsc"))
    return [name for path in files if (name := path.relative_to(folder).as_posix()) not in known]


def freeze(folder: Path) -> list[str]:
    """Release every schema file that is not released yet, and return their paths in the folder."""
    known = released_hashes(folder)
    new = {name: _sha256(folder / name) for name in unreleased(folder)}
    lines = [f"{digest}  {name}\n" for name, digest in sorted((known | new).items())]
    (folder / RELEASED).write_text("".join(lines), encoding="utf-8")
    return list(new)


def _names(schema: Schema) -> Iterator[Problem]:
    if schema.type.lower() != schema.slug.replace("-", ""):
        yield Problem(schema.path.name, f"holds {schema.type}")
    if schema.source.get("namespace") != "fairwatch":
        yield Problem(schema.path.name, "the namespace must be fairwatch")


def _node(path: str, node: Any) -> Iterator[str]:
    if not node.get("doc"):
        yield "has no doc"
    yield from protected_words(path, node)
    if node["type"] == "enum":
        if node.get("default") != node["symbols"][0]:
            yield "the default must be the first symbol, which readers use for symbols of the future"
        yield from (
            f"symbol {symbol} is not UPPER_SNAKE" for symbol in node["symbols"] if not _SYMBOL.fullmatch(symbol)
        )
    elif node["type"] != "record":
        if not _FIELD.fullmatch(node["name"]):
            yield "is not snake_case"
        if node["name"].endswith("_at") and not any(kind in str(node["type"]) for kind in _TIMES):
            yield "is a time without timestamp-micros"


def _versions(schemas: Sequence[Schema]) -> Iterator[Problem]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for schema in schemas:
        found[schema.slug].append(schema.version)
    for slug, versions in found.items():
        if versions != list(range(1, len(versions) + 1)):
            yield Problem(slug, f"versions are {versions}, not 1, 2, 3 …")


def _shared_types(schemas: Sequence[Schema]) -> Iterator[Problem]:
    """A named type is the same wherever the newest versions define it, so that one TypedDict is true of all."""
    seen: dict[str, tuple[str, str]] = {}
    for schema in {schema.type: schema for schema in schemas}.values():
        for _, node in walk(schema.source):
            if node["type"] not in ("record", "enum"):  # a field; its type may be a list
                continue
            shape = repr(_shape(node))
            first, where = seen.setdefault(node["name"], (shape, schema.path.name))
            if first != shape:
                yield Problem(schema.path.name, f"{node['name']} differs from the one in {where}")


def _shape(node: Any) -> Any:
    """Reduce nested definitions to their names: which of several uses defines a type is of no matter."""
    fields = [{**field, "type": _reference(field["type"])} for field in node.get("fields", ())]
    return {"doc": node.get("doc"), "symbols": node.get("symbols"), "default": node.get("default"), "fields": fields}


def _reference(node: Any) -> Any:
    if isinstance(node, list):
        return [_reference(member) for member in node]
    if isinstance(node, str):
        return node.rpartition(".")[2]
    if node["type"] in {"record", "enum"}:
        return node["name"]
    return {name: _reference(value) for name, value in sorted(node.items())}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
