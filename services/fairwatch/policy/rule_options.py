"""What a rule may ask for and may say: the parts of a rule that every kind of rule shares."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from fairwatch.domain.vocabulary import EVENT_TYPES
from fairwatch.policy.duration import Duration
from fairwatch.policy.expression import Expression, GroupExpression
from fairwatch.policy.strict import Strict
from fairwatch.policy.subject import CLAIMS, GROUP_FIELDS
from fairwatch.policy.template import Template, TitleTemplate

MICROSECOND = timedelta(microseconds=1)
NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"


def _event_type(value: object) -> object:
    """Check an event type, or a prefix of one followed by `*`."""
    text = str(value)
    if text.startswith("face.") or text in CLAIMS:
        raise ValueError("raises no alert by itself: match verdicts of kind FACE or PLATE")
    known = any(name.startswith(text[:-1]) for name in EVENT_TYPES) if text.endswith("*") else text in EVENT_TYPES
    if not known:
        raise ValueError("is no event type and no prefix of one followed by *")
    return text


Category = Literal["Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "Other"]
EventPattern = Annotated[str, BeforeValidator(_event_type)]


class Match(Strict):
    """Conditions; all that are given must hold, and each holds for any of its values."""

    record: Literal["sighting", "verdict"] | None = None
    event_types: tuple[EventPattern, ...] = ()
    kinds: tuple[Literal["FACE", "PLATE"], ...] = ()
    sites: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    object_classes: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    authorisations: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    device_known: bool | None = None
    min_confidence: float | None = Field(default=None, ge=0, le=1)
    during: tuple[str, ...] = ()
    except_during: tuple[str, ...] = ()
    when: Expression | None = None

    @model_validator(mode="after")
    def _kinds_are_of_verdicts(self) -> "Match":
        if self.event_types and (self.kinds or self.record == "verdict"):
            raise ValueError("event_types are of sightings and kinds of verdicts: give one of them")
        return self


class Options(Strict):
    """What a rule's alert is like and how it is grouped; a child inherits what it does not say.

    `shadow: true` lets a rule run and tells nobody: it takes nothing from the rules after it, and is counted. `mute`
    and `active` name time intervals: within the former, and outside of the latter, alerts are told to nobody.
    `tell_when` is a condition on the group: nobody is told before it holds.
    """

    receivers: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ("device_id",)
    group_wait: Duration = timedelta(0)
    group_interval: Duration = timedelta(seconds=30)
    repeat_interval: Duration | None = None
    resolve_after: Duration = timedelta(minutes=10)
    stale_after: Duration = timedelta(days=7)
    tell_progress: bool = False
    tell_when: GroupExpression | None = None
    shadow: bool = False
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    escalation: str | None = Field(default=None, pattern=NAME, description="a policy of escalations.yaml")
    title: TitleTemplate = TitleTemplate(TitleTemplate.plain)
    description: Template = Template("")
    category: Literal["Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "Other"] = (
        "Security"
    )
    severity: Literal["UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME"] = "UNKNOWN"
    urgency: Literal["UNKNOWN", "IMMEDIATE", "EXPECTED", "FUTURE", "PAST"] = "UNKNOWN"

    @model_validator(mode="after")
    def _grouping_is_known(self) -> "Options":
        unknown = sorted(set(self.group_by) - GROUP_FIELDS)
        if unknown:
            raise ValueError(
                f"group_by has the unknown field {unknown[0]!r}; known are {', '.join(sorted(GROUP_FIELDS))}"
            )
        return self


def types_of(match: Match) -> set[str]:
    """Return the event types that a match names."""
    return {
        name
        for pattern in match.event_types
        for name in EVENT_TYPES
        if (name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern)
    }


def micros(options: Options) -> dict[str, Any]:
    """Return what a group of alerts keeps of a rule's options; times in microseconds."""
    repeat = options.repeat_interval
    return {
        "group_wait": options.group_wait // MICROSECOND,
        "group_interval": options.group_interval // MICROSECOND,
        "resolve_after": options.resolve_after // MICROSECOND,
        "stale_after": options.stale_after // MICROSECOND,
        "tell_progress": options.tell_progress,
        "tell_when": options.tell_when and options.tell_when.text,
        "escalation": options.escalation,
        "shadow": options.shadow,
        "repeat_interval": None if repeat is None else repeat // MICROSECOND,
    }
