"""Where each value of a document came from, although code moves, renames and copies it before a row reads it.

A document under trace is a copy of which every text, long number and name is an object of its own; Python's identity
then says where it was, wherever it is now. Numbers up to 256, booleans and single letters have no identity: they are
found by the identity of the name that they lie under, or of the name's own place, else by name and value.
"""

from collections.abc import Iterator
from typing import Any, Final

from fairwatch.formats.language.paths import TEXT_KEY, Step, first

_LARGEST_SHARED: Final = 256  # CPython keeps one object for each smaller number
_PAIRS: Final = {"Name": "Value", "name": "value"}


def scalars(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted path and the value of every leaf that says something, in the order of the document."""
    if type(node) is dict:
        for name, value in node.items():
            own = path if name == TEXT_KEY and path else f"{path}.{name}" if path else name
            yield from scalars(value, own)
    elif type(node) is list:
        for position, value in enumerate(node):
            yield from scalars(value, f"{path}.{position}" if path else str(position))
    elif node is not None and node != "":
        yield path, node


def paths_of(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every leaf under a path of its own: where two would share one, the later ones are numbered."""
    seen: dict[str, int] = {}
    for path, value in scalars(document):
        count = seen[path] = seen.get(path, 0) + 1
        yield (path if count == 1 else f"{path}#{count}"), value


class Marks:
    """One document under trace.

    Args:
        document: As parsed; it stays as it is.

    Attributes:
        document: Its copy, of which every part can be recognised.
        leaves: Path -> value of every leaf.
    """

    def __init__(self, document: Any) -> None:
        self.leaves = dict(paths_of(document))
        self._places: dict[int, tuple[object, str]] = {}
        self._names: dict[int, tuple[object, str]] = {}
        self._alike: dict[tuple[str, str], list[str]] = {}
        for path, value in self.leaves.items():
            self._alike.setdefault((_last(path), str(value)), []).append(path)
        self.document = self._copy(document, "")

    def _copy(self, node: Any, path: str) -> Any:
        kind = type(node)
        if kind is dict:
            made = {}
            for name, value in node.items():
                own = path if name == TEXT_KEY and path else f"{path}.{name}" if path else name
                key = _fresh(name)
                if key is not name:  # a single letter is the same object everywhere
                    self._names[id(key)] = (key, own)
                made[key] = self._copy(value, own)
            return made
        if kind is list:
            return [self._copy(value, f"{path}.{at}" if path else str(at)) for at, value in enumerate(node)]
        made = _fresh(node)
        if made is not node:
            self._places[id(made)] = (made, path)
        return made

    def place_of(self, value: object) -> str | None:
        """Return the path of the very object that a leaf was, wherever it is now."""
        found = self._places.get(id(value))
        return found[1] if found and found[0] is value and found[1] in self.leaves else None

    def below(self, node: Any, path: str | None = None, name: str = "") -> Iterator[str]:
        """Yield the paths of the leaves in a node that code may have moved.

        Args:
            node: Part of the document as it is now.
            path: Where the node came from, if that is known.
            name: What it is called now.
        """
        if type(node) is dict:
            for key, value in node.items():
                yield from self._of_field(key, value, path)
        elif type(node) is list:
            for position, value in enumerate(node):
                yield from self.below(value, f"{path}.{position}" if path is not None else None, name)
        elif node is not None and node != "" and (found := self._leaf(node, path, name)):
            yield found

    def _of_field(self, key: str, value: Any, path: str | None) -> Iterator[str]:
        own = self.name_place(key, path)
        if named := self.place_of(key):  # the name was itself a value
            yield named
        yield from self.below(value, own, key)

    def name_place(self, key: str, path: str | None) -> str | None:
        """Return where the value under a name came from: by the name itself, else by the place it lies in."""
        found = self._names.get(id(key))
        if found and found[0] is key:
            return found[1]
        if named := self.place_of(key):
            base, _, last = named.rpartition(".")
            return f"{base}.{_PAIRS[last]}" if last in _PAIRS else None
        own = path if key == TEXT_KEY else f"{path}.{key}"
        return own if path is not None else None

    def _leaf(self, value: object, path: str | None, name: str) -> str | None:
        if found := self.place_of(value):
            return found
        if path is not None and self.leaves.get(path) == value:
            return path
        alike = self._alike.get((_last(name), str(value)), ())
        return next(iter(alike), None)

    def at(self, item: Any, steps: tuple[Step, ...]) -> tuple[Any, str | None, list[str]]:
        """Follow steps down from an item, as a getter does.

        Returns:
            What is there, where it came from, and the leaves that selected it.
        """
        node, path = item, None
        told: list[str] = []
        for step in steps:
            if step.index is not None:
                node, path = self._item(node, path, step.index)
                continue
            if type(node) is list:
                path = f"{path}.0" if path is not None else None
                node = first(node)
            if type(node) is not dict or step.name not in node:
                return None, None, told
            key = next(name for name in node if name == step.name)
            if named := self.place_of(key):
                told.append(named)
            path, node = self.name_place(key, path), node[key]
            if step.key:
                node, path = self._selected(node, path, step, told)
        return node, path, told

    @staticmethod
    def _item(node: Any, path: str | None, index: int) -> tuple[Any, str | None]:
        if type(node) is not list:
            return (node, path) if index == 0 else (None, None)
        return (node[index] if index < len(node) else None), f"{path}.{index}" if path is not None else None

    def _selected(self, node: Any, path: str | None, step: Step, told: list[str]) -> tuple[Any, str | None]:
        for position, item in enumerate(node if type(node) is list else (node,)):
            if type(item) is dict and item.get(step.key) == step.value:
                own = f"{path}.{position}" if path is not None and type(node) is list else path
                told += self.below(item[step.key], f"{own}.{step.key}", step.key)
                return item, own
        return None, None


def _last(path: str) -> str:
    return path.rpartition(".")[2].removeprefix("@").lower()


def _fresh(value: Any) -> Any:
    """Return an equal object that nobody else has, where Python can make one."""
    kind = type(value)
    if kind is str:
        return (value + " ")[:-1] if len(value) > 1 else value
    if kind is float:
        return float.fromhex(value.hex())
    if kind is int and abs(value) > _LARGEST_SHARED:
        return int(str(value))
    return value
