"""What people do to incidents: merge two, split one; the one place where a deed is made, and where it is accepted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast

from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import IncidentAction, IncidentDeed

DEEDS: Final[tuple[IncidentDeed, ...]] = ("MERGE", "SPLIT")
NOTE_LIMIT: Final = 1_000
ALERTS_LIMIT: Final = 100
IncidentObjection = Literal[
    "unknown",  # there is no such incident, or it is forgotten
    "no_right",
    "other_site",
    "merged",  # it went into another one before
    "no_other",  # the one to merge it into is not there, is of another place, or is the same
    "not_in_it",  # alerts that are not in it
    "nothing_left",  # all or none of its alerts
]
SENTENCES: Final[Mapping[IncidentObjection, str]] = {
    "unknown": "There is no such incident here. It may be older than what is kept.",
    "no_right": "Your roles do not allow this.",
    "other_site": "This incident belongs to a site that you do not look after.",
    "merged": "It was merged into another one before.",
    "no_other": "Name another incident of the same place.",
    "not_in_it": "Name alerts that are in it.",
    "nothing_left": "Name some of its alerts: both incidents must have one.",
}


def make(
    incident: Mapping[str, Any],
    action: IncidentDeed,
    actor: str,
    role: str,
    at: int,
    *,
    into: str | None = None,
    alerts: Sequence[str] = (),
    note: str = "",
    sites: Sequence[str] = (),
    via: str = "console",
) -> IncidentAction:
    """Return the record of a deed.

    Args:
        incident: As the person saw it.
        action: What they do.
        actor: The person.
        role: The role that allows it.
        at: Microseconds UTC.
        into: Of MERGE: the incident into which it goes.
        alerts: Of SPLIT: those that leave it.
        note: At most NOTE_LIMIT characters of it are kept.
        sites: Those that the person looks after; none for all.
        via: How it came in.
    """
    return {
        "action_id": stable_id("incident-action", incident["incident_id"], actor, action, at),
        "incident_id": incident["incident_id"], "place": incident["place"], "action": action, "actor": actor,
        "role": role, "at": at, "into": into, "alerts": list(alerts)[:ALERTS_LIMIT], "note": note[:NOTE_LIMIT],
        "sites": list(sites), "via": via,
    }  # fmt: skip


def objection(
    deed: Mapping[str, Any], incident: Mapping[str, Any] | None, into: Mapping[str, Any] | None, alerts: Sequence[str]
) -> IncidentObjection | None:
    """Return why a deed is not taken, or None; what people may do in which role is for `Judge` to say.

    Args:
        deed: An IncidentAction.
        incident: The one that it is about, {place, site_id, merged_into}; None where that is not known.
        into: Likewise the other one.
        alerts: Ids of the alerts of the first one.
    """
    if incident is None or incident["place"] != deed["place"]:
        return "unknown"
    sites = deed.get("sites") or ()
    if sites and any(each is not None and each.get("site_id") not in sites for each in (incident, into)):
        return "other_site"
    if incident.get("merged_into") is not None:
        return "merged"
    return _unfit(deed, incident, into, alerts)


def _unfit(
    deed: Mapping[str, Any], incident: Mapping[str, Any], into: Mapping[str, Any] | None, alerts: Sequence[str]
) -> IncidentObjection | None:
    if deed["action"] == "MERGE":
        same = into is None or into["place"] != incident["place"] or deed.get("into") == deed["incident_id"]
        return "no_other" if same or cast("Mapping[str, Any]", into).get("merged_into") is not None else None
    named = set(deed.get("alerts") or ())
    if named - set(alerts):
        return "not_in_it"
    return "nothing_left" if not named or not set(alerts) - named else None
