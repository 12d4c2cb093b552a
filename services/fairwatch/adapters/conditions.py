"""Conditions of a declaration, compiled to functions."""

import re
from collections.abc import Callable
from fnmatch import translate
from typing import Any

from fairwatch.adapters.declaration import Condition, Conditions
from fairwatch.adapters.environment import Environment
from fairwatch.adapters.paths import TEXT_KEY, Getter, Scope, first, getter, parse_path

Test = Callable[[Scope, Environment], bool]

_ENVIRONMENT: dict[str, Callable[[Environment], str]] = {
    "$path": lambda env: env.payload.path,
    "$content_type": lambda env: env.payload.content_type,
}


def folded(value: Any) -> str:
    """Return a scalar in the spelling that words are compared in."""
    if type(value) is dict:
        value = value.get(TEXT_KEY)
    return value.strip().lower() if type(value) is str else str(value).lower()


def compile_conditions(conditions: Conditions, depth: int) -> Test | None:
    """Return a function that answers whether all conditions hold, or None when there are none."""
    tests = [_compile_one(path, wanted, depth) for path, wanted in conditions.items()]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda scope, env: all(test(scope, env) for test in tests)


def _compile_one(path: str, wanted: Condition, depth: int) -> Test:
    if path in _ENVIRONMENT:
        read = _ENVIRONMENT[path]
        accepts = _acceptor(wanted)
        return lambda _, env: accepts(read(env))
    gets: list[Getter] = [getter(parse_path(one.strip()), depth) for one in path.split("|")]
    if isinstance(wanted, bool):
        return lambda scope, _: any(get(scope) not in (None, "") for get in gets) == wanted
    accepts = _acceptor(wanted)

    def test(scope: Scope, _: Environment) -> bool:
        for get in gets:
            value = first(get(scope))
            if value is not None and value != "" and accepts(value):
                return True
        return False

    return test


def _acceptor(wanted: Condition) -> Callable[[Any], bool]:
    if isinstance(wanted, bool):
        return lambda value: bool(value) == wanted
    words = [str(word).lower() for word in (wanted if isinstance(wanted, list) else [wanted])]
    patterns = [re.compile(translate(word)) for word in words if "*" in word]
    exact = frozenset(word for word in words if "*" not in word)
    if not patterns:
        return lambda value: folded(value) in exact
    return lambda value: (text := folded(value)) in exact or any(pattern.match(text) for pattern in patterns)
