"""The canonical records as the compiler sees them: which fields there are, and which must be."""

from dataclasses import dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints, is_typeddict

from fairwatch.domain import records


@dataclass(frozen=True, slots=True)
class Kind:
    """A canonical type.

    Attributes:
        shape: record, list, map or scalar.
        record: The TypedDict of a record, or of a list's items.
        item: Kind of a list's or map's items.
        symbols: Values of an enumeration.
    """

    shape: Literal["record", "list", "map", "scalar"]
    record: Any = None
    item: "Kind | None" = None
    symbols: tuple[str, ...] = ()


def record_kind(name: str) -> Kind:
    """Return the kind of a record by name.

    Raises:
        ValueError: There is none.
    """
    found = getattr(records, name, None)
    if found is None or not is_typeddict(found):
        raise ValueError(f"no record is named {name!r}")
    return Kind("record", found)


@lru_cache
def _hints(record: Any) -> dict[str, Any]:
    return get_type_hints(record)


def field(kind: Kind, name: str) -> Kind:
    """Return the kind of a field of a record or a key of a map.

    Raises:
        ValueError: There is no such field.
    """
    if kind.shape == "map" and kind.item is not None:
        return kind.item
    hints = _hints(kind.record) if kind.shape == "record" else {}
    if name not in hints:
        raise ValueError(f"{getattr(kind.record, '__name__', kind.shape)} has no field {name!r}")
    return _kind(hints[name])


def required(kind: Kind) -> frozenset[str]:
    """Return the fields without which a record of this kind cannot be written."""
    return frozenset(getattr(kind.record, "__required_keys__", ()))


def _kind(hint: Any) -> Kind:
    origin = get_origin(hint)
    if origin in {NotRequired, Required}:
        return _kind(get_args(hint)[0])
    if origin in {Union, UnionType}:
        return _kind(next(arm for arm in get_args(hint) if arm is not NoneType))
    if origin is list:
        item = _kind(get_args(hint)[0])
        return Kind("list", item.record, item)
    if origin is dict:
        return Kind("map", None, _kind(get_args(hint)[1]))
    if origin is Literal:
        return Kind("scalar", symbols=get_args(hint))
    return Kind("record", hint) if is_typeddict(hint) else Kind("scalar")
