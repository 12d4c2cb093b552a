"""Dwell: something goes on for a time.

Its end may be on its way, so events are looked at in the order in which they happened, when nothing earlier can come
any more.
"""

from bisect import insort
from collections.abc import Iterator
from typing import Any

from fairwatch.policy.correlation.pattern import Row, Times, ended, kept, raised
from fairwatch.policy.correlation.step import Step

MANY = 256  # events of one key that are not looked at yet
FORGOTTEN = 86_400_000_000  # after which an end is not waited for any more, in microseconds


class Dwell:
    """Since when one key has gone on.

    Args:
        times: The rule.
        value: {rows: [[when, whether it ends, event, device]] that are not looked at yet, since, last: when it began
            and was last told; null while nothing goes on, first: [event, device] that began it, record: what would be
            told, open: the trigger that was raised and has not ended}.
    """

    def __init__(self, times: Times, value: dict[str, Any] | None) -> None:
        self._times = times
        self.value = value or {"rows": [], "since": None, "last": None, "first": None, "record": None, "open": None}

    def take(self, step: Step) -> tuple[list[dict[str, Any]], str]:
        """Take an event in."""
        said, rows = self.pass_time(step.known_at), self.value["rows"]
        if len(rows) >= MANY:
            return said, "full"
        insort(rows, [step.at, step.part == "end", step.trigger_id, step.device_id])
        if step.part != "end":
            self.value["record"] = kept(step.record)
        return [*said, *self.pass_time(step.known_at)], "waits"

    def pass_time(self, now: int) -> list[dict[str, Any]]:
        """Tell what has gone on for long enough, and what is over."""
        value, known = self.value, now - self._times.slack
        said: list[dict[str, Any]] = []
        while value["rows"] and value["rows"][0][0] <= known:
            said += self._look_at(*value["rows"].pop(0))
        said += self._until(known)
        if self._is_idle():
            value.update(first=None, record=None)
        return said

    def due_at(self) -> int | None:
        """Return when there is something to look at."""
        value, slack, gap = self.value, self._times.slack, self._times.gap
        dues = [value["rows"][0][0] + slack] if value["rows"] else []
        if value["since"] is not None:
            if gap is None and value["open"] is None:
                dues.append(value["since"] + self._times.dwell + slack)
            lasts = gap if gap is not None else max(FORGOTTEN, self._times.dwell)
            dues.append(value["last"] + lasts + slack + 1)
        return min(dues, default=None)

    def _is_idle(self) -> bool:
        return self.value["since"] is None and not self.value["rows"]

    def _look_at(self, at: int, ends: bool, trigger_id: str, device_id: str) -> Iterator[dict[str, Any]]:
        value = self.value
        yield from self._until(at)
        if ends:
            yield from self._end(at)
            return
        if value["since"] is None:
            value.update(since=at, first=[trigger_id, device_id])
        value["last"] = at
        yield from self._tell(at)

    def _until(self, at: int) -> Iterator[dict[str, Any]]:
        """Let time pass in which nothing was said."""
        value, gap = self.value, self._times.gap
        if value["since"] is None:
            return
        if gap is None:
            yield from self._tell(at)
        lasts = gap if gap is not None else max(FORGOTTEN, self._times.dwell)
        if at - value["last"] > lasts:
            yield from self._end(value["last"])

    def _tell(self, at: int) -> Iterator[dict[str, Any]]:
        value, long_enough = self.value, self.value["since"] + self._times.dwell
        if value["open"] is None and at >= long_enough:
            trigger_id, device_id = value["first"]
            trigger = raised(
                value["record"],
                (Row(value["since"], value["since"], "", trigger_id, device_id),),
                started_at=value["since"],
                updated_at=long_enough,
                issued_at=(long_enough if self._times.gap is None else at) + self._times.slack,
                lasts=True,
            )
            value["open"] = kept(trigger)
            yield trigger

    def _end(self, at: int) -> Iterator[dict[str, Any]]:
        value = self.value
        if value["open"] is not None:
            yield ended(value["open"], at, at + self._times.slack)
        value.update(since=None, last=None, open=None)
