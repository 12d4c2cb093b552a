"""The hash chain of the audit log: altering, removing or reordering one record breaks every later hash.

Each record carries its place in the chain, the hash of the record before, and the SHA-256 over that hash and its own
canonical form. Cutting off the end cannot be seen from the rest alone: keep the heads that `verify` returns elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fairwatch.domain.records import AuditRecord

GENESIS = "0" * 64
HASH_BYTES = 16  # of each record are kept, to recognise repeats
PAGE = 64  # records whose hashes lie together
DEFAULTS: Mapping[str, Any] = {"authorisation_id": None, "details": {}}
SAID = ("audit_id", "action", "actor", "at", "subject", "authorisation_id", "details")
FIELDS = (*SAID, "chain", "sequence", "previous_hash")


@dataclass(frozen=True, slots=True)
class Head:
    """The last record of a chain."""

    sequence: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the log is not what was written.

    Attributes:
        sequence: Record that was edited or reordered, or the first that is missing.
    """

    chain: str
    sequence: int
    kind: Literal["edited", "removed", "reordered", "malformed", "unauthentic"]
    detail: str


@dataclass(slots=True)
class Report:
    """What a verification found.

    Attributes:
        records: Records that were read, without repeats.
        repeats: Identical repeats; a keeper that crashed writes its last records again.
        heads: Last record of each chain.
    """

    records: int = 0
    repeats: int = 0
    heads: dict[str, Head] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def link(record: Mapping[str, Any], chain: str, head: Head) -> AuditRecord:
    """Return the record as the next one of the chain."""
    chained = {
        **DEFAULTS, **record, "chain": chain, "sequence": head.sequence + 1, "previous_hash": head.hash,
    }  # fmt: skip
    return {**chained, "hash": digest(chained)}  # type: ignore[typeddict-item]  # a schema-valid record came in


def identity(record: Mapping[str, Any]) -> str:
    """Return what makes an audit record the same one when it comes again: its id, and what it says.

    Ids follow from what is told, so that whoever can write to the topic can be first under one: that must not keep the
    true record out, nor must a false signature. The time is not part of it, since what a worker tells again after a
    restart is told once.
    """
    said = {name: record.get(name, DEFAULTS.get(name)) for name in SAID if name != "at"}
    text = json.dumps(said | _signed(record), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"{record['audit_id']} {hashlib.sha256(text.encode('ascii')).hexdigest()}"


def digest(record: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 over a record without its hash; it covers the hash of the one before."""
    covered = {name: record.get(name, DEFAULTS.get(name)) for name in FIELDS}
    text = json.dumps(covered | _signed(record), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _signed(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the signature of what told it; nothing where there is none, so that older records keep their hashes."""
    deed = {name: value for name, value in (record.get("deed") or {}).items() if value not in {"", None}}
    return {"deed": deed} if deed else {}


def verify(
    records: Iterable[Mapping[str, Any]],
    *,
    from_start: bool = True,
    anchors: Mapping[str, tuple[int, str]] | None = None,
) -> Report:
    """Check chained records in the order of their log; chains may be interleaved.

    Args:
        records: Chained records.
        from_start: Whether the beginning must be there; False where retention has deleted it.
        anchors: (sequence, hash) that a chain had at an earlier verification, kept where nobody can reach it.
    """
    verification = Verification(from_start=from_start, anchors=anchors)
    for record in records:
        verification.step(record)
    return verification.report()


class Verification:
    """A verification of a log that may go on growing; arguments as of `verify`."""

    def __init__(self, *, from_start: bool = True, anchors: Mapping[str, tuple[int, str]] | None = None) -> None:
        self._from_start = from_start
        self._report = Report()
        self._walks = {chain: _Walk(chain, from_start, anchor) for chain, anchor in (anchors or {}).items()}

    def step(self, record: Mapping[str, Any]) -> None:
        """Take the next record of its chain."""
        chain = str(record.get("chain", ""))
        walk = self._walks.get(chain)
        if walk is None:
            walk = self._walks[chain] = _Walk(chain, self._from_start)
        walk.step(record, self._report)

    def report(self) -> Report:
        """Return what was found until now."""
        said = self._report
        report = Report(said.records, said.repeats, {}, list(said.faults))
        for chain, walk in self._walks.items():
            walk.end(report)
            report.heads[chain] = walk.head
        return report


class _Hashes:
    """The beginning of each record's hash: 16 bytes a record, wherever in the chain it stands."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def put(self, sequence: int, claimed: str) -> None:
        page, at = self._pages.get(sequence // PAGE), sequence % PAGE * HASH_BYTES
        if page is None:
            page = self._pages[sequence // PAGE] = bytearray(PAGE * HASH_BYTES)
        page[at : at + HASH_BYTES] = _beginning(claimed)

    def holds(self, sequence: int, claimed: str) -> bool:
        at = sequence % PAGE * HASH_BYTES
        return self._pages.get(sequence // PAGE, b"")[at : at + HASH_BYTES] == _beginning(claimed)


def _beginning(claimed: str) -> bytes:
    """Return a fixed number of bytes of what should be a SHA-256 in hex, whatever it is."""
    try:
        return bytes.fromhex(claimed)[:HASH_BYTES].ljust(HASH_BYTES, b"\0")
    except ValueError:
        return b"\xff" * HASH_BYTES


class _Walk:
    """Goes along one chain, remembering the hashes of all records to recognise repeats."""

    def __init__(self, chain: str, from_start: bool, anchor: tuple[int, str] | None = None) -> None:
        self.chain = chain
        self.head = Head()
        self._anchor = anchor
        self._begun = from_start
        self._hashes = _Hashes()
        self._missing: dict[int, int] = {}

    def step(self, record: Mapping[str, Any], report: Report) -> None:
        sequence, claimed = record.get("sequence"), record.get("hash")
        if not isinstance(sequence, int) or not isinstance(claimed, str) or sequence < 1:
            report.faults.append(self._fault(self.head.sequence + 1, "malformed", "is not a chained record"))
            return
        if self._hashes.holds(sequence, claimed) and claimed == digest(record):
            report.repeats += 1
            return
        report.records += 1
        if digest(record) != claimed:
            report.faults.append(self._fault(sequence, "edited", "its content does not give its hash"))
        self._place(sequence, record, report)
        if self._anchor and sequence == self._anchor[0]:
            if claimed != self._anchor[1]:
                report.faults.append(self._fault(sequence, "edited", "it is not the record that was verified before"))
            self._anchor = None
        self._hashes.put(sequence, claimed)

    def end(self, report: Report) -> None:
        if self._anchor and self.head.sequence < self._anchor[0]:
            first, last = self.head.sequence + 1, self._anchor[0]
            self._missing[first] = last
        for first, last in self._missing.items():
            what = f"record {first} is missing" if first == last else f"records {first} to {last} are missing"
            report.faults.append(self._fault(first, "removed", what))

    def _place(self, sequence: int, record: Mapping[str, Any], report: Report) -> None:
        expected = self.head.sequence + 1
        if sequence < expected:
            self._late(sequence, report)
            return
        if sequence > expected and self._begun:
            self._missing[expected] = sequence - 1
        elif self._begun and record.get("previous_hash") != self.head.hash:
            report.faults.append(
                self._fault(sequence, "edited", f"it does not follow from record {expected - 1} as that stands")
            )
        self._begun = True
        self.head = Head(sequence, str(record["hash"]))

    def _late(self, sequence: int, report: Report) -> None:
        gap = next(((first, last) for first, last in self._missing.items() if first <= sequence <= last), None)
        if gap is None:
            report.faults.append(self._fault(sequence, "edited", "there is another record in its place"))
            return
        first, last = gap
        del self._missing[first]
        if first < sequence:
            self._missing[first] = sequence - 1
        if sequence < last:
            self._missing[sequence + 1] = last
        report.faults.append(self._fault(sequence, "reordered", f"it comes after record {self.head.sequence}"))

    def _fault(self, sequence: int, kind: Literal["edited", "removed", "reordered", "malformed"], detail: str) -> Fault:
        return Fault(self.chain, sequence, kind, detail)
