"""Authorisations and watchlist entries for tests: granted, here and now, unless a test says otherwise."""

from typing import Any

from fairwatch.matching.recheck import Recheck
from tests.support.processor_world import MemoryReference
from tests.support.records import AT, CONFIRMED_FACE

HOUR = 3_600_000_000


def authorisation(authorisation_id: str = "auth-1", **fields: Any) -> dict[str, Any]:
    return {
        "authorisation_id": authorisation_id,
        "state": "GRANTED",
        "objective": "stolen_vehicle",
        "legal_basis": "code of procedure",
        "reference": "case 17",
        "authority": "district court",
        "kinds": ["PLATE", "FACE"],
        "modes": ["REALTIME"],
        "site_ids": ["harbour"],
        "valid_from": AT - HOUR,
        "valid_until": AT + 24 * HOUR,
        "requested_by": "ann",
        "approved_by": ["ben"],
        "required_verifications": 0,
        **fields,
    }


def entry(entry_id: str = "entry-1", **fields: Any) -> dict[str, Any]:
    return {
        "entry_id": entry_id,
        "authorisation_id": "auth-1",
        "kind": "PLATE",
        "title": "Stolen blue saloon",
        "plate": "ABCB123",
        "valid_from": AT - HOUR,
        "valid_until": AT + 12 * HOUR,
        "created_by": "carl",
        **fields,
    }


def lists(
    entries: list[dict[str, Any]] | None = None, authorisations: list[dict[str, Any]] | None = None
) -> dict[str, MemoryReference]:
    """Return the reference topics of match and verify; the site harbour lies in the area east."""
    entries = [entry()] if entries is None else entries
    authorisations = [authorisation()] if authorisations is None else authorisations
    return {
        "watchlist-entries": MemoryReference({e["entry_id"]: e for e in entries}),
        "authorisations": MemoryReference({a["authorisation_id"]: a for a in authorisations}),
        "device-lists": MemoryReference({}),
        "sites": MemoryReference({"harbour": {"site_id": "harbour", "areas": ["east"]}}),
    }


def recheck(*entries: dict[str, Any], **fields: Any) -> Recheck:
    """Return what `notify` asks: these entries, under the one authorisation with these fields."""
    return Recheck(lists(list(entries), [authorisation(**{"device_ids": ["cam-1"], **fields})]))


def face_recheck() -> Recheck:
    """Return what `notify` asks of the alert that `records.CONFIRMED_FACE` makes."""
    about = CONFIRMED_FACE["authorisation_id"]
    return recheck(entry(CONFIRMED_FACE["entry_id"], kind="FACE", authorisation_id=about), authorisation_id=about)
