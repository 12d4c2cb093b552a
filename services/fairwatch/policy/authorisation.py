"""Whether an authorisation, or a watchlist entry under it, is in force for one device, place and moment."""

from collections.abc import Collection
from typing import Literal

from fairwatch.domain.records import Authorisation, MatchKind, MatchMode, WatchlistEntry
from fairwatch.policy.likeness import seen_as

Refusal = Literal[
    "no_authorisation",  # there is none, or it was erased
    "not_granted",
    "revoked",
    "no_approver",  # the requester alone approved it
    "not_yet",
    "expired",
    "wrong_kind",
    "wrong_mode",
    "wrong_place",
    "suspended",  # the entry rests
    "withdrawn",  # the entry was taken back
    "no_entry",  # there is none, or it was erased
    "moved",  # the entry rests on another authorisation now
    "replaced",  # the entry is about another plate or other pictures now
    "not_authentic",  # it lacks the signature of somebody whom it names
]

URGENT = 24 * 3_600_000_000  # microseconds that an authorisation may be in force before a second person agrees
NOT_AUTHENTIC = "NOT_AUTHENTIC"  # a state that no schema has: nobody can write it, and nothing is in force with it
_AUTHORISATION_STATES: dict[str, Refusal] = {
    "REQUESTED": "not_granted",
    "REJECTED": "not_granted",
    "REVOKED": "revoked",
    "EXPIRED": "expired",
    NOT_AUTHENTIC: "not_authentic",
}
_ENTRY_STATES: dict[str, Refusal] = {
    "SUSPENDED": "suspended",
    "WITHDRAWN": "withdrawn",
    "EXPIRED": "expired",
    NOT_AUTHENTIC: "not_authentic",
}


def person(name: str | None) -> str:
    r"""Return what two spellings of one person's name have in common; empty for nobody.

    Look-alike letters and characters that nobody sees make no second person.

    >>> person(" Ann ") == person("ann") == person("\u0430nn\u200b")
    True
    """
    return seen_as(name or "")


def urgent(authorisation: Authorisation) -> bool:
    """Tell whether one is asked for and cannot wait: it is in force without a second person, for a day at most."""
    asked = authorisation.get("state", "REQUESTED") == "REQUESTED" and bool(authorisation.get("urgency"))
    return asked and 0 < authorisation["valid_until"] - authorisation["valid_from"] <= URGENT


def standing(authorisation: Authorisation | None) -> Refusal | None:
    """Return why an authorisation is worth nothing wherever and whenever, or None.

    It takes two people: whoever asked for it cannot be the only one who approved it. What cannot wait is in force while
    it is asked for, until somebody rejects it or its day is over.
    """
    if authorisation is None:
        return "no_authorisation"
    state = authorisation.get("state", "REQUESTED")
    if urgent(authorisation):
        return None if person(authorisation["requested_by"]) else "no_approver"
    if state != "GRANTED":
        return _AUTHORISATION_STATES.get(state, "not_granted")
    requester = person(authorisation["requested_by"])
    others = {person(name) for name in authorisation.get("approved_by", [])} - {requester, ""}
    return None if requester and others else "no_approver"


def allows(authorisation: Authorisation, kind: MatchKind, mode: MatchMode) -> Refusal | None:
    """Return why an authorisation allows no such comparison anywhere, or None."""
    if kind == "UNKNOWN" or kind not in authorisation["kinds"]:
        return "wrong_kind"
    return None if mode in authorisation.get("modes", ["REALTIME"]) else "wrong_mode"


def covers(
    authorisation: Authorisation,
    *,
    device_id: str,
    site_id: str | None,
    areas: Collection[str],
    kind: MatchKind,
    mode: MatchMode,
) -> Refusal | None:
    """Return why an authorisation does not reach this device for this kind of comparison, or None.

    It reaches what one of its three lists names; with all three empty it reaches nothing. A site that is named does
    not bring in the smaller sites within it: name its area for that.
    """
    if refusal := allows(authorisation, kind, mode):
        return refusal
    if device_id in authorisation.get("device_ids", []):
        return None
    if site_id and site_id in authorisation.get("site_ids", []):
        return None
    return None if set(areas) & set(authorisation.get("areas", [])) else "wrong_place"


def within(valid_from: int, valid_until: int, *, at: int, now: int) -> Refusal | None:
    """Return why a validity does not hold at both the event's time and the wall clock (microseconds), or None."""
    if min(at, now) < valid_from:
        return "not_yet"
    return "expired" if max(at, now) >= valid_until else None


def in_force(
    authorisation: Authorisation | None,
    *,
    at: int,
    now: int,
    device_id: str,
    site_id: str | None,
    areas: Collection[str],
    kind: MatchKind,
    mode: MatchMode,
) -> Refusal | None:
    """Return why nothing may be compared under this authorisation, or None when it is in force.

    Args:
        authorisation: None when there is none.
        at: When the event happened, microseconds UTC.
        now: The wall clock, microseconds UTC.
        device_id: Device that saw it.
        site_id: Site of the device; None where it is not known.
        areas: Areas that the site lies in.
        kind: What would be compared.
        mode: Live or retrospective.
    """
    if authorisation is None:
        return "no_authorisation"
    return (
        standing(authorisation)
        or within(authorisation["valid_from"], authorisation["valid_until"], at=at, now=now)
        or covers(authorisation, device_id=device_id, site_id=site_id, areas=areas, kind=kind, mode=mode)
    )


def entry_standing(entry: WatchlistEntry) -> Refusal | None:
    """Return why an entry may not match wherever and whenever, or None."""
    return _ENTRY_STATES.get(entry.get("state", "ACTIVE"))


def entry_covers(entry: WatchlistEntry, *, device_id: str, areas: Collection[str]) -> Refusal | None:
    """Return why an entry does not reach this device, or None.

    Each of its lists narrows the authorisation: empty changes nothing, both together must both hold.
    """
    devices, wanted = entry.get("device_ids", []), entry.get("areas", [])
    if devices and device_id not in devices:
        return "wrong_place"
    return "wrong_place" if wanted and not set(areas) & set(wanted) else None


def entry_in_force(
    entry: WatchlistEntry, *, at: int, now: int, device_id: str, areas: Collection[str]
) -> Refusal | None:
    """Return why an entry may not match here and now, or None; its authorisation is asked for on its own."""
    return (
        entry_standing(entry)
        or within(entry["valid_from"], entry["valid_until"], at=at, now=now)
        or entry_covers(entry, device_id=device_id, areas=areas)
    )
