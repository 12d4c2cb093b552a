"""How far a device's clock can be trusted, and when something really happened."""

import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone
from statistics import median_low
from typing import Any

from fairwatch.domain.calendar import DAY, EARLIEST, EPOCH, instant, is_plausible, zone
from fairwatch.domain.records import ClockQuality

WINDOW = 31  # events from which the error is estimated
SPACING = 1_000_000  # between two of these once there are so many: what is learnt is saved, and that costs a write
ENOUGH = 3  # below that the device is believed: one late event is not a wrong clock
TOLERATED_MS = 5_000  # transport takes that long, too
ASSUMED = re.compile(r"ASSUMED_(?:UTC|([+-])(\d\d):(\d\d))")


@dataclass(frozen=True, slots=True)
class Reading:
    """When something happened; `offset_ms` is device clock minus hub clock."""

    occurred_at: int
    offset_ms: int
    clock: ClockQuality


class DeviceClock:
    """The recent errors of one device's clock.

    Args:
        errors: Device time minus received time of some of the latest events, in milliseconds, newest last.
        learnt_at: When the newest of these was received, in microseconds.

    Attributes:
        changed: There is something to save.
    """

    def __init__(self, errors: list[int], learnt_at: int = 0) -> None:
        self.errors = errors
        self.learnt_at = learnt_at
        self.changed = False

    def read(self, device_time: int, received_at: int) -> Reading:
        """Take one event's times into account and say when it happened; all in microseconds."""
        error_ms = (device_time - received_at) // 1000
        if device_time < EARLIEST or abs(device_time - received_at) > DAY:
            return Reading(received_at, error_ms, "IMPLAUSIBLE")
        errors = [*self.errors, error_ms][-WINDOW:]
        self._learn(errors, received_at)
        if len(errors) < ENOUGH:
            return Reading(device_time, 0, "UNKNOWN")
        offset = median_low(errors)
        if abs(offset) <= TOLERATED_MS:
            return Reading(device_time, offset, "OK")
        return Reading(device_time - offset * 1000, offset, "OFFSET")

    def _learn(self, errors: list[int], received_at: int) -> None:
        """Keep the newest error, unless enough are known and one was kept a moment ago.

        Which ones are kept depends on the events alone, so that a replay says the same.
        """
        if len(self.errors) < WINDOW or abs(received_at - self.learnt_at) >= SPACING:
            self.errors, self.learnt_at, self.changed = errors, received_at, True


def stated_time(observation: dict[str, Any], own_zone: str | None, site_zone: str | None) -> int:
    """Return when a device says it happened, in microseconds UTC, as its clock stands.

    A time that was written without a zone was read as UTC or as the format's usual offset: it is read again in the
    zone of the device, and where only UTC was assumed also in that of its site.
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
    return instant(moment.astimezone(_offset(assumed)).replace(tzinfo=where))


def _offset(assumed: re.Match[str]) -> timezone:
    if not assumed[1]:
        return UTC
    minutes = int(assumed[2]) * 60 + int(assumed[3])
    return timezone(timedelta(minutes=min(minutes, 1439) * (-1 if assumed[1] == "-" else 1)))
