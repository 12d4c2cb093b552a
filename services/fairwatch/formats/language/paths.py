"""Paths through a document, compiled to getters and setters.

A path is relative to the current item: `a.b.c`. `/a` starts at the document, `../a` one item further out, `.` is the
item itself. A step may be an index (`0`) or select a named item: `SimpleItem[Name=Rule].Value`.
A step written `@name` is an XML attribute: it reads like any other and is written as an attribute; `@@name` is a name
that begins with @ itself.
Where a step meets a list without an index, its first item is meant.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

Scope = tuple[Any, ...]
Getter = Callable[[Scope], Any]

TEXT_KEY: Final = "#text"
_STEP: Final = re.compile(r"(?P<name>[^.\[\]]+)(?:\[(?P<key>[^=\]]+)=(?P<value>[^\]]*)\])?(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step down: a name, perhaps with the item to select among those of that name."""

    name: str
    key: str = ""
    value: str = ""
    attribute: bool = False
    key_attribute: bool = False

    @property
    def index(self) -> int | None:
        """Position in a list, when the step is a number."""
        return int(self.name) if self.name.isdigit() else None


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path: how many items outwards (None: from the document), then the steps down."""

    text: str
    outward: int | None
    steps: tuple[Step, ...]

    def level(self, depth: int) -> int:
        """Return the index in the scope where the path starts, for a row at this depth."""
        return 0 if self.outward is None else depth - self.outward


@lru_cache(maxsize=8_192)
def parse_path(text: str) -> Path:
    """Parse a path.

    Raises:
        ValueError: It is no path.
    """
    rest, outward = text, 0
    if text.startswith("/"):
        return Path(text, None, _steps(text[1:]))
    while rest.startswith("../"):
        rest, outward = rest[3:], outward + 1
    return Path(text, outward, () if rest == "." else _steps(rest))


def _steps(text: str) -> tuple[Step, ...]:
    if not text:
        return ()
    steps, position = [], 0
    while position < len(text):
        found = _STEP.match(text, position)
        if not found:
            raise ValueError(f"{text!r} is not a path at {position}")
        name, key = found["name"], found["key"] or ""
        attribute = name[0] == "@" and name[:2] != "@@"
        steps.append(
            Step(name.removeprefix("@"), key.removeprefix("@"), found["value"] or "", attribute, key[:1] == "@")
        )
        position = found.end()
    return tuple(steps)


def first(node: Any) -> Any:
    """Return the first item of a list, and anything else as it is."""
    while type(node) is list:
        node = node[0] if node else None
    return node


def getter(path: Path, depth: int) -> Getter:
    """Return a function of the scope that answers the node at the path, or None."""
    level, steps = path.level(depth), path.steps
    if not steps:
        return lambda scope: scope[level]
    if any(step.key or step.index is not None for step in steps):
        walkers = [_walker(step) for step in steps]

        def walk_any(scope: Scope) -> Any:
            node = scope[level]
            for walk in walkers:
                node = walk(node)
                if node is None:
                    return None
            return node

        return walk_any
    names = tuple(step.name for step in steps)
    return _named_getter(level, names)


def _named_getter(level: int, names: tuple[str, ...]) -> Getter:
    if len(names) == 1:
        only = names[0]

        def get_one(scope: Scope) -> Any:
            node = scope[level]
            return node.get(only) if type(node) is dict else None

        return get_one

    def get_many(scope: Scope) -> Any:
        node = scope[level]
        for name in names:
            if type(node) is list:
                node = first(node)
            if type(node) is not dict:
                return None
            node = node.get(name)
        return node

    return get_many


def _walker(step: Step) -> Callable[[Any], Any]:
    name, key, value, index = step.name, step.key, step.value, step.index
    if index is not None:

        def at(node: Any) -> Any:
            if type(node) is list:
                return node[index] if index < len(node) else None
            return node if index == 0 else None

        return at

    def down(node: Any) -> Any:
        node = first(node)
        node = node.get(name) if type(node) is dict else None
        if not key or node is None:
            return node
        for item in node if type(node) is list else (node,):
            if type(item) is dict and item.get(key) == value:
                return item
        return None

    return down
