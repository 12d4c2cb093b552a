"""What a revision says of the causes of its alert, however many they are."""

from collections.abc import Mapping
from typing import Any

from fairwatch.policy.alert_content import DEVICE_LIMIT
from fairwatch.policy.causes import Cause

CAUSE_LIMIT = 100


def told_causes(firing: list[Cause], value: Mapping[str, Any]) -> dict[str, Any]:
    """Return {causes, firing, changes, device_ids} of a revision: what holds, the newest first, then what is gone.

    Args:
        firing: What holds, in any order; it is sorted in place.
        value: That of an `AlertGroup`.
    """
    if len(firing) > 1:
        firing.sort(key=lambda cause: cause.updated_at, reverse=True)
    listed = [cause.told("FIRING") for cause in firing[:CAUSE_LIMIT]]
    told = {
        "causes": [*listed, *reversed(value["gone"])][:CAUSE_LIMIT],
        "firing": len(firing),
        "changes": value["changes"],
    }
    parties = {cause.cause_id: cause.devices for cause in firing if cause.devices} or value.get("parties", {})
    shown = reversed(listed or told["causes"])
    if len(told["causes"]) == 1 and not parties:
        device = told["causes"][0]["device_id"]
        return told | {"device_ids": [device]} if device else told
    if parties:
        devices = dict.fromkeys(
            device for cause in shown for device in parties.get(cause["cause_id"]) or (cause["device_id"],)
        )
    else:
        devices = dict.fromkeys(cause["device_id"] for cause in shown)
    if any(devices):
        told["device_ids"] = [device for device in devices if device][-DEVICE_LIMIT:]
    return told
