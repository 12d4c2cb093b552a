"""What of one record is not in another."""

from collections.abc import Mapping
from math import isclose
from typing import Any, Final

# What every format says in its own way, or what is the hub's own affair.
_OWN: Final = frozenset(
    {
        "observation_id",
        "device_id",
        "received_at",
        "occurred_at",
        "raw_sha256",
        "removed_fields",
        "retention_class",
        "source.format",
        "source.version",
    }
)
_NEAR: Final = 1e-6


def unlike(record: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the dotted names of everything that a record says and the other does not."""
    return sorted(
        name for name in set(leaves(record)) if not _are_like(values_at(record, name), values_at(other, name))
    )


def _are_like(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(
        left == right
        or (isinstance(left, float) and isinstance(right, float) and isclose(left, right, rel_tol=_NEAR, abs_tol=_NEAR))
        for left, right in zip(one, other, strict=True)
    )


def leaves(node: Any, name: str = "") -> list[str]:
    """Return the dotted names of everything that a record says; lists are not numbered."""
    if name in _OWN or node is None or node in ("", [], {}):
        return []
    if isinstance(node, Mapping):
        return [leaf for key, value in node.items() for leaf in leaves(value, f"{name}.{key}" if name else key)]
    if isinstance(node, list):
        return sorted({leaf for item in node for leaf in leaves(item, name)})
    return [name]


def values_at(node: Any, path: str) -> list[Any]:
    """Return every value at a dotted name, through lists."""
    if isinstance(node, list):
        return [value for item in node for value in values_at(item, path)]
    if not path:
        return [node]
    if not isinstance(node, Mapping):
        return []
    if path in node:
        return values_at(node[path], "")
    name, _, rest = path.partition(".")
    return values_at(node.get(name), rest) if name in node else []
