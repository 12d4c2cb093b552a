"""Writes values into a tree at paths, making what is missing on the way."""

from collections.abc import Sequence
from typing import Any

from fairwatch.formats.language.paths import TEXT_KEY, Path, Scope, Step


def put(scope: Scope, path: Path, value: Any, depth: int) -> None:
    """Write a value at the path; a dict is merged with what is there.

    Raises:
        TypeError: Something that is no dict is in the way.
    """
    _put(scope[path.level(depth)], path.steps, value)


def _put(node: Any, steps: Sequence[Step], value: Any) -> None:
    if not isinstance(node, dict):
        raise TypeError("a value is in the way")
    if not steps:
        for name, item in value.items():
            node[name] = merged(node.get(name), item)
        return
    step, rest = steps[0], steps[1:]
    name = f"@{step.name}" if step.attribute else step.name
    if step.key:
        _put(_selected(node, step), rest, value)
    elif not rest:
        node[name] = merged(node.get(name), value)
    elif rest[0].index is not None:
        _put_item(node, name, rest[0].index, rest[1:], value)
    else:
        _put(_child(node, name), rest, value)


def _selected(node: dict[str, Any], step: Step) -> dict[str, Any]:
    """Return the named item of a list, made when missing."""
    items = node.setdefault(step.name, [])
    if isinstance(items, dict):
        items = node[step.name] = [items]
    key = f"@{step.key}" if step.key_attribute else step.key
    for item in items:
        if item.get(key) == step.value:
            return dict_of(item)
    items.append({key: step.value})
    return dict_of(items[-1])


def dict_of(node: Any) -> dict[str, Any]:
    """Return the node when it is a dict.

    Raises:
        TypeError: It is not.
    """
    if not isinstance(node, dict):
        raise TypeError("a value is in the way")
    return node


def _put_item(node: dict[str, Any], name: str, index: int, rest: Sequence[Step], value: Any) -> None:
    """Write to an item of a list; beyond its end, it is the next one."""
    found = node.get(name)
    items = node[name] = found if isinstance(found, list) else [] if found is None else [found]
    if index >= len(items):
        index = len(items)
        items.append({} if rest else None)
    if rest:
        _put(items[index], rest, value)
    else:
        items[index] = merged(items[index], value)


def _child(node: dict[str, Any], name: str) -> Any:
    found = node.get(name)
    if isinstance(found, list):
        if not found:
            found.append({})
        return found[0]
    if not isinstance(found, dict):
        found = node[name] = {} if found is None else {TEXT_KEY: found}
    return found


def merged(old: Any, new: Any) -> Any:
    """Return what is written where something is already: dicts are united, a scalar becomes the text of an element."""
    if isinstance(old, dict):
        if isinstance(new, list) and len(new) == 1:
            new = new[0]
        if isinstance(new, dict):
            for name, item in new.items():
                old[name] = merged(old.get(name), item)
            return old
        if not isinstance(new, list):
            return {**old, TEXT_KEY: new}
    if isinstance(old, list) and isinstance(new, list) and old and isinstance(old[0], dict):
        pairs = min(len(old), len(new))
        return [*(merged(old[at], new[at]) for at in range(pairs)), *old[pairs:], *new[pairs:]]
    return new
