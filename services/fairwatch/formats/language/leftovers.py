"""What the rows of a declaration did not use: it is kept under the source's own names."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import orjson

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.language.paths import TEXT_KEY, Getter, Scope, Step

MOST: Final = 2000
LONGEST: Final = 8192
_PICTURES: Final = frozenset({"/9j/", "iVBO", "data"})  # how base64 of JPEG and PNG, and data URIs begin
_NAMES: Final = ("Name", "name")
_VALUES: Final = ("Value", "value")
_TREES: Final = frozenset({dict, list})
Blockers = tuple[Getter, ...]


class Usage:
    """Which part of a document the rows use: a tree of names, made when a declaration is compiled.

    Attributes:
        whole: Everything below is used.
        leaf: A scalar here is used.
        blockers: Where it is an alternative: it is used only if none of these is there.
        selected: (name of the key, its value) -> usage of that item of a list.
    """

    __slots__ = ("blockers", "children", "free", "leaf", "selected", "whole")

    def __init__(self) -> None:
        self.children: dict[str, Usage] = {}
        self.selected: dict[tuple[str, str], Usage] = {}
        self.whole = False
        self.leaf = False
        self.free = False
        self.blockers: list[Blockers] = []

    def enter(self, steps: Sequence[Step]) -> "Usage":
        """Return the usage at a path below, made when missing."""
        node = self
        for step in steps:
            if step.index is not None:
                node.whole = True
                continue
            node = node.children.setdefault(step.name, Usage())
            if step.key:
                node = node.selected.setdefault((step.key, step.value), Usage())
                node.children.setdefault(step.key, Usage()).mark(whole=False)
        return node

    def mark(self, *, whole: bool, blockers: Blockers = ()) -> None:
        """Say that a row uses this."""
        self.whole = self.whole or whole
        self.leaf = True
        if blockers:
            self.blockers.append(blockers)
        else:
            self.free = True

    def is_used(self, scope: Scope) -> bool:
        """Return whether a row has used it in this document."""
        if self.free:
            return True
        for blockers in self.blockers:
            for get in blockers:
                value = get(scope)
                if value is not None and value != "":
                    break
            else:
                return True
        return False


def collect(node: Any, usage: Usage, prefix: str, scope: Scope, out: dict[str, str]) -> None:
    """Add to `out` every leaf of a dict that no row used, by dotted name."""
    children = usage.children
    for name, value in node.items():
        if value is None or value == "":
            continue
        below = children.get(name)
        if below is None:
            flatten(value, prefix + name, out)
        else:
            collect_value(value, below, prefix + name, scope, out)
    if len(out) > MOST:
        raise RejectedError("too_large", f"the document has more than {MOST} unknown fields", prefix[:200])


def collect_value(value: Any, usage: Usage, name: str, scope: Scope, out: dict[str, str]) -> None:
    """Add to `out` what no row used of a value, by its dotted name."""
    if usage.is_used(scope):
        if not usage.whole and type(value) in _TREES:
            _collect_more(value, usage, name, scope, out)
    elif usage.children or usage.selected:
        _collect_more(value, usage, name, scope, out)
    else:
        flatten(value, name, out)


def _collect_more(value: Any, usage: Usage, name: str, scope: Scope, out: dict[str, str]) -> None:
    if type(value) is dict:
        if usage.leaf and TEXT_KEY in value:
            value = {key: item for key, item in value.items() if key != TEXT_KEY}
        _collect_item(value, usage, name, scope, out)
    elif type(value) is list:
        if not usage.leaf and not any(type(item) is dict for item in value):
            flatten(value, name, out)
            return
        for position, item in enumerate(value):
            if type(item) is dict:
                own = name if usage.selected else f"{name}.{position}"
                _collect_item(item, usage, own, scope, out)
            elif position or not usage.leaf:
                flatten(item, f"{name}.{position}", out)
    else:
        flatten(value, name, out)


def _collect_item(item: dict[str, Any], usage: Usage, name: str, scope: Scope, out: dict[str, str]) -> None:
    for (key, wanted), below in usage.selected.items():
        if item.get(key) == wanted:
            collect(item, below, f"{name}[{key}={wanted}].", scope, out)
            return
    if usage.selected and (flat := _named(item)):
        flatten(flat[1], f"{name}[{flat[0]}].{flat[2]}", out)
        return
    collect(item, usage, f"{name}.", scope, out)


def _named(item: dict[str, Any]) -> tuple[str, Any, str] | None:
    if len(item) != 2:  # noqa: PLR2004  # a name and a value
        return None
    for name in _NAMES:
        for value in _VALUES:
            if type(item.get(name)) is str and value in item:
                return f"{name}={item[name]}", item[value], value
    return None


def flatten(value: Any, name: str, out: dict[str, str]) -> None:
    """Add every leaf of a tree by dotted name; a list of scalars is one JSON text, other items are numbered or named.

    Raises:
        RejectedError: too_large, when there are more than `MOST`.
    """
    kind = type(value)
    if kind is str:
        out[name] = _shortened(value) if len(value) > LONGEST or is_picture(value) else value
    elif kind is float or kind is int:
        out[name] = repr(value)
    elif kind is bool:
        out[name] = "true" if value else "false"
    elif kind is dict:
        for key, item in value.items():
            if type(item) is int or type(item) is float:  # boxes are the most of what is left over
                out[name if key == TEXT_KEY else f"{name}.{key}"] = repr(item)
            elif item is not None and item != "":
                flatten(item, name if key == TEXT_KEY else f"{name}.{key}", out)
    elif kind is list:
        _flatten_list(value, name, out)
    if len(out) > MOST:
        raise RejectedError("too_large", f"the document has more than {MOST} unknown fields", name[:200])


def is_picture(text: str) -> bool:
    """Return whether a text holds a picture: pictures never travel inline, and a face least of all."""
    return text[:4] in _PICTURES and (text[:4] != "data" or text.startswith("data:image/"))


def is_numbers(items: list[Any]) -> bool:
    """Return whether a list holds nothing but numbers at any depth: a path or a polygon, however long, is one value."""
    for item in items:
        kind = type(item)
        if kind is list:
            if not is_numbers(item):
                return False
        elif kind is not float and kind is not int:
            return False
    return True


def _flatten_list(items: list[Any], name: str, out: dict[str, str]) -> None:
    if not items:
        return
    kinds = set(map(type, items))
    if _TREES.isdisjoint(kinds) or is_numbers(items):
        text = orjson.dumps(items).decode()
        held = str in kinds and any(type(item) is str and is_picture(item) for item in items)
        out[name] = _shortened(text) if held or len(text) > LONGEST else text
        return
    for position, item in enumerate(items):
        flat = _named(item) if type(item) is dict else None
        if flat:
            flatten(flat[1], f"{name}[{flat[0]}].{flat[2]}", out)
        elif item is not None and item != "":
            flatten(item, f"{name}.{position}", out)


def _shortened(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return f"({len(text)} characters, sha256 {digest})"
