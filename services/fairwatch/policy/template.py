"""Titles and texts of alerts with places for what a sighting or verdict says.

`{device_name}` is a field, `${…}` an expression in CEL that gives a text; `{{` and `}}` are braces. A template sees
what rules see and nothing else: no picture, no template of a face, no protected attribute is among it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

from fairwatch.policy.expression import FailedError, TextExpression, view_of
from fairwatch.policy.from_text import schema_of
from fairwatch.policy.subject import TITLE_FIELDS, Subject

Piece = str | TextExpression | tuple[str]  # as it is, an expression, the name of a field


@dataclass(frozen=True, slots=True)
class Filled:
    """A text; `failed` says why it is not what the template would have it."""

    text: str
    failed: str = ""


class Template:
    """A template that was understood.

    Raises:
        ValueError: It was not.
    """

    __slots__ = ("_pieces", "text")
    longest: ClassVar[int] = 4_000  # characters of what comes out
    plain: ClassVar[str] = ""

    def __init__(self, text: str) -> None:
        self.text = text
        self._pieces = list(_pieces(text))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text

    def fill(self, subject: Subject) -> Filled:
        """Return the text for a subject; the plain one, and why, where it has no answer or is too long."""
        view: Any = None
        found: list[str] = []
        try:
            for piece in self._pieces:
                if isinstance(piece, TextExpression):
                    view = view_of(subject) if view is None else view
                    found.append(piece.text_of(view))
                else:
                    found.append(piece if isinstance(piece, str) else subject.text(piece[0]))
        except FailedError as error:
            return Filled(self._fallback(subject), str(error))
        text = "".join(found)
        if len(text) > self.longest:
            return Filled(self._fallback(subject), f"it has {len(text)} characters")
        return Filled(text)

    def _fallback(self, subject: Subject) -> str:
        return type(self)(self.plain).fill(subject).text[: self.longest] if self.plain else ""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return schema_of(cls)


class TitleTemplate(Template):
    """A template of a title; where it fails, the title says what happened, and where."""

    __slots__ = ()
    longest: ClassVar[int] = 500
    plain: ClassVar[str] = "{event_type} at {device_name}"

    def __init__(self, text: str) -> None:
        if not text.strip():
            raise ValueError("is empty")
        super().__init__(text)


def _pieces(text: str) -> Iterator[Piece]:
    at, plain = 0, ""
    while at < len(text):
        if text.startswith(("{{", "}}"), at):
            plain, at = plain + text[at], at + 2
        elif text.startswith("${", at) or text[at] == "{":
            if plain:
                yield plain
            is_expression = text[at] == "$"
            first = at + 2 if is_expression else at + 1
            last = _end_of(text, first)
            yield TextExpression(text[first:last]) if is_expression else _field(text[first:last])
            plain, at = "", last + 1
        elif text[at] == "}":
            raise ValueError("has a broken placeholder: a } without its {; a brace itself is }}")
        else:
            plain, at = plain + text[at], at + 1
    if plain:
        yield plain


def _field(name: str) -> tuple[str]:
    if name not in TITLE_FIELDS:
        raise ValueError(f"has the unknown placeholder {name!r}; known are {', '.join(sorted(TITLE_FIELDS))}")
    return (name,)


def _end_of(text: str, first: int) -> int:
    """Return where a placeholder's closing brace stands; braces in quotes and in pairs do not count."""
    depth, quote, at = 0, "", first
    while at < len(text):
        sign = text[at]
        if quote:
            if sign == "\\":
                at += 1
            elif sign == quote:
                quote = ""
        elif sign in "\"'":
            quote = sign
        elif sign == "{":
            depth += 1
        elif sign == "}":
            if depth == 0:
                return at
            depth -= 1
        at += 1
    raise ValueError(f"has a broken placeholder: nothing ends {text[max(0, first - 2) : first + 20]!r}")
