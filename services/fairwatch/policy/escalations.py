"""The file escalations.yaml: who is told when nobody answers, after how long, and by which way."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import structlog
from pydantic import BeforeValidator, Field, model_validator

from fairwatch.domain.calendar import iso_8601, zone
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.duration import Duration
from fairwatch.policy.on_call import Roster, Schedule
from fairwatch.policy.rotation import OverrideOptions, Rotation, RotationOptions, Written
from fairwatch.policy.strict import Strict

FILE = "escalations.yaml"
NAME = r"^[a-z0-9][a-z0-9._@-]{0,62}$"
SHORTEST = timedelta(minutes=1)  # between two rounds
LOOK = 10_000_000  # microseconds between two looks at the files
KINDS = ("schedule", "person", "receiver")
Stamp = tuple[tuple[str, int, int], ...]
log = structlog.get_logger()
Name = Annotated[str, Field(pattern=NAME)]


def _target(value: object) -> object:
    kind, _, name = str(value).partition(":")
    if kind not in KINDS or not name:
        raise ValueError("must be schedule:NAME, person:NAME or receiver:NAME")
    return value


def _zone(value: object) -> object:
    if zone(str(value)) is None:
        raise ValueError("is no time zone such as Europe/Berlin")
    return value


def _several(value: object) -> object:
    """Take one rotation for a list of it."""
    return (value,) if isinstance(value, Mapping) else value


Target = Annotated[str, BeforeValidator(_target)]
Zone = Annotated[str, BeforeValidator(_zone)]
File = Annotated[str, Field(pattern=r"^[^/\\]+\.ics$")]


class PersonOptions(Strict):
    """How a person is reached, and when not."""

    receivers: tuple[str, ...] = Field(min_length=1)
    away: File | None = Field(default=None, description="calendar of when they are not there, on call or not")


class ScheduleOptions(Strict):
    """Who is there when: calendars, in which each event is named after a person, or rotations written here."""

    calendar: File | None = None
    rotation: Annotated[tuple[RotationOptions, ...], BeforeValidator(_several)] = ()
    overrides: File | tuple[OverrideOptions, ...] | None = Field(default=None, description="who is there instead")
    holidays: File | None = Field(default=None, description="days on which `calendar` or `rotation` does not hold")
    holiday_calendar: File | None = Field(default=None, description="who is there on these days")
    time_zone: Zone = "UTC"

    @model_validator(mode="after")
    def _has_one_source(self) -> "ScheduleOptions":
        if (self.calendar is None) == (not self.rotation):
            raise ValueError("exactly one of calendar and rotation must be given")
        return self


class Step(Strict):
    """Whom to tell so long after the alert was first told, if nobody has answered."""

    after: Duration
    tell: tuple[Target, ...] = Field(min_length=1)
    when_nobody: Literal["last_resort", "wait"] = "last_resort"


class Policy(Strict):
    """Steps, then the last resort, then the steps again until somebody answers."""

    steps: tuple[Step, ...] = Field(min_length=1, max_length=20)
    last_resort: tuple[str, ...] = Field(min_length=1, description="receivers")
    last_resort_after: Duration = timedelta(minutes=15)
    again_every: Duration | None = Field(default=None, ge=SHORTEST, description="after the last resort; none for once")
    answer_holds: Duration | None = Field(
        default=None, ge=SHORTEST, description="who is told again unless it has ended by then; none for ever"
    )

    @model_validator(mode="after")
    def _is_in_order(self) -> "Policy":
        times = [step.after for step in self.steps]
        if times != sorted(times) or self.last_resort_after < times[-1]:
            raise ValueError("each step comes after the one before it, and the last resort after all of them")
        return self


class EscalationsFile(Strict):
    """The file."""

    people: dict[Name, PersonOptions] = Field(default_factory=dict)
    schedules: dict[Name, ScheduleOptions] = Field(default_factory=dict)
    policies: dict[Name, Policy] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_known(self) -> "EscalationsFile":
        known: dict[str, set[str]] = {"schedule": set(self.schedules), "person": set(self.people)}
        for name, policy in self.policies.items():
            for target in (target for step in policy.steps for target in step.tell):
                kind, _, wanted = target.partition(":")
                if kind in known and wanted not in known[kind]:
                    raise ValueError(f"policy {name!r} tells {target!r}, which is not there")
        return self


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a step tells: receivers; and, where there is nobody yet, when there will be, in microseconds.

    `people` says of receivers whose they are, of those that are somebody's.
    """

    receivers: tuple[str, ...]
    waits_until: int | None = None
    people: Mapping[str, str] = field(default_factory=dict)


class Escalations:
    """Answers who is told now.

    Args:
        content: The validated file.
        folder: Where its calendars lie.

    Raises:
        ConfigurationError: A calendar cannot be read.
    """

    def __init__(self, content: EscalationsFile, folder: Path) -> None:
        self._path: Path | None = None
        self._stamp: Stamp = ()
        self._looked_at = 0
        self.policies: Mapping[str, Policy] = content.policies
        self._people = content.people
        self.schedules = {name: _schedule(options, folder) for name, options in content.schedules.items()}
        away = {name: person.away for name, person in content.people.items() if person.away}
        self._away = {name: Roster(folder / file, ZoneInfo("UTC")) for name, file in away.items()}

    @classmethod
    def read(cls, path: Path) -> "Escalations":
        """Read the file; where there is none, nothing escalates. ConfigurationError names file and value."""
        stamp = _stamp(path)  # before it is read: what is changed meanwhile is read again
        known = cls(read_yaml(path, EscalationsFile) if path.exists() else EscalationsFile(), path.parent)
        known._path, known._stamp = path, stamp
        return known

    def renewed(self, moment: int) -> "Escalations":
        """Return them as the file and its calendars are now, looked at once in LOOK; a wrong one changes nothing.

        Args:
            moment: Our clock, in microseconds.
        """
        if self._path is None or abs(moment - self._looked_at) < LOOK:
            return self
        self._looked_at = moment
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return self
        self._stamp = stamp
        try:
            fresh = Escalations.read(self._path)
        except ConfigurationError as error:
            log.warning("escalations.refused", error=str(error))
            return self
        log.info("escalations.read", policies=len(fresh.policies), schedules=len(fresh.schedules))
        return fresh

    def told_by(self, policy: Policy, number: int, moment: int) -> Told:
        """Return whom a step tells at a moment: those on call who are not away, else the last resort, or nobody yet."""
        if number >= len(policy.steps):
            return Told(policy.last_resort)
        step, found = policy.steps[number], dict[str, str]()
        targets = [target.partition(":")[::2] for target in step.tell]
        for kind, name in targets:
            if kind == "receiver":
                found.setdefault(name, "")
            for person in self._asked(kind, name, moment):
                found |= dict.fromkeys(self._people[person].receivers, person) | found
        if found:
            return Told(tuple(found), people=found)
        if step.when_nobody == "wait":
            schedules = (self.schedules[name] for kind, name in targets if kind == "schedule")
            later = [at for each in schedules if (at := each.next_change(moment, self.is_there)) is not None]
            if later:
                return Told((), min(later))
        return Told(policy.last_resort)

    def is_there(self, person: str, moment: int) -> bool:
        """Tell whether a person can be reached: is known here, and not away."""
        return person in self._people and not (person in self._away and self._away[person].at(moment))

    def reached(self, policy: Policy, moment: int) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield whom a policy may call, each once, and over which receivers; of schedules whoever stands there soon."""
        found: dict[str, tuple[str, ...]] = {}
        for kind, _, name in (target.partition(":") for step in policy.steps for target in step.tell):
            if kind == "receiver":
                found[f"receiver {name!r}"] = (name,)
                continue
            people = {name} if kind == "person" else self.schedules[name].people(moment)
            found |= {f"{one!r}": self._people[one].receivers for one in sorted(people) if one in self._people}
        yield from (found | {"the last resort": policy.last_resort}).items()

    def receivers(self) -> set[str]:
        """Return every receiver that somebody may be told over."""
        found = {name for person in self._people.values() for name in person.receivers}
        for policy in self.policies.values():
            found.update(policy.last_resort)
            targets = (target.partition(":") for step in policy.steps for target in step.tell)
            found.update(name for kind, _, name in targets if kind == "receiver")
        return found

    def faults(self, receivers: set[str] | None, moment: int) -> Iterator[str]:
        """Yield what is wrong, or soon will be, as sentences; receivers are not looked at where none are known."""
        for name, schedule in self.schedules.items():
            if trouble := schedule.trouble(moment):
                yield f"schedule {name!r} {trouble}"
            for person in sorted(schedule.people(moment) - set(self._people)):
                yield f"schedule {name!r} names {person!r}, who is not among people"
        told = {f"person {name!r}": person.receivers for name, person in self._people.items()}
        for name, policy in self.policies.items():
            direct = [t.partition(":")[2] for step in policy.steps for t in step.tell if t.startswith("receiver:")]
            told[f"policy {name!r}"] = (*direct, *policy.last_resort)
        for who, names in told.items():
            for unknown in sorted(set(names) - (receivers if receivers is not None else set(names))):
                yield f"{who} tells {unknown!r}, who is not in receivers.yaml"

    def notes(self, moment: int) -> Iterator[str]:
        """Yield what may be meant and should be known, as sentences: when nobody of a schedule is there."""
        for name, schedule in self.schedules.items():
            if (hole := schedule.hole(moment)) is not None:
                times = " to ".join(iso_8601(at)[:16].replace("T", " ") for at in hole)
                yield f"schedule {name!r} has nobody on call from {times} UTC"

    def _asked(self, kind: str, name: str, moment: int) -> list[str]:
        people = self.schedules[name].on_call(moment) if kind == "schedule" else [name] if kind == "person" else []
        return [person for person in people if self.is_there(person, moment)]


def _stamp(path: Path) -> Stamp:
    """Return what tells a change of the file or of a calendar beside it."""
    found = []
    for each in (path, *sorted(path.parent.glob("*.ics"))):
        try:
            status = each.stat()
        except OSError:
            continue
        found.append((each.name, status.st_mtime_ns, status.st_size))
    return tuple(found)


def _schedule(options: ScheduleOptions, folder: Path) -> Schedule:
    local = ZoneInfo(options.time_zone)
    read: Callable[[str | None], Roster | None] = lambda name: Roster(folder / name, local) if name else None  # noqa: E731
    shifts = Roster(folder / options.calendar, local) if options.calendar else Rotation(options.rotation, local)
    said = options.overrides
    instead = Written(said, local) if isinstance(said, tuple) else read(said)
    return Schedule(shifts, instead, read(options.holidays), read(options.holiday_calendar))


NONE = Escalations(EscalationsFile(), Path())
