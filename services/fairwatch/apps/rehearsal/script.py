"""The files `*.test.yaml`: what happens, and what receivers must be told of it."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fairwatch.domain.vocabulary import EVENT_TYPES
from fairwatch.policy.duration import Duration
from fairwatch.policy.incidents.roles import Role
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.routing import Routes
from fairwatch.sinks.sink import Reason

Deed = Literal["acknowledge", "claim", "comment", "close"]
State = Literal["moment", "start", "update", "end", "on", "off"]
STEP_LIMIT = 100_000  # events of one step


class Strict(BaseModel):
    """A model in which a typing error is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _text(value: object) -> object:
    """Take what YAML reads as a date or time for the text that was written."""
    return str(value) if isinstance(value, date) else value


When = Annotated[str, BeforeValidator(_text)]


def _known(value: object) -> object:
    if value not in EVENT_TYPES:
        raise ValueError("is no event type")
    return value


class Step(Strict):
    """One thing that happens: a device speaks (`event`), people decided (`verdict`) or answer (`deed`), or we restart.

    Attributes:
        at: When it comes in.
        happened: When it happened; `at` without.
        every, times: So often, with so long between.
        again: The same record is delivered a second time, under another offset.
        state: A moment; start, update, end of an object or track; on and off of a condition.
        known: Whether the device is registered.
        fields: Further fields of the observation or the candidate, as on their topics.
        deed: What an operator (`by`) does to the alert that was told last.
        restart: All processors die and go on from their saved state.
        rules: From now on the rules are those of another file, beside this one.
        silence: Somebody silences what fits these matchers, until a time; `agreed_by` names a second person.
        expire: The last silence is ended.
        arm, disarm: Somebody (`by`) arms or disarms this site.
    """

    at: When
    happened: When | None = None
    every: Duration | None = None
    times: int = Field(default=1, ge=1, le=STEP_LIMIT)
    again: bool = False
    event: Annotated[str, BeforeValidator(_known)] | None = None
    verdict: Literal["FACE", "PLATE"] | None = None
    outcome: Literal["CONFIRMED", "REJECTED", "EXPIRED", "REVOKED"] = "CONFIRMED"
    people: tuple[str, ...] = ()
    entry: str = "entry-1"
    candidate: str = ""
    device: str = "camera"
    site: str | None = None
    zones: tuple[str, ...] | None = None
    known: bool | None = None
    state: State = "moment"
    object: str | None = None
    object_class: str | None = None
    rule: str | None = None
    channel: str | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)
    fields: dict[str, Any] = {}
    deed: Deed | None = None
    by: str = "operator"
    was: Literal["true", "false", "test"] | None = None
    note: str = ""
    restart: bool = False
    rules: str | None = None
    silence: tuple[str, ...] | None = None
    until: When | None = None
    agreed_by: str | None = None
    expire: bool = False
    arm: str | None = None
    disarm: str | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Step":
        things = (self.event, self.verdict, self.deed, self.restart, self.rules, self.silence, self.expire)
        if sum(bool(each) for each in (*things, self.arm, self.disarm)) != 1:
            raise ValueError("is one of event, verdict, deed, restart, rules, silence, expire, arm and disarm")
        if (self.silence is None) != (self.until is None):
            raise ValueError("silence and until are given together")
        if (self.times > 1) != (self.every is not None):
            raise ValueError("every and times are given together")
        return self


class Answering(Strict):
    """A receiver that does not take what it is told: from when, until when, what it answers, after how long."""

    receiver: str
    after: When = Field(alias="from")
    until: When
    answers: Reason = "ok"
    takes: Duration | None = None


class Wanted(Strict):
    """What must be told.

    Attributes:
        receiver: Who; every one where none is named is not meant: without it the alert itself is looked at.
        state: Of the revision.
        started, ended: When it began and ended, as it happened.
        fields: Further fields of the alert, each as it must be.
    """

    at: When
    receiver: str | None = None
    state: Literal["NEW", "UPDATED", "ENDED", "CANCELLED"] | None = None
    rule: str | None = None
    title: str | None = None
    severity: str | None = None
    count: int | None = None
    firing: int | None = None
    changes: int | None = None
    started: When | None = None
    ended: When | None = None
    within: Duration | None = None
    fields: dict[str, Any] = {}


class WantedIncident(Strict):
    """An incident as it must be at the end of a test.

    Attributes:
        started: When its first event happened.
        roles: How many alerts there are of each role, all of them.
        events: Without second views of the same.
        implausible: Events with a transit that is too fast.
    """

    rule: str | None = None
    state: Literal["OPEN", "CLOSED"] | None = None
    started: When | None = None
    roles: dict[Role, int] | None = None
    events: int | None = None
    implausible: int | None = None
    certainty: str | None = None


ReceiverTraits = dict[Literal["send_resolved", "min_severity", "fallback"], Any]


class Compared(Strict):
    """How what is told compares with another system in the same situation.

    Attributes:
        other: What it tells, in a few words.
        verdict: Whether we do the same, within a tenth of a second.
        why: Where they differ.
    """

    other: str
    verdict: Literal["same", "better", "different"]
    why: str = ""

    @model_validator(mode="after")
    def _says_why(self) -> "Compared":
        if (self.verdict == "same") == bool(self.why):
            raise ValueError("why is said where something differs, and only there")
        return self


class Case(Strict):
    """One test.

    Attributes:
        rules, receivers: Of this test, where they are not those of the file.
        quiet: As in quiet.yaml, where it is not the one beside this file.
        compared: With another system; for a table.
        zone: Of its times, and of sites that are not in reference.yaml; the file's without.
        day: Of times without a date.
        until: Up to when time passes: an hour after the last step, by default.
        told: What receivers are told, all of it, in order; None where it does not matter.
        alerts: The same of alerts, whoever is told of them.
        incidents: Those there are at the end, all of them.
    """

    name: str = Field(min_length=1, max_length=200)
    rules: Routes | None = None
    receivers: dict[str, ReceiverTraits] | None = None
    quiet: Quiet | None = None
    compared: Compared | None = None
    zone: str | None = None
    day: date | None = None
    events: tuple[Step, ...] = Field(min_length=1)
    answers: tuple[Answering, ...] = ()
    until: When | None = None
    told: tuple[Wanted, ...] | None = None
    alerts: tuple[Wanted, ...] | None = None
    incidents: tuple[WantedIncident, ...] | None = None

    @model_validator(mode="after")
    def _wants_something(self) -> "Case":
        if self.told is None and self.alerts is None and self.incidents is None:
            raise ValueError("says neither what is told nor which alerts or incidents there are: [] for nothing")
        if any(wanted.receiver is None for wanted in self.told or ()):
            raise ValueError("told: each names its receiver")
        if any(wanted.receiver is not None for wanted in self.alerts or ()):
            raise ValueError("alerts: they have no receiver; told does")
        return self


class RuleTests(Strict):
    """The file.

    Attributes:
        rules: The rules' file, beside this one.
        receivers: Options of receivers, where they are not those of receivers.yaml.
    """

    rules: str = "routes.yaml"
    zone: str = "UTC"
    receivers: dict[str, ReceiverTraits] = {}
    tests: tuple[Case, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> "RuleTests":
        names = [case.name for case in self.tests]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"test {twice[0]!r} is there twice")
        return self
