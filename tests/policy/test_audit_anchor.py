"""A log that was rewritten, cut, emptied or left without a chain is found beside its checkpoints."""

from typing import Any

import pytest

from fairwatch.policy.audit_anchor import Held, checkpoint, digest, faults_of
from fairwatch.policy.audit_chain import Head, link, verify
from fairwatch.policy.merkle import FIRST, Tree
from tests.support.trust import ADMIN, CONSOLE

AT = 1_767_225_600_000_000


def log(word: str = "as it was", chains: int = 2, records: int = 9) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for chain in range(chains):
        head = Head()
        for number in range(records):
            record = link(
                {"audit_id": f"{chain}-{number}", "action": word, "actor": "a", "at": AT, "subject": "s"},
                f"audit-{chain}",
                head,
            )
            head = Head(record["sequence"], record["hash"])
            found.append(dict(record))
    return found


def trees(records: list[dict[str, Any]]) -> dict[str, Tree]:
    held = Held([])
    list(held.watch(records))
    return held.trees


def anchored() -> list[dict[str, Any]]:
    first = checkpoint(trees(log(records=4)), ADMIN, at=AT)
    return [first, checkpoint(trees(log()), ADMIN, at=AT + 1, previous=digest(first))]


def found(records: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    held = Held(anchored())
    assert not verify(held.watch(records)).faults, "each of these logs is a sound chain by itself"
    return [(fault.chain, fault.sequence, fault.kind) for fault in held.end()]


def test_the_log_as_it_was_and_what_came_after_it_is_sound() -> None:
    assert found(log()) == found(log(records=12)) == []
    assert found([record for record in log() for _ in range(2)]) == []


@pytest.mark.parametrize(
    ("records", "faults"),
    [
        (log("another story"), {("audit-0", 4, "edited"), ("audit-1", 9, "edited")}),
        (log(records=7), {("audit-0", 8, "removed"), ("audit-1", 8, "removed")}),
        (log(chains=1), {("audit-1", 1, "removed")}),
        ([], {("audit-0", 1, "removed"), ("audit-1", 1, "removed")}),
    ],
    ids=["rewritten from its beginning", "cut off", "without a chain", "empty"],
)
def test_what_the_chain_alone_cannot_tell_is_found(records: Any, faults: set[Any]) -> None:
    assert set(found(records)) >= faults


def test_checkpoints_follow_from_each_other_and_are_signed() -> None:
    both = anchored()
    assert list(faults_of(both, [ADMIN.public])) == []
    assert [fault.kind for fault in faults_of(both[1:], [ADMIN.public])] == ["removed"]
    assert [fault.kind for fault in faults_of(both, [CONSOLE.public])] == ["edited", "edited"]
    changed = [{**both[0], "at": AT + 5}, both[1]]
    assert [fault.kind for fault in faults_of(changed, [ADMIN.public])] == ["edited", "removed"]
    by_another = [checkpoint({}, CONSOLE, at=AT, previous=FIRST)]
    assert [fault.kind for fault in faults_of(by_another, [ADMIN.public])] == ["edited"]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 8, 9, 100])
def test_the_root_is_that_of_the_standard(size: int) -> None:
    """RFC 6962: the tree of n leaves splits at the greatest power of two below n."""
    from hashlib import sha256  # noqa: PLC0415

    def root(leaves: list[str]) -> bytes:
        if len(leaves) == 1:
            return sha256(b"\0" + leaves[0].encode()).digest()
        split = 1 << (len(leaves) - 1).bit_length() - 1
        return sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()

    leaves = [sha256(bytes([number])).hexdigest() for number in range(size)]
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    assert tree.root() == root(leaves).hex()


def test_a_log_that_begins_late_is_held_by_its_roots_again_from_the_first_checkpoint_that_it_comes_to() -> None:
    def faults(records: list[dict[str, Any]]) -> set[tuple[str, int, str]]:
        held = Held(anchored(), from_start=False)
        list(held.watch(records))
        return {(fault.chain, fault.sequence, fault.kind) for fault in held.end()}

    late = [record for record in log() if record["sequence"] > 2]
    assert faults(late) == set()
    other = [{**record, "hash": "f" * 64} if record["sequence"] == 7 else record for record in late]
    assert faults(other) == {("audit-0", 9, "edited"), ("audit-1", 9, "edited")}


def test_it_is_told_how_much_of_the_log_is_newer_than_every_checkpoint_and_since_when() -> None:
    newer = [{**record, "at": AT + record["sequence"]} for record in log(records=12)]
    held = Held(anchored())
    list(held.watch(newer))
    assert (held.uncovered.records, held.uncovered.since) == (6, AT + 10)
    nothing = Held([])
    list(nothing.watch(newer))
    assert (nothing.uncovered.records, nothing.uncovered.since) == (24, AT + 1)


@pytest.mark.parametrize(("other", "faults"), [({}, []), ({"hash": "0"}, ["edited"]), ({"root": "0"}, ["edited"])])
def test_two_checkpoints_that_say_different_things_of_one_record_are_told(
    other: dict[str, str], faults: list[str]
) -> None:
    first = anchored()[0]
    second = first | {"chains": {"audit-0": first["chains"]["audit-0"] | other}}
    held = Held([first, second])
    assert [fault.kind for fault in held.faults] == faults
    assert all("two checkpoints" in fault.detail for fault in held.faults)


def test_a_checkpoint_without_what_a_tree_goes_on_from_is_compared_and_gives_way_to_one_with_it() -> None:
    whole = anchored()[0]
    bare = whole | {"chains": {chain: {**head, "peaks": []} for chain, head in whole["chains"].items()}}
    held = Held([bare])
    list(held.watch(log("another story")))
    assert {(fault.chain, fault.sequence) for fault in held.faults} == {("audit-0", 4), ("audit-1", 4)}
    for said, late in ([bare], True), ([bare, whole], False), ([whole, bare], False):
        held = Held(said, from_start=False)
        list(held.watch(record for record in log() if record["sequence"] > 4))
        assert (held.is_late("audit-0"), held.end()) == (late, [])
