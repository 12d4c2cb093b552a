"""Trees as documents have them: one or several, text or element; and what libraries make of a tree, undone."""

from typing import Any, Final

Tree = dict[str, Any]

_TEXT: Final = "#text"
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


def text_of(node: Any) -> str:
    """Return the text of an element with or without attributes."""
    if type(node) is dict:
        node = node.get(_TEXT, "")
    return "" if node is None else str(node).strip()


def as_list(node: Any) -> list[Any]:
    """Return the items of what may be one, several or nothing."""
    return node if type(node) is list else [] if node in (None, "") else [node]
