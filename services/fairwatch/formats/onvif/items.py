"""Item lists of ONVIF messages in their several spellings, as plain mappings."""

from typing import Any

from fairwatch.formats.bodies.trees import as_list

Tree = dict[str, Any]


def items_of(node: Any) -> Tree:
    """Return an item list as name -> value; an element item's value is its tree, repeated items are a list."""
    if type(node) is not dict:
        return {}
    if "SimpleItem" not in node and "ElementItem" not in node:
        return {name: value for name, value in node.items() if value not in (None, "")} if _is_plain(node) else {}
    found: Tree = {}
    for item in as_list(node.get("SimpleItem")):
        if type(item) is dict and item.get("Name"):
            _add(found, str(item["Name"]), item.get("Value", item.get("#text", "")))
    for item in as_list(node.get("ElementItem")):
        if type(item) is dict and item.get("Name"):
            inner = {name: value for name, value in item.items() if name != "Name"}
            _add(found, str(item["Name"]), next(iter(inner.values())) if len(inner) == 1 else inner)
    return found


def _is_plain(node: Tree) -> bool:
    return not ("Extension" in node and len(node) == 1)


def _add(found: Tree, name: str, value: Any) -> None:
    if value in (None, ""):
        return
    if name not in found:
        found[name] = value
    elif type(found[name]) is list:
        found[name].append(value)
    else:
        found[name] = [found[name], value]
