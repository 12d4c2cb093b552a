"""YAML as it stands in a file: every value with its line, so that a fault can be found."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fairwatch.domain.errors import ConfigurationError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it is written (`no` stays `no`), with the line that it stands on, from 1."""

    value: str
    line: int


@dataclass(slots=True)
class Faults:
    """What is wrong in one file; collected, so that all of it is said at once."""

    path: Path
    found: list[str] = field(default_factory=list)

    def add(self, line: int, what: str) -> None:
        """Note one fault."""
        self.found.append(f"{self.path.name}:{line}: {what}")


def refuse(faults: list[str]) -> None:
    """Raise ConfigurationError with every fault on a line of its own, if there is one."""
    if faults:
        raise ConfigurationError("\n".join(faults))


def read(path: Path, faults: Faults) -> yaml.MappingNode | None:
    """Return the mapping that a file holds; None, with a fault, where it holds none."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        faults.add(mark.line + 1 if mark else 1, f"no YAML: {error.problem}")
        return None
    if isinstance(node, yaml.MappingNode):
        return node
    faults.add(1, "must be a mapping")
    return None


def line_of(node: yaml.Node) -> int:
    """Return the line of a node, from 1."""
    return int(node.start_mark.line) + 1


def entries(node: yaml.Node, faults: Faults) -> Iterator[tuple[Text, yaml.Node]]:
    """Yield the keys of a mapping with their nodes; a key that comes twice is a fault."""
    if not isinstance(node, yaml.MappingNode):
        faults.add(line_of(node), "must be a mapping")
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        text = Text(str(key.value), line_of(key))
        if text.value in seen:
            faults.add(text.line, f"{text.value!r} stands here and in line {seen[text.value]}")
            continue
        seen[text.value] = text.line
        yield text, value


def texts(node: yaml.Node, faults: Faults) -> list[Text]:
    """Return the scalars of a list."""
    if not isinstance(node, yaml.SequenceNode):
        faults.add(line_of(node), "must be a list")
        return []
    found = []
    for item in node.value:
        if isinstance(item, yaml.ScalarNode):
            found.append(Text(str(item.value), line_of(item)))
        else:
            faults.add(line_of(item), "must be a word")
    return found


def text(node: yaml.Node, faults: Faults) -> str:
    """Return a scalar."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    faults.add(line_of(node), "must be a word")
    return ""
