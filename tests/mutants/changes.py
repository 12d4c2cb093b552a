"""What one node of a program may be changed into, and what is left alone."""

import ast
import re
from collections.abc import Iterator
from typing import Any

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
LOGGERS = {"log", "_log"}
UNTOLD = {"encoding", "strict", "description", "frozen", "usedforsecurity"}
SMALL = 16  # a larger number is doubled: one more or less of it is no different behaviour
PLAIN_BASES = {"Protocol", "TypedDict"}
WORD = re.compile(r"[\w.:/-]+")
UNTOLD_DECORATORS = {"dataclass", "lru_cache"}


def left_alone(node: Any, *, decorates: bool, runs: bool) -> bool:
    """Return whether neither a node nor anything in it is changed.

    Args:
        node: Any.
        decorates: It is a decorator.
        runs: It is in the body of a function.
    """
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _root(node.value) in LOGGERS
    if isinstance(node, ast.Call):
        return _root(node.func) in LOGGERS | {"cast", "TypeVar"} or (decorates and _root(node) in UNTOLD_DECORATORS)
    if isinstance(node, ast.ClassDef):
        return bool(PLAIN_BASES & {_root(base) for base in node.bases})
    if isinstance(node, ast.keyword):
        return node.arg in UNTOLD
    if isinstance(node, ast.Assign):
        return any(_root(target).startswith("__") for target in node.targets)
    return _is_no_behaviour(node, runs=runs)


def _is_no_behaviour(node: Any, *, runs: bool) -> bool:
    if isinstance(node, ast.Subscript):
        return _root(node) in {"Literal", "Callable", "Annotated"}
    if isinstance(node, ast.If):
        return _root(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
        return True
    return not runs and isinstance(node, ast.BinOp) and _names_types(node)


def replacements(node: Any) -> Iterator[ast.AST]:
    """Yield what a node may be changed into."""
    if isinstance(node, ast.Compare | ast.BoolOp | ast.BinOp | ast.AugAssign | ast.UnaryOp):
        yield from _operators(node)
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant):
            negated = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
            yield _like(node, test=negated)
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Call):
        for place, keyword in enumerate(node.keywords):
            if keyword.arg is not None and keyword.arg not in UNTOLD:
                yield _like(node, keywords=node.keywords[:place] + node.keywords[place + 1 :])
    else:
        yield from _statements(node)


def _operators(node: Any) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            if swapped := SWAPS.get(type(op)):
                yield _like(node, ops=[*node.ops[:place], swapped(), *node.ops[place + 1 :]])
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            yield node.operand
    elif swapped := SWAPS.get(type(node.op)):
        yield _like(node, op=swapped())


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield _like(node, value=not value)
    elif isinstance(value, int | float):
        yield _like(node, value=value + 1 if abs(value) <= SMALL else value * 2)
    elif isinstance(value, str) and WORD.fullmatch(value):
        yield _like(node, value=value + "~")


def _statements(node: Any) -> Iterator[ast.AST]:
    called = node.value if isinstance(node, ast.Expr) else None
    called = called.value if isinstance(called, ast.Await) else called
    sets = isinstance(node, ast.Assign) and all(isinstance(to, ast.Attribute | ast.Subscript) for to in node.targets)
    if sets or isinstance(called, ast.Call) or isinstance(node, ast.Raise | ast.Continue | ast.Break | ast.Delete):
        yield ast.copy_location(ast.Pass(), node)
    elif isinstance(node, ast.Return) and not (node.value is None or _is_none(node.value)):
        yield _like(node, value=ast.copy_location(ast.Constant(None), node))


def _names_types(node: Any) -> bool:
    """Return whether it is `A | B`, which says of what type something is."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and _root(node.right)[:1].isupper()


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _like(node: Any, **changed: Any) -> ast.AST:
    fields = {name: getattr(node, name, None) for name in node._fields} | changed
    return ast.copy_location(type(node)(**fields), node)


def _root(node: Any) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
