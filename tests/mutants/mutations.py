"""Small changes to a program, one at a time, that a test should notice.

What is changed: comparisons, `and` and `or`, conditions, arithmetic, numbers, booleans and words, whole statements
(calls, assignments to attributes and items, `raise`, `return`), and arguments given by name.

What is left alone: annotations, docstrings, what is logged, sentences (a text with a space in it), `@dataclass(…)`,
protocols, typed dicts and names of types, sizes of caches, `encoding=`, `strict=` and the like: changes there are no
different behaviour, or none that we promise.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

from tests.mutants.changes import left_alone, replacements
from tests.mutants.targets import HOUSE

SHOWN = 110


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes:
        path: File.
        lines: First and last line of the statement it is in.
        function: Qualified name of the outermost function around it; empty for what runs when the module is imported.
        before, after: The changed part.
    """

    path: Path
    lines: tuple[int, int]
    function: str
    before: str
    after: str
    tree: ast.Module
    spot: tuple[ast.AST, str, int | None]
    old: Any
    new: Any

    @property
    def module(self) -> str:
        """The module's full name."""
        return ".".join(self.path.relative_to(HOUSE.parent).with_suffix("").parts)

    def source(self) -> str:
        """Return the whole changed program as text."""
        return self._changed(ast.unparse)

    def code(self) -> CodeType:
        """Return the whole changed program, compiled; line numbers are those of the file."""
        return self._changed(lambda tree: compile(ast.fix_missing_locations(tree), str(self.path), "exec"))

    def statement(self) -> tuple[list[str], CodeType] | None:
        """Return the names that the module's statement around the change sets, and it compiled; None for other ones."""
        around = next((node for node in self.tree.body if node.lineno <= self.lines[0] <= (node.end_lineno or 0)), None)
        if not isinstance(around, ast.Assign | ast.AnnAssign):
            return None
        targets = around.targets if isinstance(around, ast.Assign) else [around.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        module = ast.Module([around], [])
        return names, self._changed(lambda _: compile(ast.fix_missing_locations(module), str(self.path), "exec"))

    def _changed(self, use: Any) -> Any:
        self._put(self.new)
        try:
            return use(self.tree)
        finally:
            self._put(self.old)

    def _put(self, node: Any) -> None:
        parent, field, index = self.spot
        if index is None:
            setattr(parent, field, node)
        else:
            getattr(parent, field)[index] = node


def mutants(path: Path) -> list[Mutant]:
    """Return all changes of a file, in its order."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return list(_Walk(path, tree).body(tree, "", outer=True))


class _Walk:
    def __init__(self, path: Path, tree: ast.Module) -> None:
        self._path = path
        self._tree = tree
        self._statement: ast.stmt = ast.Pass(lineno=1)
        self._inside = False

    def body(self, node: Any, name: str, *, outer: bool) -> Iterator[Mutant]:
        """Walk a module, a class, or anything inside of a function."""
        for field, value in ast.iter_fields(node):
            if field in {"annotation", "returns", "type_comment"}:
                continue
            for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(child, ast.AST):
                    yield from self._one((node, field, index), child, name, outer=outer)

    def _one(self, spot: Any, child: Any, name: str, *, outer: bool) -> Iterator[Mutant]:
        around = self._statement
        if isinstance(child, ast.stmt):
            self._statement = child
        if not left_alone(child, decorates=spot[1] == "decorator_list", runs=self._inside):
            for new in replacements(child):
                yield self._mutant(spot, child, new, "" if outer else name)
            if isinstance(child, ast.ClassDef):
                yield from self.body(child, f"{name}{child.name}." if outer else name, outer=outer)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from self._function(child, name + child.name if outer else name, outer=outer)
            else:
                yield from self.body(child, name, outer=outer)
        self._statement = around

    def _function(self, node: Any, name: str, *, outer: bool) -> Iterator[Mutant]:
        for field in ("decorator_list", "args", "body"):
            holder = getattr(node, field)
            if field == "args":
                yield from self.body(holder, name, outer=outer)
                continue
            before, self._inside = self._inside, field == "body"
            for index, child in enumerate(holder):
                yield from self._one((node, field, index), child, name, outer=outer and field != "body")
            self._inside = before

    def _mutant(self, spot: Any, old: Any, new: Any, name: str) -> Mutant:
        last = self._statement.end_lineno or self._statement.lineno
        if body := getattr(self._statement, "body", None):
            last = max(self._statement.lineno, body[0].lineno - 1)
        lines = (self._statement.lineno, last)
        return Mutant(self._path, lines, name, _text(old), _text(new), self._tree, spot, old, new)


def _text(node: Any) -> str:
    if getattr(node, "body", None) and isinstance(node, ast.stmt):
        node = node.test if hasattr(node, "test") else node
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
