"""Python source as it is made: lines, constants, and the nodes of a document that several rows share."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from fairwatch.formats.language.paths import Path, first, getter

NOWHERE: Final[dict[str, Any]] = {}  # stands for a node that is not there; nothing writes to it


def entered(node: Any) -> dict[str, Any]:
    """Return the dict that a node is or that its first item is, or `NOWHERE`."""
    node = first(node)
    return node if type(node) is dict else NOWHERE


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
        self.constants: dict[str, Any] = {"entered": entered, "nowhere": NOWHERE}
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

    def node(self, level: Level, names: tuple[str, ...]) -> str:
        """Return the variable of the dict below an item, which is empty where there is no such node."""
        known = level.nodes.get(names)
        if known:
            return known
        if not names:
            node = self.name("n")
            level.prologue.append(f"{node} = {level.item} if type({level.item}) is dict else nowhere")
        else:
            parent, name = self.node(level, names[:-1]), repr(names[-1])
            node = self.name("n")
            level.prologue.append(f"{node} = {parent}[{name}] if {name} in {parent} else nowhere")
            level.prologue.append(f"if type({node}) is not dict: {node} = entered({node})")
        level.nodes[names] = node
        return node

    def value(self, levels: list[Level], path: Path) -> tuple[str, str]:
        """Return the test whether anything can be at a path, perhaps none, and the expression of what is there."""
        level, steps = levels[path.level(len(levels) - 1)], path.steps
        if not steps:
            return "", level.item
        names = tuple(step.name for step in steps)
        named = next((at for at, step in enumerate(steps) if step.key or step.index is not None), -1)
        if named < 0:
            node = self.node(level, names[:-1])
            return f"{names[-1]!r} in {node}", f"{node}[{names[-1]!r}]"
        text = f"{self.constant(getter(path, len(levels) - 1))}({levels[-1].scope})"
        last = named if steps[named].key else named - 1
        return (f"{names[last]!r} in {self.node(level, names[:last])}" if last >= 0 else ""), text

    def function(self, head: str) -> Any:
        """Return the finished function."""
        text = "\n".join([f"def made{head}:", *(_INDENT + line for line in self._lines)])
        space = dict(self.constants)
        exec(compile(text, "<declaration>", "exec"), space)  # noqa: S102  # only names and literals of a checked declaration
        made = space["made"]
        made.source = text  # for whoever wants to see what was made of a declaration
        return made
