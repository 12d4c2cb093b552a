"""Python source as it is made: lines, constants, and the nodes of a document that several rows share."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from fairwatch.adapters.paths import Path, first, getter


def nothing(_: str) -> None:
    """Stand for the `get` of a node that is not there."""


_INDENT: Final = "    "


class Level:
    """One item of the scope: the variables that hold it and the nodes below it that rows need.

    Args:
        index: Position in the scope.
        scope: Expression of the scope as a tuple, up to this item.
    """

    def __init__(self, index: int, scope: str) -> None:
        self.index = index
        self.item = f"s{index}"
        self.scope = scope
        self.nodes: dict[tuple[str, ...], str] = {}
        self.prologue: list[str] = []


class Source:
    """The text of one function."""

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {"first": first, "nothing": nothing}
        self._lines: list[str] = []
        self._depth = 0
        self._count = 0

    def name(self, letter: str) -> str:
        """Return a variable name that is not in use."""
        self._count += 1
        return f"{letter}_{self._count}"

    def constant(self, value: Any) -> str:
        """Return a name under which the function finds a value."""
        name = self.name("c")
        self.constants[name] = value
        return name

    def line(self, text: str) -> None:
        """Add a line."""
        self._lines.append(_INDENT * self._depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add a line that opens a block, and indent what follows."""
        self.line(head)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    @contextmanager
    def level(self, level: Level) -> Iterator[None]:
        """Add lines that look at an item; the nodes that they turn out to share are looked up before them."""
        outside, self._lines = self._lines, []
        try:
            yield
        finally:
            indent = _INDENT * self._depth
            self._lines = [*outside, *(indent + text for text in level.prologue), *self._lines]

    @contextmanager
    def levels(self, levels: list[Level]) -> Iterator[None]:
        """Add lines that look at all items of a scope; the outermost is looked at first."""
        with ExitStack() as stack:
            for level in levels:
                stack.enter_context(self.level(level))
            yield

    def get(self, level: Level, names: tuple[str, ...]) -> str:
        """Return the name of the `get` of the node below an item, which is `nothing` where there is no such node."""
        known = level.nodes.get(names)
        if known:
            return known
        if not names:
            node = level.item
        else:
            parent = self.get(level, names[:-1])
            node = self.name("n")
            level.prologue.append(f"{node} = {parent}({names[-1]!r})")
            level.prologue.append(f"if type({node}) is list: {node} = first({node})")
        found = level.nodes[names] = self.name("g")
        level.prologue.append(f"{found} = {node}.get if type({node}) is dict else nothing")
        return found

    def value(self, levels: list[Level], path: Path) -> str:
        """Return an expression of the node at a path."""
        level = levels[path.level(len(levels) - 1)]
        if not path.steps:
            return level.item
        if any(step.key or step.index is not None for step in path.steps):
            depth = len(levels) - 1
            return f"{self.constant(getter(path, depth))}({levels[-1].scope})"
        names = tuple(step.name for step in path.steps)
        return f"{self.get(level, names[:-1])}({names[-1]!r})"

    def function(self, head: str) -> Any:
        """Return the finished function."""
        text = "\n".join([f"def made{head}:", *(_INDENT + line for line in self._lines)])
        space = dict(self.constants)
        exec(compile(text, "<declaration>", "exec"), space)  # noqa: S102  # only names and literals of a checked declaration
        return space["made"]
