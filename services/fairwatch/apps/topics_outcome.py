"""What the audit log is told of `fairwatch topics apply`: what was made, and what was tried and not made."""

from collections.abc import Mapping, Sequence
from typing import Final

from fairwatch.apps.topics import Change

MOST_TOLD: Final = 200  # changes, by name, in one audit record
LONGEST: Final = 500  # characters of what failed


def outcome(tried: Sequence[Change], left: Sequence[Change] | None, failure: Exception | None = None) -> dict[str, str]:
    """Return the details of the audit record.

    Args:
        tried: What was to be changed; what is left to people is not told.
        left: What is still different; None where nobody can see it.
        failure: Why not everything was made.
    """
    done = [change for change in tried if change.action != "by hand"]
    still = None if left is None else {_identity(one): one.action for one in left}
    details = {_named(one): _became(one, still, failed=failure is not None) for one in done[:MOST_TOLD]}
    if len(done) > MOST_TOLD:
        details["more"] = str(len(done) - MOST_TOLD)
    if failure is not None:
        details["failed"] = str(failure)[:LONGEST]
    return details


def _identity(change: Change) -> tuple[str, str, str]:
    return change.resource, change.what, change.after or change.before or ""


def _named(change: Change) -> str:
    """Return what is changed; a principal is allowed several operations on the same, each of them a change."""
    words = _identity(change) if change.action in {"allow", "revoke"} else _identity(change)[:2]
    return " ".join(words)


def _became(change: Change, still: Mapping[tuple[str, str, str], str] | None, *, failed: bool) -> str:
    said = f"{change.action} {change.after}".rstrip()
    if still is not None and (found := still.get(_identity(change))):
        return f"not made: {said}; left: {found}"
    # A topic that is there as it should be may be the one that was to be deleted.
    is_unseen = still is None or (failed and change.action in {"delete", "recreate"})
    return f"unknown whether made: {said}" if is_unseen else said
