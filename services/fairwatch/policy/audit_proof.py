"""A proof that a record is in the audit log, for somebody who is not given the log.

It holds the record, the first signed checkpoint that covers it, the nodes of the Merkle tree that lead from the one to
the other, and, where a newer checkpoint is known, the nodes by which its log is seen to begin with the older one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_anchor import is_signed
from fairwatch.policy.audit_chain import digest
from fairwatch.policy.merkle import Leaves, Tree, consistent, included
from fairwatch.policy.signatures import PublicKey


@dataclass(slots=True)
class Evidence:
    """A record, with the hashes of its chain that a proof is made of."""

    record: Mapping[str, Any]
    first: int = 1
    hashes: list[str] = field(default_factory=list)


def find(records: Iterable[Mapping[str, Any]], wanted: str) -> Evidence:
    """Return a record, by `audit_id` or `CHAIN/SEQUENCE`, with the hashes of its chain.

    Raises:
        ConfigurationError: There is none.
    """
    chains: dict[str, Evidence] = {}
    found: Evidence | None = None
    for record in records:
        chain, sequence = str(record.get("chain", "")), record.get("sequence")
        if not isinstance(sequence, int):
            continue
        known = chains.setdefault(chain, Evidence({}, first=sequence))
        if sequence != known.first + len(known.hashes):
            continue  # an identical repeat, or a gap: `audit verify` tells which
        known.hashes.append(str(record.get("hash")))
        if found is None and wanted in (record.get("audit_id"), f"{chain}/{sequence}"):
            known.record = record
            found = known
    if found is None:
        raise ConfigurationError(f"the log holds no record {wanted!r}; name it by audit_id or as CHAIN/SEQUENCE")
    return found


def prove(evidence: Evidence, checkpoints: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the proof.

    Raises:
        ConfigurationError: No checkpoint covers the record yet; or what lies before it is gone from the log, and no
            checkpoint says enough of it.
    """
    chain, sequence = evidence.record["chain"], int(evidence.record["sequence"])
    heads = [(said, said["chains"][chain]) for said in checkpoints if chain in said.get("chains", {})]
    covering = [(said, head) for said, head in heads if int(head["sequence"]) >= sequence]
    if not covering:
        raise ConfigurationError(f"{chain}/{sequence} is newer than every checkpoint: nothing vouches for it yet")
    leaves = _leaves(evidence, [head for _, head in heads])
    (first, old), (latest, new) = covering[0], covering[-1]
    proof: dict[str, Any] = {"record": dict(evidence.record), "checkpoint": dict(first)}
    try:
        proof["path"] = leaves.inclusion(sequence - 1, int(old["sequence"]))
        if latest is not first:
            proof["latest"] = dict(latest)
            proof["consistency"] = leaves.consistency(int(old["sequence"]), int(new["sequence"]))
    except LookupError as error:
        raise ConfigurationError(
            f"{chain}/{sequence} cannot be proved: {error.args[0]}, and no checkpoint speaks for it"
        ) from None
    return proof


def failures(proof: Mapping[str, Any], trusted: Iterable[PublicKey]) -> list[str]:
    """Return why a proof proves nothing, in words; empty when it holds. Whatever is handed in, nothing is raised."""
    keys = list(trusted)
    try:
        return _failures(proof, keys)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"it is no proof of `audit prove`: {type(error).__name__}"]


def _failures(proof: Mapping[str, Any], keys: list[PublicKey]) -> list[str]:
    record, first = proof["record"], proof["checkpoint"]
    chain, sequence = str(record["chain"]), int(record["sequence"])
    found = []
    if digest(record) != record["hash"]:
        found.append("the record is not what its hash was made of")
    old = first["chains"][chain]
    if not included(str(record["hash"]), sequence - 1, int(old["sequence"]), proof["path"], str(old["root"])):
        found.append("its path does not lead to the checkpoint's root")
    if not is_signed(first, keys):
        found.append("the checkpoint is not signed with a key that is trusted here")
    if (latest := proof.get("latest")) is not None:
        new = latest["chains"][chain]
        sizes = int(old["sequence"]), int(new["sequence"])
        if not consistent(sizes[0], str(old["root"]), sizes[1], str(new["root"]), proof["consistency"]):
            found.append("the log of the latest checkpoint does not begin with that of the first")
        if not is_signed(latest, keys):
            found.append("the latest checkpoint is not signed with a key that is trusted here")
    return found


def _leaves(evidence: Evidence, heads: Sequence[Mapping[str, Any]]) -> Leaves:
    """Return what is known of the tree; where the log begins late, from the first checkpoint with peaks in it."""
    if evidence.first == 1:
        return Leaves(evidence.hashes)
    for head in heads:
        size = int(head["sequence"])
        before = Tree.of(head) if size >= evidence.first - 1 else None
        if before is not None:
            return Leaves(evidence.hashes[size - evidence.first + 1 :], before)
    raise ConfigurationError("the beginning of the log is gone, and no checkpoint says enough of it: prove it earlier")
