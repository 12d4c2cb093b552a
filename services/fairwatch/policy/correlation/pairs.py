"""A then B within a time, and A without B.

A pair is what can be one, however far the clocks are off. `then` is told when the second of the two comes in, in
whichever order they come; `without` when nothing can come any more that would be the B.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fairwatch.policy.correlation.pattern import WAITING, Row, Times, kept, raised, row_of
from fairwatch.policy.correlation.step import REVOKED, Step


@dataclass(frozen=True, slots=True)
class Held:
    """An event that waits for another one, with all that would be told of it."""

    row: Row
    record: Mapping[str, Any]
    known_at: int

    @classmethod
    def of(cls, step: Step) -> "Held":
        """Return an event as one that waits."""
        return cls(row_of(step), kept(step.record), step.known_at)

    @property
    def saved(self) -> list[Any]:
        """It as a value that passes through JSON."""
        return [list(self.row), self.record, self.known_at]


def _held(values: list[Any]) -> list[Held]:
    return [Held(Row(*row), record, known_at) for row, record, known_at in values]


class Then:
    """The As of one key, and the Bs that came before theirs.

    Args:
        times: The rule.
        value: {rows: [A], held: [B that no A is known of]}.
    """

    def __init__(self, times: Times, value: dict[str, Any] | None) -> None:
        self._times = times
        self.value = value or {"rows": [], "held": []}
        self._firsts = [Row(*row) for row in self.value["rows"]]
        self._seconds = _held(self.value["held"])

    def take(self, step: Step) -> tuple[list[dict[str, Any]], str]:
        """Take an A or a B in, or out again where it is revoked."""
        self.pass_time(step.known_at)
        if step.part == REVOKED:
            self._firsts, self._seconds = _without(step, self._firsts), _waiting_without(step, self._seconds)
            said, reason = list[dict[str, Any]](), REVOKED
        else:
            said, reason = self._first(step) if step.part == "first" else self._second(step)
        self._save()
        return said, reason

    def pass_time(self, now: int) -> list[dict[str, Any]]:
        """Forget what nothing can follow or precede any more."""
        self._firsts = [row for row in self._firsts if now < self._ends(row)]
        self._seconds = [held for held in self._seconds if now < held.row.latest + self._times.slack + 1]
        self._save()
        return []

    def due_at(self) -> int | None:
        """Return when all that is remembered is of no use any more."""
        ends = [self._ends(row) for row in self._firsts]
        ends += [held.row.latest + self._times.slack + 1 for held in self._seconds]
        return max(ends, default=None)

    def _ends(self, row: Row) -> int:
        return row.latest + self._times.within + self._times.slack + 1

    def _first(self, step: Step) -> tuple[list[dict[str, Any]], str]:
        new = row_of(step)
        follow = [held for held in self._seconds if self._is_pair(new, held.row)]
        self._seconds = [held for held in self._seconds if held not in follow]
        self._firsts = thinned([*self._firsts, new], self._times.within)
        return [self._pair(new, held, step.known_at) for held in follow], "first"

    def _second(self, step: Step) -> tuple[list[dict[str, Any]], str]:
        held = Held.of(step)
        before = [row for row in self._firsts if self._is_pair(row, held.row)]
        if before:
            return [self._pair(max(before), held, step.known_at)], ""
        full = len(self._seconds) >= WAITING
        self._seconds = [*self._seconds, held][-WAITING:]
        return [], "full" if full else "nothing_before"

    def _is_pair(self, first: Row, second: Row) -> bool:
        return (
            first.trigger_id != second.trigger_id
            and first.earliest <= second.latest
            and second.earliest - first.latest <= self._times.within
        )

    def _pair(self, first: Row, second: Held, known_at: int) -> dict[str, Any]:
        row, within = second.row, self._times.within
        at = (row.earliest + row.latest) // 2
        return raised(
            second.record,
            (first, row),
            started_at=min((first.earliest + first.latest) // 2, at),
            updated_at=at,
            issued_at=known_at,
            surely=first.latest <= row.earliest and row.latest - first.earliest <= within,
        )

    def _save(self) -> None:
        self.value["rows"] = [list(row) for row in self._firsts]
        self.value["held"] = [held.saved for held in self._seconds]


class Without:
    """The As of one key whose B may still come, and the Bs that came already.

    Args:
        times: The rule.
        value: {rows: [B], held: [A]}.
    """

    def __init__(self, times: Times, value: dict[str, Any] | None) -> None:
        self._times = times
        self.value = value or {"rows": [], "held": []}
        self._seconds = [Row(*row) for row in self.value["rows"]]
        self._firsts = _held(self.value["held"])

    def take(self, step: Step) -> tuple[list[dict[str, Any]], str]:
        """Take an A or a B in, or out again where it is revoked."""
        said, reason = self.pass_time(step.known_at), ""
        row = row_of(step)
        if step.part == REVOKED:
            self._firsts, self._seconds = _waiting_without(step, self._firsts), _without(step, self._seconds)
            reason = REVOKED
        elif step.part == "second":
            self._firsts = [held for held in self._firsts if not self._excuses(row, held.row)]
            self._seconds = thinned([*self._seconds, row], self._times.before + self._times.within)
            reason = "second"
        elif any(self._excuses(second, row) for second in self._seconds):
            reason = "complete"
        elif len(self._firsts) >= WAITING:
            reason = "full"
        else:
            self._firsts.append(Held.of(step))
            reason = "waits"
        self._save()
        return said, reason

    def pass_time(self, now: int) -> list[dict[str, Any]]:
        """Tell of each A whose B can come no more."""
        said = list(self._alone(now))
        self._firsts = [held for held in self._firsts if now < self._deadline(held.row)]
        self._seconds = [row for row in self._seconds if now < self._ends(row)]
        self._save()
        return said

    def due_at(self) -> int | None:
        """Return when the first A is alone, or when all that is remembered is of no use any more."""
        if self._firsts:
            return min(self._deadline(held.row) for held in self._firsts)
        return max((self._ends(row) for row in self._seconds), default=None)

    def _deadline(self, row: Row) -> int:
        return row.latest + self._times.within + self._times.lateness

    def _ends(self, row: Row) -> int:
        return row.latest + self._times.before + self._times.slack + 1

    def _excuses(self, second: Row, first: Row) -> bool:
        return (
            second.trigger_id != first.trigger_id
            and second.latest >= first.earliest - self._times.before
            and second.earliest <= first.latest + self._times.within
        )

    def _alone(self, now: int) -> Iterator[dict[str, Any]]:
        for held in self._firsts:
            if now >= (known_at := self._deadline(held.row)):
                at = (held.row.earliest + held.row.latest) // 2
                yield raised(held.record, (held.row,), started_at=at, updated_at=at, issued_at=known_at)

    def _save(self) -> None:
        self.value["rows"] = [list(row) for row in self._seconds]
        self.value["held"] = [held.saved for held in self._firsts]


def _without(step: Step, rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.trigger_id != step.trigger_id]


def _waiting_without(step: Step, waiting: list[Held]) -> list[Held]:
    return [held for held in waiting if held.row.trigger_id != step.trigger_id]


def thinned(rows: list[Row], within: int) -> list[Row]:
    """Return rows without those that answer nothing which their neighbours do not answer: at most three for each T."""
    found: list[Row] = []
    for row in sorted(rows):
        while len(found) > 1 and row.earliest - found[-2].latest <= within and found[-1].latest <= row.latest:
            found.pop()
        found.append(row)
    return found
