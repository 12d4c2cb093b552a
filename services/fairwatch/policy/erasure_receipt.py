"""The receipt of an erasure: every store by its name, and what was done there.

It says what is so, not what one would like: a record in a topic that is deleted by age is there until its segment goes,
and a backup that somebody made is out of our reach.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import Reference
from fairwatch.domain.records import AuditRecord, ErasedStore, ErasureReceipt, StoreOutcome
from fairwatch.policy.erasure import Plan

HOUR = 3_600_000_000
FOLLOWING = (  # what says something of a candidate, or of an alert that tells of one
    "candidates", "verifications", "verdicts", "correlation-steps", "alert-triggers", "alerts", "deliveries",
    "step-failures", "inhibitions", "incident-steps", "incidents",
)  # fmt: skip
TYPED = ("alert-actions", "incident-actions", "silences")  # notes and names that people wrote
NAMELESS = ("raw-events", "observations", "sightings")
NOBODY = (  # places, settings, who works here, and ids of what was erased, held or handed out
    "devices", "device-lists", "device-status", "field-drift", "sites", "site-armings", "rule-sets", "people",
    "signing-keys", "trust-heads", "export-orders", "legal-holds", "erasures",
)  # fmt: skip
LOG = ("audit", "audit-chain")
LETTERS = "-dlq"  # at the end of the name of a topic of dead letters


@dataclass(frozen=True, slots=True)
class Done:
    """What was done where somebody had to act at once.

    Attributes:
        media: Pictures that were deleted; None where the store did not answer.
        read_model: Subjects of the console's read model that were deleted; None where it did not answer.
        sealed: Pictures are sealed, and the data keys of those that went were deleted.
        shown_by_project: The read model is left to `project`, which forgets what tombstones name.
        told: Tombstones were written for the candidates too, so that processors forget them.
        alerts: Ids of alerts that were erased.
    """

    media: int | None = 0
    read_model: int | None = 0
    sealed: bool = False
    told: bool = False
    alerts: tuple[str, ...] = ()
    shown_by_project: bool = False


def receipt(
    plan: Plan, done: Done, *, reason: str, ordered_by: str, at: int, hours: Mapping[str, int]
) -> ErasureReceipt:
    """Return the receipt, not yet signed.

    Args:
        plan: What was to go.
        done: What was done.
        reason: Why.
        ordered_by: Person, or processor:<name>.
        at: Microseconds UTC.
        hours: How long each topic keeps its records, by its name.
    """
    return {
        "receipt_id": stable_id("erasure", plan.subject, ordered_by, at, reason),
        "subject": plan.subject,
        "kind": plan.kind,
        "authorisation_id": plan.authorisation_id,
        "reason": reason,
        "ordered_by": ordered_by,
        "at": at,
        "entries": list(plan.entries),
        "candidates": list(plan.candidates),
        "alerts": list(done.alerts),
        "pictures_only": not done.told,
        "holds": list(plan.holds),
        "stores": [*_topics(plan, done, at, hours), *_stores(plan, done, at, hours)],
        "key_id": None,
        "signature": "",
    }


def audited(receipt: ErasureReceipt) -> AuditRecord:
    """Return the audit record of a receipt: what was done in each store, in one line each."""
    erased = bool(receipt.get("entries") or receipt.get("candidates") or _objects(receipt))
    action = "erasure.done" if erased else "erasure.held"
    told = {one["store"]: _line(one) for one in receipt["stores"]}
    holds = {"holds": " ".join(receipt.get("holds", []))} if receipt.get("holds") else {}
    return {
        "audit_id": stable_id("audit", action, receipt["receipt_id"]),
        "action": action,
        "actor": receipt["ordered_by"],
        "at": receipt["at"],
        "subject": receipt["subject"],
        "authorisation_id": receipt.get("authorisation_id"),
        "details": {"receipt_id": receipt["receipt_id"], "reason": receipt["reason"], **holds, **told},
    }


def _objects(receipt: ErasureReceipt) -> int:
    return sum(one.get("objects", 0) for one in receipt["stores"] if one.get("outcome") == "DELETED")


def _line(one: ErasedStore) -> str:
    return f"{one.get('outcome', 'NONE')} {one.get('objects', 0)}"


def _topics(plan: Plan, done: Done, at: int, hours: Mapping[str, int]) -> Iterable[ErasedStore]:
    entries = len(plan.entries)
    compacted = "a tombstone each: readers forget at once, the log when it is compacted"
    yield _store("topic:watchlist-entries", "DELETED" if entries else "NONE", entries, detail=compacted)
    yield _store("topic:authorisations", "KEPT", detail="the decision itself stays: no picture, no template")
    follows = "ids, titles and references to pictures that are gone" if plan.candidates else ""
    for name in FOLLOWING:
        outcome: StoreOutcome = "EXPIRES" if plan.candidates else "NONE"
        until = at + hours[name] * HOUR if plan.candidates else None
        yield _store(f"topic:{name}", outcome, detail=follows, until=until)
    said = (("what people wrote, if they wrote of it", TYPED), ("names nobody; holds what a camera read", NAMELESS))
    for detail, names in said:
        for name in names:
            yield _store(f"topic:{name}", "EXPIRES", until=at + hours[name] * HOUR, detail=detail)
    yield _letters(plan, at, hours)
    forget = "verify, retain and project forget the candidates" if done.told else "verify forgets at its own time"
    forget += "; group an alert that was erased, notify what it still has to tell of one, when it is told"
    yield _store("state", "ORDERED" if plan.candidates else "NONE", len(plan.candidates), detail=forget)


def _letters(plan: Plan, at: int, hours: Mapping[str, int]) -> ErasedStore:
    """Say of dead letters when the last of those topics has gone in which something of it may lie whole."""
    if not (plan.entries or plan.candidates):
        return _store("dead-letters", "NONE")
    names = (name for name in ("watchlist-entries", *FOLLOWING, *TYPED, *NAMELESS) if name + LETTERS in hours)
    last = max(hours[name + LETTERS] for name in names)
    told = "what was refused, whole, in the topics that end in -dlq: not to be redriven"
    return _store("dead-letters", "EXPIRES", until=at + last * HOUR, detail=told)


def _stores(plan: Plan, done: Done, at: int, hours: Mapping[str, int]) -> Sequence[ErasedStore]:
    raw, entries = hours["raw-events"], len(plan.entries)
    template = "match forgets templates when it reads the tombstone, and in its sealed file within a minute"
    shared = f"{len(plan.shared)} stay: others refer to them, or a hold names them" if plan.shared else ""
    return [
        _done("media", done.media, detail=shared),
        _keys(plan, done),
        _store("raw", "EXPIRES", until=at + raw * HOUR, detail="bodies as received, by age"),
        _read_model(plan, done),
        _store("galleries", "ORDERED" if entries else "NONE", entries, detail=template if entries else ""),
        _store("history", "NONE", detail="nothing is kept beside topics and stores"),
        _store("backups", "KEPT", detail="those made before hold it: an import leaves it out; delete them by age"),
        _store("audit", "KEPT", detail="ids of what was decided, and what people typed; no picture and no template"),
    ]


def _keys(plan: Plan, done: Done) -> ErasedStore:
    """Say whether what went is gone in copies of the media store, too."""
    if not done.sealed:
        return _store("data-keys", "NONE", detail="pictures are not sealed: copies of the store show them")
    told = "dead in copies of the store; in one older than their own key, when the key of their day goes"
    return _store("data-keys", "DELETED" if plan.pictures else "NONE", len(plan.pictures), detail=told)


def _read_model(plan: Plan, done: Done) -> ErasedStore:
    if not (done.shown_by_project and plan.candidates):
        return _done("read-model", done.read_model)
    return _store("read-model", "ORDERED", len(plan.candidates), detail="project forgets them by their tombstones")


def _done(name: str, objects: int | None, detail: str = "") -> ErasedStore:
    if objects is None:
        return _store(name, "UNREACHABLE", detail="it did not answer: erase again")
    return _store(name, "DELETED" if objects else "NONE", objects, detail=detail)


def _store(
    name: str, outcome: StoreOutcome, objects: int = 0, *, until: int | None = None, detail: str = ""
) -> ErasedStore:
    return {"store": name, "outcome": outcome, "objects": objects, "until": until, "detail": detail}


class Erased:
    """Ids of candidates and alerts of which the records were erased.

    Args:
        receipts: The topic `erasures`; None for none.
    """

    def __init__(self, receipts: Reference | None) -> None:
        self._receipts = receipts
        self._version = -1
        self._subjects: frozenset[str] = frozenset()

    def subjects(self) -> frozenset[str]:
        """Return them as they are known now."""
        if self._receipts is not None and self._receipts.version != self._version:
            self._version = self._receipts.version
            whole = [one for _, one in self._receipts.items() if one and not one.get("pictures_only")]
            self._subjects = frozenset(i for one in whole for i in (*one.get("candidates", ()), *one.get("alerts", ())))
        return self._subjects
