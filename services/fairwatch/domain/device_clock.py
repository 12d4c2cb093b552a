"""How far a device's clock can be trusted, and when something really happened."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from statistics import median_low
from typing import Any

from fairwatch.domain.calendar import DAY, EARLIEST, EPOCH, instant, is_plausible, zone
from fairwatch.domain.records import ClockQuality

WINDOW = 31  # events from which the error is estimated
SPACING = 1_000_000  # between two of these once there are so many: what is learnt is saved, and that costs a write
ENOUGH = 3  # events that agree; below that the device is believed: one late event is not a wrong clock
TOLERATED_MS = 5_000  # transport takes that long, too
BEHIND_FOR = (
    30_000_000  # microseconds of receipt over which a clock that fell behind stays there; a buffer is empty sooner
)
ASSUMED = re.compile(r"ASSUMED_(?:UTC|([+-])(\d\d):(\d\d))")


@dataclass(frozen=True, slots=True)
class Reading:
    """When something happened; `offset_ms` is device clock minus hub clock."""

    occurred_at: int
    offset_ms: int
    clock: ClockQuality


@dataclass(slots=True)
class Doubt:
    """Events that agree with each other, and not with what is known of the clock.

    Attributes:
        error_ms: Of the first of them.
        first_at, last_at: When the first and the last were received, in microseconds.
        count: How many there are.
    """

    error_ms: int
    first_at: int
    last_at: int
    count: int = 1


class DeviceClock:
    """The recent errors of one device's clock.

    An event that comes late, out of a camera's buffer or by a second attempt, looks like a clock that is behind. It is
    told from one by how errors go on: a clock that was set stays where it is, while each event out of a buffer is late
    by another time, and a buffer is empty within seconds. So an error that does not fit is learnt only when `ENOUGH`
    events in a row agree on it, for `BEHIND_FOR` of receipt when it lies in the past. Nothing comes before it happens:
    a time in the future is a wrong clock at once, and is not believed for a single event.

    Args:
        errors: Device time minus received time of some of the latest events that agree, in milliseconds, newest last.
        learnt_at: When the newest of these was received, in microseconds.
        doubt: What the latest events say against them.

    Attributes:
        changed: There is something to save.
    """

    def __init__(self, errors: list[int], learnt_at: int = 0, doubt: Doubt | None = None) -> None:
        self.errors = errors
        self.learnt_at = learnt_at
        self.doubt = doubt
        self.changed = False

    @classmethod
    def restore(cls, value: dict[str, Any] | None) -> "DeviceClock":
        """Return the clock that `saved` described."""
        if value is None:
            return cls([])
        return cls(value["errors"], value.get("at", 0), Doubt(*doubt) if (doubt := value.get("doubt")) else None)

    @property
    def saved(self) -> dict[str, Any]:
        """The clock as a value that passes through JSON: {errors, at, doubt}."""
        doubt = self.doubt
        return {
            "errors": self.errors,
            "at": self.learnt_at,
            "doubt": doubt and [doubt.error_ms, doubt.first_at, doubt.last_at, doubt.count],
        }

    def read(self, device_time: int, received_at: int) -> Reading:
        """Take one event's times into account and say when it happened; all in microseconds."""
        error_ms = (device_time - received_at) // 1000
        if device_time < EARLIEST or abs(device_time - received_at) > DAY:
            return Reading(received_at, error_ms, "IMPLAUSIBLE")
        errors = self._weigh(error_ms, received_at)
        if len(errors) < ENOUGH:
            return Reading(_not_in_future(device_time, received_at), 0, "UNKNOWN")
        offset = median_low(errors)
        if abs(offset) <= TOLERATED_MS:
            quality: ClockQuality = "OFFSET" if error_ms - offset > TOLERATED_MS else "OK"
            return Reading(_not_in_future(device_time, received_at), offset, quality)
        return Reading(_not_in_future(device_time - offset * 1000, received_at), offset, "OFFSET")

    def _weigh(self, error_ms: int, received_at: int) -> list[int]:
        """Learn from an error if it fits; return the errors that hold for this event."""
        if not self.errors or abs(error_ms - median_low(self.errors)) <= TOLERATED_MS:
            errors = [*self.errors, error_ms][-WINDOW:]
            self._learn(errors, received_at)
            return errors
        doubt = self.doubt
        if doubt is None or abs(error_ms - doubt.error_ms) > TOLERATED_MS:
            self.doubt = Doubt(error_ms, received_at, received_at)
        else:
            doubt.count += 1
            doubt.last_at = max(doubt.last_at, received_at)
            if self._was_set(doubt):
                self.errors, self.doubt, self.learnt_at = (
                    [doubt.error_ms] * (ENOUGH - 1) + [error_ms],
                    None,
                    received_at,
                )
        self.changed = True
        return self.errors

    def _was_set(self, doubt: Doubt) -> bool:
        known = len(self.errors) >= ENOUGH
        behind = doubt.error_ms < median_low(self.errors)
        lasts = not (known and behind) or doubt.last_at - doubt.first_at >= BEHIND_FOR
        return doubt.count >= ENOUGH and lasts

    def _learn(self, errors: list[int], received_at: int) -> None:
        """Keep the newest error, unless enough are known and one was kept a moment ago.

        Which ones are kept depends on the events alone, so that a replay says the same.
        """
        if self.doubt is not None:
            self.doubt, self.changed = None, True
        if len(self.errors) < WINDOW or abs(received_at - self.learnt_at) >= SPACING:
            self.errors, self.learnt_at, self.changed = errors, received_at, True


def stated_time(observation: dict[str, Any], own_zone: str | None, site_zone: str | None) -> int:
    """Return when a device says it happened, in microseconds UTC, as its clock stands.

    A time that was written without a zone was read as UTC or as the format's usual offset: it is read again in the
    zone of the device, and where only UTC was assumed also in that of its site. In the autumn hour that comes twice it
    is the later one, unless that has not come yet.
    """
    written = observation.get("device_time")
    if not written:
        return int(observation["occurred_at"])
    at = int(written["utc"])
    assumed = ASSUMED.fullmatch(written.get("zone") or "")
    where = zone(own_zone) or (zone(site_zone) if assumed and not assumed[1] else None)
    if not assumed or where is None or not is_plausible(at):
        return at
    moment = EPOCH + timedelta(microseconds=at)
    local = moment.astimezone(_offset(assumed)).replace(tzinfo=where)
    return instant(hour_of(local, observation["received_at"]))


def hour_of(local: datetime, received_at: int) -> datetime:
    """Return a local time that is read as the later of autumn's two hours, unless that has not come yet."""
    later = local.replace(fold=1)
    # In spring's gap the second reading is the earlier one, and neither is on any clock.
    return later if instant(local) < instant(later) <= received_at + TOLERATED_MS * 1000 else local


def _not_in_future(at: int, received_at: int) -> int:
    return at if at <= received_at + TOLERATED_MS * 1000 else received_at


def _offset(assumed: re.Match[str]) -> timezone:
    if not assumed[1]:
        return UTC
    minutes = int(assumed[2]) * 60 + int(assumed[3])
    return timezone(timedelta(minutes=min(minutes, 1439) * (-1 if assumed[1] == "-" else 1)))
