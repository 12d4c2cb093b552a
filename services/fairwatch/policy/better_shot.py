"""A better shot of a candidate: the same track and entry, seen in a picture of higher quality."""

from typing import cast

from fairwatch.domain.records import MatchCandidate

SAME = ("entry_id", "authorisation_id", "kind", "mode", "device_id", "exercise")  # what a better shot cannot change
_LOWEST = 0.0


def rank(candidate: MatchCandidate) -> float:
    """Return the quality of the face in [0,1]: of two records of one candidate the higher one is shown."""
    return candidate.get("probe_quality") or _LOWEST


def differs(candidate: MatchCandidate, other: MatchCandidate) -> str | None:
    """Return a field by which they are not about the same, or None."""
    return next((name for name in SAME if candidate.get(name) != other.get(name)), None)


def improved(candidate: MatchCandidate, better: MatchCandidate) -> MatchCandidate:
    """Return the better shot; it needs no fewer people, and waits no longer, than the candidate that it shows."""
    made = {
        **better,
        "required_verifications": max(one.get("required_verifications", 2) for one in (candidate, better)),
        "expires_at": min(candidate["expires_at"], better["expires_at"]),
    }
    return cast("MatchCandidate", made)
