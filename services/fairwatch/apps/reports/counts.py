"""What happened in a period, counted from the audit log: never who or what somebody looked for."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fairwatch.policy.audit_chain import identity
from fairwatch.policy.audit_writers import BY_PROCESSORS

LOOKS = ("media.viewed", "waiting.viewed", "alert.explained", "past.searched", "plates.previewed", "audit.viewed")
EXPORTS = ("backup.exported", "subject.exported", "audit.exported", "report.made")
LONGEST = 12  # digits of a number that somebody tells


@dataclass
class Count:
    """What is counted of the records that it is given.

    Attributes:
        records: How many there were.
        unsigned: Those of people that nobody signed.
        chains: The first and the last sequence number of each chain.
        kinds: Candidates by kind.
        outcomes: Verdicts by outcome.
        decisions: Whose decision on which candidate: console and `verify` both tell of each.
        objects: How many objects retention deleted.
        by_mandate: Candidates and verdicts by the id of the authorisation.
        actions: How often each was done.
    """

    records: int = 0
    unsigned: int = 0
    chains: dict[str, tuple[int, int]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    decisions: set[tuple[str, str]] = field(default_factory=set)
    objects: int = 0
    by_mandate: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    actions: Counter[str] = field(default_factory=Counter)

    def take(self, record: Mapping[str, Any]) -> None:
        """Count a record."""
        self.records += 1
        _place(self.chains, record)
        action, details = str(record["action"]), record.get("details", {})
        self.actions[action] += 1
        self.unsigned += action not in BY_PROCESSORS and not record.get("deed")
        mandate = self.by_mandate[str(record.get("authorisation_id") or "")]
        if action == "candidate.created":
            self.kinds[details.get("kind", "UNKNOWN")] += 1
            mandate["candidates"] += 1
        elif action == "verdict.reached":
            outcome = details.get("outcome", "UNKNOWN")
            self.outcomes[outcome] += 1
            mandate[outcome.lower()] += 1
        elif action == "verification.given":
            self.decisions.add((str(record["subject"]), str(record["actor"])))
        elif action == "retention.deleted":
            self.objects += _number(details.get("objects", "0"))

    def told(self) -> dict[str, Any]:
        """Return it as a report shows it."""
        mandates = {name: dict(sorted(found.items())) for name, found in sorted(self.by_mandate.items()) if found}
        return {
            "records": self.records,
            "unsigned": self.unsigned,
            "chains": {name: {"first": first, "last": last} for name, (first, last) in sorted(self.chains.items())},
            "candidates": dict(sorted(self.kinds.items())),
            "verdicts": dict(sorted(self.outcomes.items())),
            "decisions": len(self.decisions),
            "refusals": _those(self.actions, lambda action: action.endswith((".refused", ".ignored", ".orphaned"))),
            "looks": _those(self.actions, lambda action: action in LOOKS),
            "exports": _those(self.actions, lambda action: action in EXPORTS),
            "deleted_by_retention": self.objects,
            "by_authorisation": {name: found for name, found in mandates.items() if name},
            "actions": dict(sorted(self.actions.items())),
        }


def counted(records: Iterable[Mapping[str, Any]], since: int, until: int) -> dict[str, Any]:
    """Return counts of what was decided in a period; a record that was written twice counts once.

    Args:
        records: Chained audit records.
        since: Microseconds UTC.
        until: Likewise, not included.
    """
    known, count = set[str](), Count()
    for record in records:
        if not since <= int(record["at"]) < until or (same := identity(record)) in known:
            continue
        known.add(same)
        count.take(record)
    return count.told()


def _number(said: str) -> int:
    """Return a number that somebody told; 0 for what is none, which must not cost the report."""
    return int(said) if len(said) <= LONGEST and said.isdecimal() else 0


def _those(actions: Mapping[str, int], wanted: Any) -> dict[str, int]:
    return {action: number for action, number in sorted(actions.items()) if wanted(action)}


def _place(chains: dict[str, tuple[int, int]], record: Mapping[str, Any]) -> None:
    name, sequence = str(record.get("chain", "")), int(record.get("sequence") or 0)
    first, last = chains.get(name, (sequence, sequence))
    chains[name] = (min(first, sequence), max(last, sequence))
