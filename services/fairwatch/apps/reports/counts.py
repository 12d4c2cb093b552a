"""What happened in a period, counted from the audit log: never who or what somebody looked for."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from fairwatch.policy.audit_chain import identity
from fairwatch.policy.audit_writers import BY_PROCESSORS

LOOKS = ("media.viewed", "waiting.viewed", "alert.explained", "past.searched", "plates.previewed", "audit.viewed")
EXPORTS = ("backup.exported", "subject.exported", "audit.exported", "report.made")
LONGEST = 12  # digits of a number that somebody tells


def counted(records: Iterable[Mapping[str, Any]], since: int, until: int) -> dict[str, Any]:
    """Return counts of what was decided in a period; a record that was written twice counts once.

    Args:
        records: Chained audit records.
        since: Microseconds UTC.
        until: Likewise, not included.
    """
    known: set[str] = set()
    actions, objects, unsigned = Counter[str](), 0, 0
    decisions: set[tuple[str, str]] = set()  # console and `verify` both tell of each
    kinds, outcomes = Counter[str](), Counter[str]()
    by_mandate: dict[str, Counter[str]] = defaultdict(Counter)
    chains: dict[str, tuple[int, int]] = {}
    for record in records:
        if not since <= int(record["at"]) < until or (same := identity(record)) in known:
            continue
        known.add(same)
        _place(chains, record)
        action, details = str(record["action"]), record.get("details", {})
        actions[action] += 1
        unsigned += action not in BY_PROCESSORS and not record.get("deed")
        mandate = str(record.get("authorisation_id") or "")
        if action == "candidate.created":
            kinds[details.get("kind", "UNKNOWN")] += 1
            by_mandate[mandate]["candidates"] += 1
        elif action == "verdict.reached":
            outcome = details.get("outcome", "UNKNOWN")
            outcomes[outcome] += 1
            by_mandate[mandate][outcome.lower()] += 1
        elif action == "verification.given":
            decisions.add((str(record["subject"]), str(record["actor"])))
        elif action == "retention.deleted":
            objects += _number(details.get("objects", "0"))
    return {
        "records": len(known),
        "unsigned": unsigned,
        "chains": {name: {"first": first, "last": last} for name, (first, last) in sorted(chains.items())},
        "candidates": dict(sorted(kinds.items())),
        "verdicts": dict(sorted(outcomes.items())),
        "decisions": len(decisions),
        "refusals": _those(actions, lambda action: action.endswith((".refused", ".ignored", ".orphaned"))),
        "looks": _those(actions, lambda action: action in LOOKS),
        "exports": _those(actions, lambda action: action in EXPORTS),
        "deleted_by_retention": objects,
        "by_authorisation": {name: dict(sorted(found.items())) for name, found in sorted(by_mandate.items()) if name},
        "actions": dict(sorted(actions.items())),
    }


def _number(said: str) -> int:
    """Return a number that somebody told; 0 for what is none, which must not cost the report."""
    return int(said) if len(said) <= LONGEST and said.isdecimal() else 0


def _those(actions: Mapping[str, int], wanted: Any) -> dict[str, int]:
    return {action: number for action, number in sorted(actions.items()) if wanted(action)}


def _place(chains: dict[str, tuple[int, int]], record: Mapping[str, Any]) -> None:
    name, sequence = str(record.get("chain", "")), int(record.get("sequence") or 0)
    first, last = chains.get(name, (sequence, sequence))
    chains[name] = (min(first, sequence), max(last, sequence))
