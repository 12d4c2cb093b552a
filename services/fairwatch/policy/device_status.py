"""What a device's status says to rules of what is not heard: it is alive, though it sees nothing."""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from fairwatch.domain.calendar import local_time, zone
from fairwatch.domain.ids import stable_id
from fairwatch.policy.routing import Rule
from fairwatch.policy.subject import Subject

EVENT: Final = "device.status"
_UTC: Final = ZoneInfo("UTC")
_OF_DEVICES: Final = frozenset({"device_id", "site_id"})  # what a group may be of, so that a status belongs to it


def of_status(
    status: Mapping[str, Any],
    device: Mapping[str, Any],
    recorder: Mapping[str, Any] | None,
    site: Mapping[str, Any] | None,
) -> Subject:
    """See a status as a sighting of nothing: where it comes from, and when.

    Args:
        status: The `DeviceStatus`.
        device: Its device.
        recorder: What the device belongs to, which says what it leaves open; None where it stands alone.
        site: Where it stands.
    """
    at, device_id = status["at"], status["device_id"]
    time_zone = device.get("time_zone") or (recorder or {}).get("time_zone") or (site or {}).get("time_zone")
    return Subject(
        record="sighting",
        trigger=stable_id("device-status", device_id, at),
        event_type=EVENT,
        occurred_at=at,
        received_at=at,
        local=local_time(at, zone(time_zone) or _UTC),
        device_id=device_id,
        device_name=device.get("name") or device_id,
        site_id=site_of(device, recorder),
        site_name=site.get("name") if site else None,
        zones=(),
        cause_id="",
        cause_kind="CONDITION",
        started_at=at,
        geo=device.get("geo"),
    )


def site_of(device: Mapping[str, Any], recorder: Mapping[str, Any] | None) -> str | None:
    """Return where a device stands by its record, or by that of what it belongs to."""
    found: str | None = device.get("site_id") or (recorder or {}).get("site_id")
    return found


def is_of_devices(rule: Rule) -> bool:
    """Tell whether each group of a rule is a device or a site: a status says nothing of zones, objects and events."""
    return _OF_DEVICES.issuperset(rule.group_by)
