"""Hypothesis strategies for every record that an Avro schema allows."""

from typing import Any

from hypothesis import strategies as st

from tests.support.processor_world import plain_schema

INT, LONG = (-(2**31), 2**31 - 1), (-(2**63), 2**63 - 1)


def records(type_: str, **fixed: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for schema-valid records; `fixed` replaces the strategy of a top-level field."""
    schema = plain_schema(type_)
    named: dict[str, Any] = {}
    _collect(schema, named)
    fields = {f["name"]: _of(f["type"], named, 0) for f in schema["fields"]} | fixed
    return st.fixed_dictionaries(fields)


def _collect(node: Any, named: dict[str, Any]) -> None:
    if isinstance(node, list):
        for item in node:
            _collect(item, named)
    elif isinstance(node, dict):
        if "name" in node and node.get("type") in ("record", "enum"):
            named[node["name"]] = named[f"fairwatch.{node['name']}"] = node
        for value in node.values():
            _collect(value, named)


def _of(node: Any, named: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if isinstance(node, list):
        return st.one_of([_of(branch, named, depth) for branch in node])
    if isinstance(node, dict):
        return _complex(node, named, depth)
    simple: dict[str, st.SearchStrategy[Any]] = {
        "null": st.none(),
        "boolean": st.booleans(),
        "int": st.integers(*INT),
        "long": st.integers(*LONG),
        "double": st.floats(),
        "float": st.floats(width=32),
        "string": st.text(max_size=12),
        "bytes": st.binary(max_size=64),
    }
    return simple[node] if node in simple else _of(named[node], named, depth)


def _complex(node: dict[str, Any], named: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    most = 2 if depth < 3 else 0
    match node["type"]:
        case "enum":
            return st.sampled_from(node["symbols"])
        case "array":
            return st.lists(_of(node["items"], named, depth + 1), max_size=most)
        case "map":
            return st.dictionaries(st.text(max_size=8), _of(node["values"], named, depth + 1), max_size=most)
        case "record":
            return st.fixed_dictionaries({f["name"]: _of(f["type"], named, depth + 1) for f in node["fields"]})
        case inner:
            return _of(inner, named, depth)
