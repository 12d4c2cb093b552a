"""What is wrong with a declaration, all of it at once, each with its file, line and message."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a declaration.

    Attributes:
        file: Where it is.
        line: Counted from 1; 1 where nothing nearer is known.
        message: Name of the message of the format that it is in; empty outside of messages.
        what: What is wrong, as a sentence.
    """

    file: Path
    line: int
    message: str
    what: str

    def __str__(self) -> str:
        """Return it as one line, as compilers write it."""
        within = f"message {self.message}: " if self.message else ""
        return f"{self.file}:{self.line}: {within}{self.what}"


class Source:
    """The text of a declaration, to find the line of a place in it; it is only looked at when something is wrong.

    Args:
        path: The file; what it includes is found beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _root(self) -> Any:
        return yaml.compose(self.path.read_text(encoding="utf-8"), _LOADER)

    @cached_property
    def _included(self) -> "Source | None":
        include = self._scalar("include")
        return Source(self.path.parent / f"{include}.yaml") if include else None

    def fault(self, place: Place, what: str) -> Fault:
        """Return a fault at a place such as `("messages", 2, "rows", "shape")`; the nearest line known counts."""
        head, rest = place[:1], place[1:]
        if self._included and head == ("messages",) and rest and isinstance(rest[0], int):
            own = self._length("messages")
            if rest[0] >= own:
                return self._included.fault(("messages", rest[0] - own, *rest[1:]), what)
        if self._included and head == ("groups",) and rest and not self._has("groups", str(rest[0])):
            return self._included.fault(place, what)
        return Fault(self.path, self._line(place), self._message(place), what)

    def _line(self, place: Place) -> int:
        node, line = self._root, 1
        for step in place:
            entry = _below(node, step)
            if entry is None:
                if isinstance(step, int) and isinstance(node, yaml.MappingNode):
                    continue  # a row that stands alone is checked as a list of one
                break
            line, node = entry[0].start_mark.line + 1, entry[1]
        return line

    def _message(self, place: Place) -> str:
        if len(place) > 1 and place[0] == "messages" and (entry := _below(self._root, "messages")):
            one = _below(entry[1], place[1])
            name = _below(one[1], "name") if one else None
            return str(name[1].value) if name and isinstance(name[1], yaml.ScalarNode) else ""
        return ""

    def _scalar(self, name: str) -> str:
        entry = _below(self._root, name)
        return str(entry[1].value) if entry and isinstance(entry[1], yaml.ScalarNode) else ""

    def _length(self, name: str) -> int:
        entry = _below(self._root, name)
        return len(entry[1].value) if entry else 0

    def _has(self, *names: str) -> bool:
        node = self._root
        for name in names:
            entry = _below(node, name)
            if entry is None:
                return False
            node = entry[1]
        return True


def _below(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """Return the node that names a step down and the node below it; merged mappings (`<<`) are looked into."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return (node.value[step], node.value[step]) if step < len(node.value) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in node.value:
        if key.value == str(step):
            return key, value
    for key, value in node.value:
        if key.value == "<<" and (found := _below(value, step)):
            return found
    return None


def as_text(faults: Iterable[Fault]) -> str:
    """Return faults as lines."""
    return "\n".join(map(str, faults))


def of_validation(source: Source, errors: Iterable[Any]) -> Iterator[Fault]:
    """Yield the faults that a model of the declaration found."""
    for error in errors:
        named = [str(step) for step in error["loc"] if isinstance(step, str)]
        what = error["msg"].removeprefix("Value error, ")
        yield source.fault(tuple(error["loc"]), f"{named[-1]}: {what}" if named else what)
