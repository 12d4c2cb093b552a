"""Item lists of ONVIF messages in their several spellings, as plain mappings."""

from typing import Any, Final

Tree = dict[str, Any]

_ZEEP: Final = "_value_1"
_NOISE: Final = frozenset({"_attr_1"})
_DEEPEST: Final = 40


def as_mapping(node: Any) -> Tree:
    """Return the first mapping that a node is or holds, or an empty one."""
    if type(node) is list:
        node = node[0] if node else None
    return node if type(node) is dict else {}


def unzeep(node: Any, depth: int = 0) -> Any:
    """Undo what the SOAP library zeep does: text and any-content under `_value_1`, nulls for everything absent."""
    if depth > _DEEPEST:
        return None
    if type(node) is list:
        return [unzeep(item, depth + 1) for item in node]
    if type(node) is not dict:
        return node
    if _ZEEP in node and (type(node[_ZEEP]) is not dict or not _others(node)):
        inner = node[_ZEEP]
        return inner if type(inner) is not dict else unzeep(inner, depth + 1)
    return {
        name: unzeep(value, depth + 1)
        for name, value in node.items()
        if value is not None and name not in _NOISE and value != []
    }


def _others(node: Tree) -> bool:
    return any(value not in (None, {}, []) for name, value in node.items() if name != _ZEEP)


def strip_marks(node: Any, depth: int = 0) -> Any:
    """Return JSON of ONVIF over MQTT with attributes named like elements; JSON-LD contexts go."""
    if depth > _DEEPEST:
        return None
    if type(node) is list:
        return [strip_marks(item, depth + 1) for item in node]
    if type(node) is not dict:
        return node
    return {name.removeprefix("@"): strip_marks(value, depth + 1) for name, value in node.items() if name != "@context"}


def items_of(node: Any) -> Tree:
    """Return an item list as name -> value; an element item's value is its tree, repeated items are a list."""
    if type(node) is not dict:
        return {}
    if "SimpleItem" not in node and "ElementItem" not in node:
        return {name: value for name, value in node.items() if value not in (None, "")} if _is_plain(node) else {}
    found: Tree = {}
    for item in _listed(node.get("SimpleItem")):
        if type(item) is dict and item.get("Name"):
            _add(found, str(item["Name"]), item.get("Value", item.get("#text", "")))
    for item in _listed(node.get("ElementItem")):
        if type(item) is dict and item.get("Name"):
            inner = {name: value for name, value in item.items() if name != "Name"}
            _add(found, str(item["Name"]), next(iter(inner.values())) if len(inner) == 1 else inner)
    return found


def _is_plain(node: Tree) -> bool:
    return not ("Extension" in node and len(node) == 1)


def _listed(node: Any) -> list[Any]:
    return node if type(node) is list else [] if node is None else [node]


def _add(found: Tree, name: str, value: Any) -> None:
    if value in (None, ""):
        return
    if name not in found:
        found[name] = value
    elif type(found[name]) is list:
        found[name].append(value)
    else:
        found[name] = [found[name], value]
