"""One event on its way to a correlation: a trigger that says of which part it is and how exact its time is.

Steps travel from `route`, which has each device's events, to `correlate`, which has each key's. They are records like
the triggers they may become, and nobody is told of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from fairwatch.domain.calendar import is_plausible
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.policy.correlation.rules import Correlation, KeyField
from fairwatch.policy.release import verdict_id
from fairwatch.policy.subject import Subject

PART, VALUE, ERROR = "correlation.part", "correlation.value", "correlation.error_us"
REVOKED = "revoked"  # a match that was counted is none
PARTS = ("first", "second", "end", REVOKED)
LARGEST_ERROR = 60_000_000
Token = Callable[[str], str]  # what stands for a plate: none is in a key or a group


@dataclass(frozen=True, slots=True)
class Step:
    """An event of one key. Times are microseconds UTC.

    Attributes:
        step_id: The same when it comes again.
        part: `first` or `second` of what the rule asks for; `end` of what goes on; `revoked` of a match.
        at: When it happened.
        error: How far that may be off.
        known_at: When the hub heard of it, or a person decided it.
        value: What is counted, where different things are.
        trigger_id: Of the sighting or verdict; of what is revoked that which confirmed it.
        record: The trigger that it would be alone.
    """

    step_id: str
    part: str
    at: int
    error: int
    known_at: int
    value: str
    trigger_id: str
    device_id: str
    record: Mapping[str, Any]

    @property
    def earliest(self) -> int:
        """When it happened at the earliest."""
        return self.at - self.error

    @property
    def latest(self) -> int:
        """When it happened at the latest."""
        return self.at + self.error

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "Step":
        """Read a step.

        Raises:
            RejectedError: invalid_field: it says nothing of its part, or not how exact its time is.
        """
        said = record["parameters"]
        part, error = said.get(PART), said.get(ERROR, "")
        if part not in PARTS or not (error.isascii() and error.isdigit() and int(error) <= LARGEST_ERROR):
            raise RejectedError("invalid_field", "is no step of a correlation", "parameters")
        if not (is_plausible(record["issued_at"]) and is_plausible(record["updated_at"])):
            raise RejectedError("invalid_field", f"{record['updated_at']} is no plausible time", "updated_at")
        plain = {name: text for name, text in said.items() if name not in (PART, VALUE, ERROR)}
        return cls(
            step_id=record["alert_id"],
            part=part,
            at=record["updated_at"],
            error=int(error),
            known_at=record["issued_at"],
            value=said.get(VALUE, ""),
            trigger_id=next(iter(record["triggers"]), ""),
            device_id=next(iter(record["device_ids"]), ""),
            record={**record, "parameters": plain},
        )


def written(
    rule: Correlation, part: str, subject: Subject, source: Mapping[str, Any], trigger: Mapping[str, Any], token: Token
) -> Iterator[dict[str, Any]]:
    """Yield the steps of a subject: one for each key and each thing that is counted; none where it lacks one of these.

    Args:
        rule: The rule that takes it.
        part: Of what the rule asks for.
        subject: The sighting or verdict.
        source: The record behind it, for its plate and its clock.
        trigger: What it would raise alone.
        token: Says what stands for a plate.
    """
    known_at = source["decided_at"] if subject.record == "verdict" else subject.received_at
    error = str(rule.error_of(source.get("clock", "UNKNOWN")))
    values = _texts(rule.distinct, subject, source, token) if rule.distinct and part != REVOKED else ("",)
    events = [verdict_id(subject.candidate_id or "", "CONFIRMED")] if part == REVOKED else trigger["triggers"]
    for key in keys(rule.per, subject, source, token):
        group = "|".join((rule.name, *key))
        for value in values:
            yield {
                **trigger,
                "alert_id": stable_id("step", rule.name, part, group, value, subject.trigger),
                "group": group,
                "started_at": subject.occurred_at,
                "updated_at": subject.occurred_at,
                "issued_at": known_at,
                "triggers": events,
                "parameters": {**trigger["parameters"], PART: part, VALUE: value, ERROR: error},
            }


def keys(
    fields: Sequence[KeyField], subject: Subject, source: Mapping[str, Any], token: Token = str
) -> Iterator[tuple[str, ...]]:
    """Yield each key of a subject: two zones are two keys, and what lacks a field has none."""
    yield from product(*(_texts(field, subject, source, token) for field in fields))


def _texts(field: KeyField, subject: Subject, source: Mapping[str, Any], token: Token) -> tuple[str, ...]:
    if field == "zone":
        return subject.zones
    if field == "plate":
        plates = dict.fromkeys(_plain(text) for text in _plates(subject, source))
        return tuple(token(plate) for plate in plates if plate)
    text = subject.text(field)
    return (text,) if text else ()


def _plates(subject: Subject, source: Mapping[str, Any]) -> Iterator[str]:
    if subject.record == "verdict":
        yield subject.plate_listed or subject.plate_read
    else:
        yield from (reading["text"] for reading in source["observation"].get("plates", ()))


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
