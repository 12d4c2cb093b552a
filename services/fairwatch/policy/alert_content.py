"""What a group's alert says: of most things the latest word, of some the widest, the earliest or the worst."""

from collections.abc import Mapping, Sequence
from typing import Any

from fairwatch.domain.ids import stable_id
from fairwatch.policy.deeds import PEOPLE

SEVERITIES = ("UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME")
RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}
TRIGGER_LIMIT = 100
DEVICE_LIMIT = 100
LATEST = (
    "event_type",
    "title",
    "description",
    "category",
    "urgency",
    "certainty",
    "received_at",
    "follows",
    "device_name",
    "site_id",
    "site_name",
    "geo",
    "candidate_id",
    "entry_id",
    "authorisation_id",
    "verified_by",
    "media",
    "parameters",
    "exercise",
)
WIDEST = ("zones", "receivers")
UNTAKEN = frozenset((*PEOPLE, "causes"))  # its causes lie beside the alert
OF_THE_RULE = ("title", "description", "category", "urgency", "severity", "receivers")


def opened(trigger: Mapping[str, Any]) -> dict[str, Any]:
    """Return the alert that a trigger begins, which nobody was told of yet."""
    plain = {name: value for name, value in trigger.items() if name not in UNTAKEN}
    return {
        **plain,
        "alert_id": stable_id("alert", trigger["group"], trigger["alert_id"]),
        "revision": -1,
        "count": 1,
    }


def merge(alert: dict[str, Any], trigger: Mapping[str, Any]) -> bool:
    """Fold a trigger into what is told next; return whether it rose or spread, so that somebody has to be told."""
    for name in LATEST:
        if name in trigger:
            alert[name] = trigger[name]
    alert["count"] += 1
    alert["started_at"] = min(alert["started_at"], trigger["started_at"])
    alert["updated_at"] = max(alert["updated_at"], trigger["updated_at"])
    alert["triggers"] = [*alert["triggers"], *trigger["triggers"]][-TRIGGER_LIMIT:]
    rises = RANKS[trigger.get("severity", "UNKNOWN")] > RANKS[alert.setdefault("severity", "UNKNOWN")]
    if rises:
        alert["severity"] = trigger["severity"]
    spreads = [name for name in WIDEST if _widen(alert, name, trigger.get(name, ()))]
    return rises or bool(spreads)


def together(known: Sequence[str], devices: Sequence[str]) -> tuple[str, ...]:
    """Return the devices of a cause that has several, the newest last; none where it has one."""
    found = tuple(dict.fromkeys((*known, *devices)))
    return found[-DEVICE_LIMIT:] if len(found) > 1 else ()


def _widen(alert: dict[str, Any], name: str, said: Any) -> bool:
    """Add what is said to a list of the alert, up to `DEVICE_LIMIT`; return whether anything of it is new there."""
    known = alert.get(name, ())
    fresh = [one for one in said if one not in known] if said != known else ()
    if not fresh or len(known) >= DEVICE_LIMIT:
        return False
    alert[name] = list(dict.fromkeys([*known, *fresh]))[:DEVICE_LIMIT]
    return True
