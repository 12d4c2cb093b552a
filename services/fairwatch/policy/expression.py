"""Conditions that operators write in CEL (Common Expression Language), checked when a rule is loaded.

The only module that knows the library. Expressions are typed, see nothing but the variables below, and stop by
themselves: a loop over lists has a budget, and there is no other. How long an answer may become is bounded as well.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from cel_expr_python import cel
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

from fairwatch.policy.from_text import schema_of
from fairwatch.policy.growth import UNREAD, growth_of
from fairwatch.policy.subject import Subject
from fairwatch.policy.time_interval import DAYS

LONGEST = 2_000
MOST_GROWTH = 1_000  # times what it is given; texts of records have hundreds of characters
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_TEXT, _TEXTS = cel.Type.STRING, cel.Type.List(cel.Type.STRING)
VARIABLES: Final = {
    "record": _TEXT,  # sighting, verdict
    "event_type": _TEXT,
    "kind": _TEXT,  # of a verdict: FACE, PLATE
    "device_id": _TEXT,
    "device_known": cel.Type.BOOL,
    "site_id": _TEXT,
    "site.armed": cel.Type.BOOL,
    "zones": _TEXTS,
    "object_class": _TEXT,
    "object_id": _TEXT,
    "confidence": cel.Type.DOUBLE,  # -1.0 where none is given
    "entry_id": _TEXT,
    "authorisation_id": _TEXT,
    "priority": cel.Type.INT,  # 0 where there is none
    "plate_read": _TEXT,
    "plate_listed": _TEXT,
    "date": _TEXT,  # 2026-12-24, in the site's time, as all of these
    "month": cel.Type.INT,
    "day": cel.Type.INT,
    "weekday": _TEXT,  # monday
    "hour": cel.Type.INT,
    "minute": cel.Type.INT,
    "facts": cel.Type.Map(_TEXT, _TEXT),  # what the alert's parameters would say
    "device_name": _TEXT,
    "site_name": _TEXT,
    "entry_title": _TEXT,
}
_ENVIRONMENT: Final = cel.NewEnv(variables=VARIABLES)
GROUP_VARIABLES: Final = {
    "group.count": cel.Type.INT,  # what it has folded in
    "group.firing": cel.Type.INT,  # causes that hold
    "group.devices": cel.Type.INT,  # of these
    "group.seconds": cel.Type.INT,  # since it began, as it happened
    "group.severity": _TEXT,
    "history.alerts_24h": cel.Type.INT,  # alerts of the same group that were told within a day, at most 100
    "history.since_last_s": cel.Type.INT,  # since the last of them was told first; -1 where there is none
}
_OF_GROUP: Final = cel.NewEnv(variables=GROUP_VARIABLES)


class FailedError(Exception):
    """An expression had no answer: a division by zero, a key that is not there, a loop without end."""


class _Program:
    """Something that was understood.

    Raises:
        ValueError: It was not: the message says where, in the library's words.
    """

    __slots__ = ("_program", "text")
    _environment: ClassVar[Any] = _ENVIRONMENT
    _type: ClassVar[Any]
    _otherwise: ClassVar[str]

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ValueError(f"has more than {LONGEST} characters")
        if growth_of(text) > MOST_GROWTH:
            raise ValueError(f"its macros may make what they are given more than {MOST_GROWTH:,} times as long")
        try:
            program = self._environment.compile(text)
        except RuntimeError as error:
            raise ValueError(_first_line(str(error))) from error
        if program.return_type() != self._type:
            raise ValueError(self._otherwise)
        self.text = text
        self._program = program

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text

    def _answer(self, view: Any) -> Any:
        try:
            answer = self._program.eval(view)
        except RuntimeError as error:
            raise FailedError(_first_line(str(error))) from error
        if answer.type() != self._type:
            raise FailedError(_first_line(str(answer.value())))
        return answer.value()


class Expression(_Program):
    """A condition."""

    __slots__ = ()
    _roots: ClassVar[frozenset[str]] = frozenset(name.partition(".")[0] for name in VARIABLES)
    _type = cel.Type.BOOL
    _otherwise = "says neither true nor false"

    def holds(self, view: Any) -> bool:
        """Tell whether it is true of what `view_of` returned.

        Raises:
            FailedError: It has no answer.
        """
        return bool(self._answer(view))

    def constant(self) -> Literal["true", "false", "no answer"] | None:
        """Return what it always says, whatever is seen; None where it asks for anything."""
        if self._roots.intersection(_NAME.findall(UNREAD.sub(" ", self.text))):
            return None
        try:
            return "true" if self.holds(self._environment.Activation({})) else "false"
        except FailedError:
            return "no answer"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return schema_of(cls)


class GroupExpression(Expression):
    """A condition on what a group has come to, and on what was told of it before."""

    __slots__ = ()
    _environment = _OF_GROUP
    _roots = frozenset(name.partition(".")[0] for name in GROUP_VARIABLES)


class TextExpression(_Program):
    """An expression that gives a text."""

    __slots__ = ()
    _type = _TEXT
    _otherwise = "gives no text: string(…) makes one"

    def text_of(self, view: Any) -> str:
        """Return its text for what `view_of` returned.

        Raises:
            FailedError: It has no answer.
        """
        return str(self._answer(view))


def group_view(values: Mapping[str, Any]) -> Any:
    """Return what a `GroupExpression` sees: a value for each of `GROUP_VARIABLES`."""
    return _OF_GROUP.Activation(dict(values))


def view_of(subject: Subject) -> Any:
    """Return what expressions see of a subject; one for all of them."""
    local = subject.local
    return _ENVIRONMENT.Activation(
        {
            "record": subject.record,
            "event_type": subject.event_type,
            "kind": subject.kind,
            "device_id": subject.device_id,
            "device_known": subject.device_known,
            "site_id": subject.site_id or "",
            "site.armed": subject.armed,
            "zones": list(subject.zones),
            "object_class": subject.object_class,
            "object_id": subject.object_id,
            "confidence": -1.0 if subject.confidence is None else float(subject.confidence),
            "entry_id": subject.entry_id or "",
            "authorisation_id": subject.authorisation_id or "",
            "priority": subject.priority or 0,
            "plate_read": subject.plate_read,
            "plate_listed": subject.plate_listed,
            "date": f"{local:%Y-%m-%d}",
            "month": local.month,
            "day": local.day,
            "weekday": DAYS[local.weekday()],
            "hour": local.hour,
            "minute": local.minute,
            "facts": dict(subject.facts),
            "device_name": subject.device_name,
            "site_name": subject.site_name or "",
            "entry_title": subject.entry_title,
        }
    )


def _first_line(message: str) -> str:
    return message.removeprefix("INVALID_ARGUMENT: ").partition("\n")[0][:200]


_OF_TEXT: Final = cel.NewEnv(variables={"text": _TEXT})


class Pattern:
    """A regular expression (RE2: its time grows with the text alone) that has to fit a whole text.

    Raises:
        ValueError: It is too long, or none.
    """

    __slots__ = ("_program", "text")

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ValueError(f"has more than {LONGEST} characters")
        self.text = text
        try:
            self._program = _OF_TEXT.compile(f"text.matches({json.dumps(f'^(?:{text})$')})")
            self.fits("")
        except (RuntimeError, FailedError) as error:
            raise ValueError(f"is no regular expression: {_first_line(str(error))}") from error

    def fits(self, text: str) -> bool:
        """Tell whether the whole of a text is as it says."""
        answer = self._program.eval(_OF_TEXT.Activation({"text": text}))
        if answer.type() != cel.Type.BOOL:
            raise FailedError(_first_line(str(answer.value())))
        return bool(answer.value())
