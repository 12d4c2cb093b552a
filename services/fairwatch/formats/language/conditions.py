"""Conditions of a declaration, compiled to functions."""

import re
from collections.abc import Callable, Sequence
from fnmatch import translate
from itertools import groupby
from typing import Any

from fairwatch.formats.environment import Environment
from fairwatch.formats.language.declaration import Condition, Conditions
from fairwatch.formats.language.emission import Level, Source
from fairwatch.formats.language.paths import TEXT_KEY, Scope, first, parse_path

Select = Callable[[Scope, Environment], int]

_ENVIRONMENT = {"$path": "env.payload.path", "$content_type": "env.payload.content_type"}


def folded(value: Any) -> str:
    """Return a scalar in the spelling that words are compared in."""
    if type(value) is dict:
        value = value.get(TEXT_KEY)
    return value.strip().lower() if type(value) is str else str(value).lower()


def text_of(source: Source, levels: list[Level], conditions: Conditions) -> str:
    """Return the expression that is true when all conditions hold; `a|b` means either."""
    return " and ".join(_either(source, levels, path, wanted) for path, wanted in conditions.items())


def compile_selector(choices: Sequence[Conditions]) -> Select:
    """Return a function that answers which choice is the first whose conditions on the document all hold, or -1."""
    source, levels = Source(), [Level(0, "scope")]
    source.line("s0 = scope[0]")
    with source.levels(levels):
        for path, group in groupby(enumerate(choices), lambda choice: _word_path(choice[1])):
            run = list(group)
            if path and len(run) > 1:
                _look_up(source, levels, path, run)
                continue
            for index, conditions in run:
                source.line(f"if {text_of(source, levels, conditions) or 'True'}: return {index}")
        source.line("return -1")
    made: Select = source.function("(scope, env)")
    return made


def _word_path(conditions: Conditions) -> str:
    """Return the path when the only condition is that it holds one of some words."""
    if len(conditions) != 1:
        return ""
    path, wanted = next(iter(conditions.items()))
    plain = not isinstance(wanted, bool) and not any("*" in word for word in _words(wanted))
    return path if plain and path not in _ENVIRONMENT and "|" not in path else ""


def _look_up(source: Source, levels: list[Level], path: str, run: Sequence[tuple[int, Conditions]]) -> None:
    """Write one look-up for a run of choices that differ only in the word at one path."""
    table: dict[str, int] = {}
    for index, conditions in run:
        for word in _words(conditions[path]):
            table.setdefault(word, index)
    with source.block(f"if {_present(*source.value(levels, parse_path(path)))}:"):
        source.line(f"found = {source.constant(table)}.get({_folded(source)})")
        source.line("if found is not None: return found")


def _either(source: Source, levels: list[Level], paths: str, wanted: Condition) -> str:
    if paths in _ENVIRONMENT:
        return f"{source.constant(_acceptor(wanted))}({_ENVIRONMENT[paths]})"
    present = [_present(*source.value(levels, parse_path(path.strip()))) for path in paths.split("|")]
    if wanted is False:
        return f"not ({' or '.join(present)})"
    accepts = "" if wanted is True else f" and {_accepted(source, wanted)}"
    return "(" + " or ".join(f"({one}{accepts})" for one in present) + ")"


def _present(test: str, value: str) -> str:
    return f"({test}{test and ' and '}(x := {value}) is not None and x != '')"


def _accepted(source: Source, wanted: Condition) -> str:
    words = _words(wanted)
    if any("*" in word for word in words):
        return f"{source.constant(_acceptor(wanted))}(x)"
    return f"({_folded(source)}) in {source.constant(frozenset(words))}"


def _folded(source: Source) -> str:
    source.constants.update(folded=folded, first=first)
    return "x.strip().lower() if type(x) is str else folded(first(x))"


def _words(wanted: Condition) -> list[str]:
    return [str(word).lower() for word in (wanted if isinstance(wanted, list) else [wanted])]


def _acceptor(wanted: Condition) -> Callable[[Any], bool]:
    if isinstance(wanted, bool):
        return lambda value: bool(value) == wanted
    patterns = [re.compile(translate(word)) for word in _words(wanted)]
    return lambda value: any(pattern.match(folded(first(value))) for pattern in patterns)
