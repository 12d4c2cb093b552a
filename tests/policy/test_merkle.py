"""Proofs of RFC 6962 hold for what belongs to a log and for nothing else."""

from hashlib import sha256

import pytest

from fairwatch.policy.merkle import Leaves, Tree, consistent, included

HASHES = [sha256(bytes([number])).hexdigest() for number in range(33)]


def tree_of(size: int) -> Tree:
    tree = Tree()
    for record_hash in HASHES[:size]:
        tree.add(record_hash)
    return tree


def leaves_after(gone: int) -> Leaves:
    return Leaves(HASHES[gone:], tree_of(gone))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 11, 33])
def test_each_record_is_proved_to_be_in_the_log_at_its_place_and_at_no_other(size: int) -> None:
    root = tree_of(size).root()
    for index in range(size):
        path = Leaves(HASHES).inclusion(index, size)
        assert included(HASHES[index], index, size, path, root)
        assert not included(HASHES[(index + 1) % 33], index, size, path, root)
        assert not any(included(HASHES[index], other, size, path, root) for other in range(size) if other != index)
        assert not included(HASHES[index], index, size, [*path, "00" * 32], root)
        assert not path or not included(HASHES[index], index, size, path[:-1], root)


def test_a_longer_log_is_proved_to_begin_with_the_shorter_one_and_another_is_not() -> None:
    for old in range(1, 33):
        for new in range(old, 34):
            path = Leaves(HASHES).consistency(old, new)
            roots = tree_of(old).root(), tree_of(new).root()
            assert consistent(old, roots[0], new, roots[1], path)
            if old < new:
                assert not consistent(old, roots[1], new, roots[1], path)
                assert not consistent(old, roots[0], new, roots[0], path)
                assert not consistent(old, roots[0], new, roots[1], path[:-1])


@pytest.mark.parametrize("gone", [1, 4, 11, 20])
def test_records_are_proved_after_retention_deleted_those_before_a_checkpoint(gone: int) -> None:
    root = tree_of(33).root()
    for index in range(gone, 33):
        assert included(HASHES[index], index, 33, leaves_after(gone).inclusion(index, 33), root)
    assert leaves_after(gone).consistency(gone, 33) == Leaves(HASHES).consistency(gone, 33)
    with pytest.raises(LookupError, match="is not there"):
        leaves_after(11).inclusion(9, 33)


def test_a_tree_goes_on_from_what_a_checkpoint_said_of_it_and_not_from_anything_else() -> None:
    said = tree_of(11).said()
    going_on = Tree.of(said)
    assert going_on is not None
    for record_hash in HASHES[11:]:
        going_on.add(record_hash)
    assert going_on.root() == tree_of(33).root()
    wrong: list[list[object]] = [
        [],
        said["peaks"][:-1],
        ["00" * 32, *said["peaks"][1:]],
        ["no", "hex", "xx"],
        [1, 2, 3],
    ]
    assert [Tree.of({**said, "peaks": peaks}) for peaks in wrong] == [None] * 5


def test_no_place_behind_the_end_or_before_the_beginning_is_in_the_log() -> None:
    one, both = tree_of(1).root(), tree_of(2).root()
    assert included(HASHES[0], 0, 1, [], one)
    for index, size in ((1, 1), (0, 0), (-1, 1)):
        assert not included(HASHES[0], index, size, [], one), (index, size)
    path = Leaves(HASHES).inclusion(1, 2)
    assert included(HASHES[1], 1, 2, path, both)
    assert not included(HASHES[1], 3, 2, path, both)


def test_an_empty_log_and_one_as_long_as_before_need_no_proof_and_take_none() -> None:
    root = tree_of(3).root()
    assert Leaves(HASHES).consistency(3, 3) == Leaves(HASHES).consistency(0, 3) == []
    assert consistent(3, root, 3, root, [])
    assert not consistent(3, root, 3, root, ["00" * 32])
    assert not consistent(0, root, 3, root, Leaves(HASHES).consistency(2, 3))
    assert not consistent(4, tree_of(4).root(), 3, root, Leaves(HASHES).consistency(2, 3))
