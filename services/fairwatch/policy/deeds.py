"""What people do to alerts: the one place where a deed is made, and the one where it is accepted.

Whoever makes a deed (the console, a signed link, another client) writes it with `make`; whoever owns the group asks
`objection` before anything is changed and folds it in with `note`. Both ends ask the same function, so that a person is
told no at once where the console can know it, and the owner of the group says no where only it can.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import AlertAction, AlertDeed, AlertOutcome

DEEDS: tuple[AlertDeed, ...] = ("COMMENT", "ACKNOWLEDGE", "CLAIM", "HAND_OVER", "CLOSE")
OUTCOMES: tuple[AlertOutcome, ...] = ("TRUE", "FALSE", "TEST")
LAPSED = "answer_lapsed"  # parameter of an alert: whose answer counts no more
LINK = "link"
BY_LINK: AlertDeed = "ACKNOWLEDGE"  # whoever holds the message: nothing that ends an alert or speaks for a person
NOTE_LIMIT = 1_000
KEPT = 20
OVER = ("ENDED", "CANCELLED")
PEOPLE = ("acknowledged_by", "acknowledged_at", "claimed_by", "claimed_at", "closed_by", "outcome", "deeds")
Objection = Literal[
    "not_open",  # it has ended, or there never was such an alert
    "no_right",
    "other_site",
    "already_acknowledged",
    "claimed",  # somebody else is at it
    "not_yours",  # only who is at it hands it over
    "nobody",  # handed over to nobody
    "no_note",  # a comment that says nothing
    "no_outcome",
]
SENTENCES: Mapping[Objection, str] = {
    "not_open": "It is over; nothing was changed.",
    "no_right": "Your roles do not allow this.",
    "other_site": "This alert belongs to a site that you do not look after.",
    "already_acknowledged": "Somebody has acknowledged it already.",
    "claimed": "Somebody else is at it.",
    "not_yours": "Only who is at it can hand it over.",
    "nobody": "Say to whom it is handed over.",
    "no_note": "A comment says something.",
    "no_outcome": "Say what it was: true, false or test.",
}


def make(
    alert: Mapping[str, Any],
    action: AlertDeed,
    actor: str,
    role: str,
    at: int,
    *,
    note: str = "",
    to: str | None = None,
    outcome: AlertOutcome = "NONE",
    sites: Sequence[str] = (),
    via: str = "console",
    identity: str = "",
) -> AlertAction:
    """Return the record of a deed.

    Args:
        alert: As the person saw it.
        action: What they do.
        actor: The person, or the receiver whose link was used.
        role: The role that allows it.
        at: Microseconds UTC.
        note: At most NOTE_LIMIT characters of it are kept.
        to: Of HAND_OVER.
        outcome: Of CLOSE.
        sites: Those that the person looks after; none for all.
        via: How it came in.
        identity: What makes it the same deed when it comes again; who did what when, by default.
    """
    return {
        "action_id": stable_id("alert-action", alert["alert_id"], identity or f"{actor} {action} {at}"),
        "alert_id": alert["alert_id"], "group": alert["group"], "seen_revision": alert.get("revision"),
        "action": action, "actor": actor, "role": role, "at": at, "sites": list(sites), "via": via,
        "note": note[:NOTE_LIMIT], "to": to, "outcome": outcome,
    }  # fmt: skip


def objection(alert: Mapping[str, Any] | None, deed: Mapping[str, Any]) -> Objection | None:
    """Return why a deed is not taken, or None; what people may do in which role is for `Judge` to say.

    Args:
        alert: The alert that is open in the group, or as the console knows it; None for none.
        deed: An AlertAction.
    """
    if alert is None or alert["alert_id"] != deed["alert_id"] or alert.get("state") in OVER:
        return "not_open"
    if deed["role"] == LINK and deed["action"] != BY_LINK:
        return "no_right"
    sites = deed.get("sites") or ()
    if sites and alert.get("site_id") not in sites:
        return "other_site"
    return _unfit(alert, deed)


def _unfit(alert: Mapping[str, Any], deed: Mapping[str, Any]) -> Objection | None:
    holder = alert.get("claimed_by")
    match deed["action"]:
        case "ACKNOWLEDGE":
            return "already_acknowledged" if alert.get("acknowledged_by") else None
        case "CLAIM":
            return "claimed" if holder else None
        case "HAND_OVER":
            return "nobody" if not deed.get("to") else "not_yours" if holder not in (None, deed["actor"]) else None
        case "CLOSE":
            return "no_outcome" if deed.get("outcome", "NONE") == "NONE" else None
        case _:
            return None if deed.get("note", "").strip() else "no_note"


def note(alert: dict[str, Any], deed: Mapping[str, Any]) -> None:
    """Write into an alert what was done to it. Who claims it or hands it over has seen it."""
    action, actor, at = deed["action"], deed["actor"], deed["at"]
    if action != "COMMENT" and LAPSED in (said := alert.get("parameters") or {}):
        alert["parameters"] = {name: value for name, value in said.items() if name != LAPSED}
    if action != "COMMENT" and not alert.get("acknowledged_by"):
        alert.update(acknowledged_by=actor, acknowledged_at=at)
    if action in ("CLAIM", "HAND_OVER"):
        alert.update(claimed_by=deed["to"] if action == "HAND_OVER" else actor, claimed_at=at)
    if action == "CLOSE":
        alert.update(closed_by=actor, outcome=deed["outcome"])
    line = {"action": action, "actor": actor, "at": at, "text": deed.get("note", "")[:NOTE_LIMIT], "to": deed.get("to")}
    alert["deeds"] = [*alert.get("deeds", ()), line][-KEPT:]


def audit_of(
    noun: str, deed: Mapping[str, Any], subject: str, said: Mapping[str, str], against: str | None
) -> dict[str, Any]:
    """Return the audit record of a deed that was done, or refused.

    Args:
        noun: What it was done to: "alert" or "incident".
        deed: The record.
        subject: Id of what it was done to.
        said: What else it says.
        against: Why it was refused; None where it was done.
    """
    action = f"{noun}.deed_refused" if against else f"{noun}.{deed['action'].lower()}"
    refused = {"reason": against} if against else {}
    return {
        "audit_id": stable_id("audit", action, deed["action_id"]),
        "action": action,
        "actor": deed["actor"],
        "at": deed["at"],
        "subject": subject,
        "details": {"deed": deed["action"], "role": deed["role"], **said, **refused},
    }
