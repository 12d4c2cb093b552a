"""N in T: so many events, or so many different things, within a time.

An event happened between an earliest and a latest time. N of them lie within T when the latest of the earliest times
is at most T after the earliest of the latest ones: so one looks back from each event's earliest time. What holds,
holds whatever comes later, so it is told at once; that it is over is told when nothing can come any more that prolongs
it.
"""

from bisect import insort
from typing import Any

from fairwatch.policy.correlation.pairs import thinned
from fairwatch.policy.correlation.pattern import Row, Times, ended, kept, raised, row_of
from fairwatch.policy.correlation.step import REVOKED, Step

MANY = 64  # events of one key, where others of the same thing answer as well


class Window:
    """The events of one key that may still be of N in T.

    Args:
        times: The rule.
        value: {rows: [row], open: the trigger that was raised and has not ended, until: when it ends unless prolonged}.
    """

    def __init__(self, times: Times, value: dict[str, Any] | None) -> None:
        self._times = times
        self.value = value or {"rows": [], "open": None, "until": 0}
        self._rows = [Row(*row) for row in self.value["rows"]]

    def take(self, step: Step) -> tuple[list[dict[str, Any]], str]:
        """Take an event in, or out again where it is revoked."""
        if step.part == REVOKED:
            return [*self.pass_time(step.known_at), *self._take_out(step)], REVOKED
        said, row = self.pass_time(step.known_at), row_of(step)
        insort(self._rows, row)
        anchor = self._last_anchor(row)
        if anchor is not None:
            value = self.value
            value["until"] = max(value["until"], anchor + self._times.within)
            if value["open"] is None:
                trigger = self._trigger(step, anchor)
                value["open"] = kept(trigger)
                said.append(trigger)
        self._forget(step.known_at)
        return said, "goes_on" if anchor is not None else "too_few"

    def pass_time(self, now: int) -> list[dict[str, Any]]:
        """End what nothing prolongs any more."""
        value, over_at = self.value, self._over_at()
        if over_at is None or now < over_at:
            self._forget(now)
            return []
        said = [ended(value["open"], value["until"], over_at)]
        value.update(open=None, until=0)
        self._forget(now)
        return said

    def due_at(self) -> int | None:
        """Return when it is over, or when what is remembered is of no use any more."""
        over_at = self._over_at()
        if over_at is not None or not self._rows:
            return over_at
        return max(row.latest for row in self._rows) + self._lasts()

    def _take_out(self, step: Step) -> list[dict[str, Any]]:
        """Count an event no more; what there is not enough for without it is over, or never was if it raised that."""
        value, opened = self.value, self.value["open"]
        self._rows = [row for row in self._rows if row.trigger_id != step.trigger_id]
        enough = (row.earliest for row in reversed(self._rows) if self._is_enough(self._before(row.earliest)))
        anchor, said = next(enough, None), list[dict[str, Any]]()
        if opened is not None and anchor is None:
            raised_it = step.trigger_id in opened["triggers"]
            said = [ended(opened, min(value["until"], step.known_at), step.known_at, revoked=raised_it)]
            value.update(open=None, until=0)
        elif opened is not None and anchor is not None:
            value["until"] = min(value["until"], anchor + self._times.within)
        self._forget(step.known_at)
        return said

    def _over_at(self) -> int | None:
        return None if self.value["open"] is None else self.value["until"] + self._times.slack

    def _lasts(self) -> int:
        """How long after its latest time an event is remembered: another one within T of it may be that late."""
        return self._times.within + self._times.slack + 1

    def _last_anchor(self, new: Row) -> int | None:
        """Return the last earliest time from which, looking back, there are enough events, the new one among them."""
        looked_at = None
        for row in reversed(self._rows):
            if row.earliest < new.earliest:
                break
            if row.earliest == looked_at:
                continue
            looked_at = row.earliest
            if new.latest >= row.earliest - self._times.within and self._is_enough(self._before(row.earliest)):
                return row.earliest
        return None

    def _before(self, anchor: int) -> list[Row]:
        since = anchor - self._times.within
        return [row for row in self._rows if row.earliest <= anchor and row.latest >= since]

    def _is_enough(self, rows: list[Row]) -> bool:
        number = len({row.value for row in rows}) if self._times.distinct else len(rows)
        return number >= self._times.count

    def _is_sure(self, rows: list[Row]) -> bool:
        """Tell whether there are enough wherever within its bounds each of them happened."""
        for row in rows:
            inside = [each for each in rows if each.latest <= row.latest]
            if self._is_enough([each for each in inside if each.earliest >= row.latest - self._times.within]):
                return True
        return False

    def _trigger(self, step: Step, anchor: int) -> dict[str, Any]:
        rows, new = self._before(anchor), row_of(step)
        rows = [*(row for row in rows if row != new), new]
        return raised(
            step.record,
            rows,
            started_at=min((row.earliest + row.latest) // 2 for row in rows),
            updated_at=max((row.earliest + row.latest) // 2 for row in rows),
            issued_at=step.known_at,
            lasts=True,
            surely=self._is_sure(rows),
        )

    def _forget(self, now: int) -> None:
        rows = [row for row in self._rows if now < row.latest + self._lasts()]
        if self.value["open"] is not None:
            last = self.value["until"] - self._times.within
            old = sorted((row for row in rows if row.earliest <= last), key=lambda row: -row.latest)
            rows = sorted([*self._of_use(old), *(row for row in rows if row.earliest > last)])
        if len(rows) > MANY:  # one thing again and again, where different ones are counted
            rows = self._thinned(rows)
        self._rows = rows
        self.value["rows"] = [list(row) for row in rows]

    def _of_use(self, old: list[Row]) -> list[Row]:
        """Return the latest of those that were counted: no more than twice N can ever be needed."""
        if self._times.distinct:
            latest: dict[str, Row] = {}
            for row in old:
                latest.setdefault(row.value, row)
            old = list(latest.values())
        return old[: 2 * self._times.count]

    def _thinned(self, rows: list[Row]) -> list[Row]:
        if not self._times.distinct:
            return rows
        of_value: dict[str, list[Row]] = {}
        for row in rows:
            of_value.setdefault(row.value, []).append(row)
        return sorted(row for alike in of_value.values() for row in thinned(alike, self._times.within))
