"""What was told beside what was wanted, line by line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from fairwatch.apps.rehearsal.moments import Moments
from fairwatch.apps.rehearsal.receivers import Message
from fairwatch.apps.rehearsal.script import Wanted

TOLERANCE = 100_000  # microseconds
FIELDS = ("state", "rule", "title", "severity", "count", "firing", "changes")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison.

    Attributes:
        mark: As it should be; missing; told and not wanted; told, but other than wanted.
        at: When it was told or wanted, in microseconds.
    """

    mark: Literal[" ", "-", "+", "~"]
    at: int
    text: str


def compare(wanted: Sequence[Wanted], told: Sequence[Message], moments: Moments) -> list[Line]:
    """Return what was told and what is missing, in the order of time."""
    left, lines = list(told), list[Line]()
    pairs = [(each, moments.read(each.at)) for each in wanted]
    missing: list[tuple[Wanted, int]] = []
    for each, at in pairs:
        found = next((one for one in left if _is_meant(each, at, one) and not _faults(each, one, moments)), None)
        if found is None:
            missing.append((each, at))
        else:
            left.remove(found)
            lines.append(Line(" ", found.at, _said(found, moments)))
    for each, at in missing:
        near = next((message for message in left if _is_meant(each, at, message)), None)
        if near is None:
            lines.append(Line("-", at, f"{_asked(each, at, moments)}   wanted, not told"))
        else:
            left.remove(near)
            lines.append(Line("~", near.at, f"{_said(near, moments)}   {'; '.join(_faults(each, near, moments))}"))
    lines += [Line("+", message.at, f"{_said(message, moments)}   told, not wanted") for message in left]
    return sorted(lines, key=lambda line: line.at)


def _is_meant(wanted: Wanted, at: int, message: Message) -> bool:
    """Tell whether a message is to the right one at the right time."""
    patience = TOLERANCE if wanted.within is None else wanted.within // timedelta(microseconds=1)
    return wanted.receiver in (None, message.receiver) and abs(message.at - at) <= patience


def _faults(wanted: Wanted, message: Message, moments: Moments) -> list[str]:
    asked: Mapping[str, Any] = {name: getattr(wanted, name) for name in FIELDS if getattr(wanted, name) is not None}
    times = {"started_at": wanted.started, "ended_at": wanted.ended}
    wrong = [
        f"{name} is {moments.write(message.alert[name]) if message.alert.get(name) else None}, not {text}"
        for name, text in times.items()
        if text is not None and message.alert.get(name) != moments.read(text)
    ]
    return wrong + [
        f"{name} is {message.alert.get(name)!r}, not {value!r}"
        for name, value in {**asked, **wanted.fields}.items()
        if message.alert.get(name) != value
    ]


def _said(message: Message, moments: Moments) -> str:
    alert = message.alert
    return f"{moments.write(message.at)}  {message.receiver:<16} {alert['state']:<9} {alert['rule']}: {alert['title']}"


def _asked(wanted: Wanted, at: int, moments: Moments) -> str:
    what = f"{wanted.rule or 'any rule'}: {wanted.title or '…'}"
    return f"{moments.write(at)}  {wanted.receiver or '(alert)':<16} {wanted.state or 'any':<9} {what}"
