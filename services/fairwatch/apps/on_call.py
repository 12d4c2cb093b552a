"""Who is on call at a moment, and what the policies would do from then on, in words."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fairwatch.domain.calendar import iso_8601
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.escalating import MICROSECOND, begin, take_step
from fairwatch.policy.escalations import FILE, Escalations
from fairwatch.sinks.receivers import Receivers

NOBODY = "nobody"


class OnCallNow:
    """Says who is on call, by the file as it is now.

    Args:
        folder: Where escalations.yaml and its calendars lie.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._known: Escalations | None = None
        self._ways_of: tuple[int, Mapping[str, str]] = (0, {})

    def __call__(self, moment: int) -> dict[str, Any]:
        """Return schedules and steps in words; and what is wrong with the file where nothing of it was ever read."""
        try:
            known = self._renewed(moment)
        except ConfigurationError as error:
            return {"schedules": [], "policies": [], "error": str(error)}
        rows, steps = people_on_call(known, moment), steps_of(known, moment)
        schedules = [{"name": name, "people": people, "until": until} for name, people, until in rows]
        return {
            "schedules": schedules,
            "policies": [{"policy": name, "after": at, "whom": whom} for name, at, whom in steps],
        }

    def whom(self, policy: str, step: int, moment: int) -> list[dict[str, str]]:
        """Return {person, receiver, way} for each whom a step, 1 first, would tell at a moment.

        `person` is empty where a receiver is nobody's, `way` where receivers.yaml is not here or does not know it.
        """
        try:
            known = self._renewed(moment)
        except ConfigurationError:
            return []
        if policy not in known.policies:
            return []
        told, ways = known.told_by(known.policies[policy], step - 1, moment), self._ways()
        return [
            {"person": told.people.get(name, ""), "receiver": name, "way": ways.get(name, "")}
            for name in told.receivers
        ]

    def _renewed(self, moment: int) -> Escalations:
        self._known = self._known.renewed(moment) if self._known else Escalations.read(self._path)
        return self._known

    def _ways(self) -> Mapping[str, str]:
        path = self._path.with_name("receivers.yaml")
        try:
            stamp = path.stat().st_mtime_ns
            if stamp != self._ways_of[0]:
                kinds = {one.name: str(one.sink_kind) for one in read_yaml(path, Receivers).receivers}
                self._ways_of = stamp, kinds
        except (OSError, ConfigurationError):
            return {}  # who is called is said all the same
        return self._ways_of[1]


def people_on_call(escalations: Escalations, moment: int) -> Iterator[tuple[str, str, str]]:
    """Yield each schedule with its people and when somebody else is next; moments in microseconds."""
    for name, schedule in escalations.schedules.items():
        people = [_said(escalations, person, moment) for person in schedule.on_call(moment)]
        after = schedule.next_change(moment, lambda _person, _at: True)
        yield name, ", ".join(people) or NOBODY, "" if after is None else _time(after)


def steps_of(escalations: Escalations, moment: int) -> Iterator[tuple[str, str, str]]:
    """Yield whom each policy tells, and when, for an alert that is told at a moment and answered by nobody."""
    for name, policy in escalations.policies.items():
        value, count = begin(escalations, name, moment), 0
        while value is not None and count <= len(policy.steps):  # the first round
            due = value["due"]
            receivers, value = take_step(escalations, value, due)
            if receivers:
                count += 1
                yield name, f"{(due - moment) * MICROSECOND}", ", ".join(receivers)


def _said(escalations: Escalations, person: str, moment: int) -> str:
    return person if escalations.is_there(person, moment) else f"{person} (away)"


def _time(moment: int) -> str:
    return f"{iso_8601(moment)[:16]} UTC"
