"""What is not told for now: the newest revision of each alert that is held back, for each receiver.

Whoever was told of a beginning is told of its end, held back or not; so is who may have been told of it. Who was not
told of it is told when nothing holds it back any more, if it still burns; and of nothing, if it does not.

What was sent cannot be taken back, while the note of it can: a worker that reaches the receiver and not the broker, and
then loses its place, leaves a receiver that was told and a state that does not say so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fairwatch.domain.agenda import BESIDE, Agenda
from fairwatch.domain.taken_back import LookedThrough
from fairwatch.policy.grouping import OVER
from fairwatch.sinks.lane import Place
from fairwatch.sinks.sink import Reason

GRACE = 5_000_000  # microseconds
HELD = f"{BESIDE}held|"  # begins the keys of what is held; no group begins like this


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an alert is not told, on whose account, until when at most and since when, in microseconds; 0: not known."""

    reason: Reason
    by: str
    until: int
    since: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    """A revision that may be told; it stands for `skipped` earlier ones, and `instead_of` a receiver that took none."""

    alert: Mapping[str, Any]
    offset: int
    trace: str
    skipped: int = 0
    instead_of: str | None = None


Judge = Callable[[Mapping[str, Any], int], Hold | None]


class Holding:
    """Everything that is held back.

    Args:
        agenda: Holds it beside the ledgers.
        judge: Says of an alert and a time whether it is to be held back, and why.
        looked_through: Under which its owner looked at all that is held.
    """

    def __init__(self, agenda: Agenda, judge: Judge, looked_through: LookedThrough) -> None:
        self._looked_through = looked_through
        self._agenda = agenda
        self._judge = judge

    def take(
        self, place: Place, came: Release, now: int, *, again: bool = False, is_first: bool = False
    ) -> Hold | Release:
        """Decide on a revision: hold it back, or let it go.

        Args:
            place: Of the ledger.
            came: The revision, as it is told if nothing holds it.
            now: Our clock.
            again: It may have been told before, in vain.
            is_first: The receiver was told of none before, whatever the revision's number.
        """
        alert = came.alert
        key, held, over = _key(place), self._held(place, alert), alert.get("state") in OVER
        hold, free_at = self._standing(alert, held, now)
        began = alert["revision"] > 0 and not is_first
        told = held["told"] if held else began or (again and _preceded(alert, hold))
        count = held["count"] if held else 0
        if held:
            self._agenda.delete(*key)
        if over:
            # What nothing holds any more may have been let go in vain, where the state came or went back since.
            if held and not told and not (hold is None and self._looked_through.is_unsure(place[0])):
                return Hold(held["reason"], held["by"], now)
            return hold if hold and not told else came
        if hold is None:
            return replace(came, skipped=came.skipped + count)
        value = {"alert": dict(alert), "offset": came.offset, "trace": came.trace, "instead_of": came.instead_of}
        value |= {"told": told, "count": came.skipped + count + 1}
        self._keep(key, value, hold, free_at)
        return hold

    def forget(self, place: Place, alert: Mapping[str, Any]) -> None:
        """Hold an alert no longer: its receiver does not want to hear of its end."""
        if self._held(place, alert):
            self._agenda.delete(*_key(place))

    def due_at(self) -> int | None:
        """Return when something is let go next, in microseconds."""
        return self._agenda.next_at(HELD)

    def released(
        self, partitions: Sequence[int], now: int, *, all_of: Sequence[int]
    ) -> Iterator[tuple[Place, Release]]:
        """Yield what nothing holds back any more: of what is due, and of everything in the partitions of `all_of`."""
        self._agenda.look(partitions, now)
        places = [(partition, key) for partition, key, _ in self._agenda.due(partitions, now, HELD)]
        places += [(partition, key) for partition in all_of for key in self._agenda.keys(partition, HELD)]
        for partition, key in dict.fromkeys(places):
            value = self._agenda.get(partition, key)
            if value is None:
                continue
            hold, free_at = self._standing(value["alert"], value, now)
            if hold is None:
                self._agenda.delete(partition, key)
                place = partition, key.removeprefix(HELD)
                what = value["alert"], value["offset"], value["trace"]
                yield place, Release(*what, value["count"] - 1, value.get("instead_of"))
            elif hold.until != value["next_at"]:
                self._keep((partition, key), value, hold, free_at)

    def _standing(
        self, alert: Mapping[str, Any], held: Mapping[str, Any] | None, now: int
    ) -> tuple[Hold | None, int | None]:
        """Return why an alert is held back now, and when it is free where its source has ended: a little later.

        What ends together does not arrive together: else an alert would be told whose end is on its way.
        """
        hold = self._judge(alert, now)
        if hold is not None or held is None or held["reason"] != "inhibited" or alert.get("severity") == "EXTREME":
            return hold, None
        free_at = held.get("free_at") or now + GRACE
        return (None, None) if now >= free_at else (Hold("inhibited", held["by"], free_at), free_at)

    def _keep(self, key: Place, value: Mapping[str, Any], hold: Hold, free_at: int | None) -> None:
        why = {"next_at": hold.until, "reason": hold.reason, "by": hold.by, "free_at": free_at}
        self._agenda.put(*key, {**value, **why})

    def _held(self, place: Place, alert: Mapping[str, Any]) -> dict[str, Any] | None:
        value = self._agenda.get(*_key(place))
        return value if value and value["alert"]["alert_id"] == alert["alert_id"] else None


def _preceded(alert: Mapping[str, Any], hold: Hold | None) -> bool:
    """Tell whether an alert was there before it was held back."""
    return hold is not None and bool(alert["received_at"] < hold.since)


def _key(place: Place) -> Place:
    return place[0], HELD + place[1]
