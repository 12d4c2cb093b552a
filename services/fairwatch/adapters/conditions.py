"""Conditions of a declaration, compiled to functions."""

import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from typing import Any

from fairwatch.adapters.declaration import Condition, Conditions
from fairwatch.adapters.emission import Level, Source
from fairwatch.adapters.environment import Environment
from fairwatch.adapters.paths import TEXT_KEY, Scope, first, parse_path

Test = Callable[[Scope, Environment], bool]
Select = Callable[[Scope, Environment], int]

_ENVIRONMENT = {"$path": "env.payload.path", "$content_type": "env.payload.content_type"}
_PRESENT = "(x := {}) is not None and x != ''"


def folded(value: Any) -> str:
    """Return a scalar in the spelling that words are compared in."""
    if type(value) is dict:
        value = value.get(TEXT_KEY)
    return value.strip().lower() if type(value) is str else str(value).lower()


def compile_conditions(conditions: Conditions, depth: int) -> Test | None:
    """Return a function that answers whether all conditions hold, or None when there are none.

    Args:
        conditions: By path; `a|b` means either.
        depth: Index of the item in the scope that the paths start from.
    """
    if not conditions:
        return None
    select = compile_selector([conditions], depth)
    return lambda scope, env: select(scope, env) == 0


def compile_selector(choices: Sequence[Conditions], depth: int = 0) -> Select:
    """Return a function that answers which choice is the first whose conditions all hold, or -1."""
    source = Source()
    levels = [Level(at, "scope") for at in range(depth + 1)]
    source.line("".join(f"{level.item}, " for level in levels) + f"= scope[:{depth + 1}]")
    with source.levels(levels):
        for index, conditions in enumerate(choices):
            tests = [_either(source, levels, path, wanted) for path, wanted in conditions.items()]
            source.line(f"if {' and '.join(tests) or 'True'}: return {index}")
        source.line("return -1")
    made: Select = source.function("(scope, env)")
    return made


def _either(source: Source, levels: list[Level], paths: str, wanted: Condition) -> str:
    if paths in _ENVIRONMENT:
        return f"{source.constant(_acceptor(wanted))}({_ENVIRONMENT[paths]})"
    values = [source.value(levels, parse_path(path.strip())) for path in paths.split("|")]
    if wanted is False:
        return "not (" + " or ".join(f"({_PRESENT.format(value)})" for value in values) + ")"
    accepts = "" if wanted is True else f" and {_accepted(source, wanted)}"
    return "(" + " or ".join(f"({_PRESENT.format(value)}{accepts})" for value in values) + ")"


def _accepted(source: Source, wanted: Condition) -> str:
    words = _words(wanted)
    if any("*" in word for word in words):
        return f"{source.constant(_acceptor(wanted))}(x)"
    source.constants.update(folded=folded, first=first)
    return f"(x.strip().lower() if type(x) is str else folded(first(x))) in {source.constant(frozenset(words))}"


def _words(wanted: Condition) -> list[str]:
    return [str(word).lower() for word in (wanted if isinstance(wanted, list) else [wanted])]


def _acceptor(wanted: Condition) -> Callable[[Any], bool]:
    if isinstance(wanted, bool):
        return lambda value: bool(value) == wanted
    patterns = [re.compile(translate(word)) for word in _words(wanted)]
    return lambda value: any(pattern.match(folded(first(value))) for pattern in patterns)
