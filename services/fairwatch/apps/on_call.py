"""Who is on call at a moment, and what the policies would do from then on, in words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairwatch.domain.calendar import iso_8601
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.escalating import MICROSECOND, begin, take_step
from fairwatch.policy.escalations import FILE, Escalations

NOBODY = "nobody"


class OnCallNow:
    """Says who is on call, by the file as it is now.

    Args:
        folder: Where escalations.yaml and its calendars lie.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._known: Escalations | None = None

    def __call__(self, moment: int) -> dict[str, Any]:
        """Return schedules and steps in words; and what is wrong with the file where nothing of it was ever read."""
        try:
            self._known = self._known.renewed(moment) if self._known else Escalations.read(self._path)
        except ConfigurationError as error:
            return {"schedules": [], "policies": [], "error": str(error)}
        rows, steps = people_on_call(self._known, moment), steps_of(self._known, moment)
        schedules = [{"name": name, "people": people, "until": until} for name, people, until in rows]
        return {
            "schedules": schedules,
            "policies": [{"policy": name, "after": at, "whom": whom} for name, at, whom in steps],
        }


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
