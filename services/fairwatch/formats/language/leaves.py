"""What happens to a value that is there: its conversion, and what becomes of it when it is impossible."""

from collections.abc import Callable, Mapping
from typing import Any

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.conditions import folded
from fairwatch.formats.language.converters import Converter, build
from fairwatch.formats.language.declaration import Row
from fairwatch.formats.language.paths import TEXT_KEY, Getter, Scope, first

Leaf = Callable[[Any, Environment, Scope], Any]

IMPOSSIBLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, StopIteration)


def mapped(row: Row) -> Leaf:
    """Return the conversion of words by a table; a word that is not in it says nothing."""
    table = word_table(row)
    return lambda value, _env, _scope: table.get(folded(first(value)))


def backwards(row: Row) -> Callable[[Any], Any] | None:
    """Return what writes a row's value in the source's form, or None where it cannot be written."""
    if not row.values:
        return build(row.converter or "text").encode
    if any(isinstance(value, list) for value in row.values.values()):
        return None
    table: dict[Any, Any] = {}
    for word, value in row.values.items():
        table.setdefault(value, word)
    return table.get


def word_table(row: Row) -> dict[str, Any]:
    """Return canonical values by word, as spelled in the declaration and as words are compared."""
    return row.values | {folded(word): value for word, value in row.values.items()}


def converted(made: Converter, row: Row, name: str, extra: Mapping[str, Getter]) -> Leaf:
    """Return the conversion by a named converter; an impossible value says nothing, or is rejected when strict."""
    fail = _rejecting(name) if row.strict or row.required else _losing
    decode = made.decode
    others = tuple(extra.items())

    def convert(value: Any, env: Environment, scope: Scope) -> Any:
        try:
            if others:
                return decode(value, env, **{key: plain(get(scope)) for key, get in others})
            return decode(value, env)
        except IMPOSSIBLE as error:
            return fail(value, env, error)

    if not made.scalar:
        return convert

    def convert_scalar(value: Any, env: Environment, scope: Scope) -> Any:
        if type(value) is dict or type(value) is list:
            value = plain(value)
            if value is None or value == "" or type(value) is dict:
                return None
        if others:
            return convert(value, env, scope)
        try:
            return decode(value, env)
        except IMPOSSIBLE as error:
            return fail(value, env, error)

    return convert_scalar


def _rejecting(name: str) -> Callable[[Any, Environment, Exception], None]:
    def reject(_value: Any, _: Environment, error: Exception) -> None:
        raise RejectedError("invalid_field", f"{name} is impossible", name) from error

    return reject


def _losing(_: Any, _env: Environment, _error: Exception) -> None:
    """Let one flaw cost no more than its own value; the value stays in `raw-events`."""


def plain(value: Any) -> Any:
    """Return the scalar of a node: the first of a list, the text of an element with attributes."""
    value = first(value)
    return value.get(TEXT_KEY) if type(value) is dict else value
