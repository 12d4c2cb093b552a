"""A proof holds for the record that it is of, and for nothing that was changed, exchanged or signed by another."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_proof import failures, find, prove
from fairwatch.policy.signatures import PrivateKey
from tests.policy.test_anchoring import anchored, chain
from tests.support.trust import ADMIN

TRUSTED = [ADMIN.public]
STRANGER = PrivateKey.of(b"s" * 32)


def proof(sequence: int, *sizes: int, records: int = 9) -> dict[str, Any]:
    return prove(find(chain(records), f"audit-0/{sequence}"), anchored(*sizes))


@pytest.mark.parametrize("sequence", range(1, 8))
def test_every_record_under_a_checkpoint_is_proved_by_the_first_that_covers_it(sequence: int) -> None:
    made = proof(sequence, 4, 7)
    assert failures(made, TRUSTED) == []
    assert made["record"]["sequence"] == sequence
    assert made["checkpoint"]["chains"]["audit-0"]["sequence"] == (4 if sequence <= 4 else 7)
    assert ("latest" in made) == (sequence <= 4), "the last checkpoint follows from no older one"


def test_what_is_newer_than_every_checkpoint_is_not_proved_yet() -> None:
    with pytest.raises(ConfigurationError, match="audit-0/8 is newer than every checkpoint"):
        proof(8, 4, 7)


def test_a_record_is_found_by_its_id_or_its_place_and_nothing_else_is() -> None:
    by_id, by_place = find(chain(5), "audit-0-2"), find(chain(5), "audit-0/3")
    assert by_id == by_place
    assert (by_id.record["sequence"], len(by_id.hashes), by_id.first) == (3, 5, 1)
    for wanted in ("audit-0", "audit-1/3", "audit-0/6"):
        with pytest.raises(ConfigurationError, match=f"the log holds no record '{wanted}'"):
            find(chain(5), wanted)


def test_repeats_other_chains_and_what_is_no_record_do_not_disturb_a_proof() -> None:
    records, other = chain(9), chain(4, name="audit-1")
    log = [*records[:4], *records[2:4], {"chain": "audit-0"}, *other, *records[4:]]
    evidence = find(log, "audit-0/6")
    assert evidence.hashes == [record["hash"] for record in records]
    assert failures(prove(evidence, anchored(7)), TRUSTED) == []
    assert find(log, "audit-1/2").hashes == [record["hash"] for record in other]


def test_of_an_id_that_comes_twice_the_first_is_meant() -> None:
    records = chain(5)
    records[3] = {**records[3], "audit_id": "audit-0-1"}
    assert find(records, "audit-0-1").record["sequence"] == 2


def change_record(made: dict[str, Any]) -> None:
    made["record"]["subject"] = "somebody else"


def change_path(made: dict[str, Any]) -> None:
    made["path"][0] = "00" * 32


def change_checkpoint(made: dict[str, Any]) -> None:
    made["checkpoint"]["at"] += 1


def change_latest(made: dict[str, Any]) -> None:
    made["latest"]["at"] += 1


def leave_consistency_out(made: dict[str, Any]) -> None:
    made["consistency"] = []


def exchange_record(made: dict[str, Any]) -> None:
    made["record"] = dict(chain(9)[4])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_record, ["the record is not what its hash was made of"]),
        (change_path, ["its path does not lead to the checkpoint's root"]),
        (exchange_record, ["its path does not lead to the checkpoint's root"]),
        (change_checkpoint, ["the checkpoint is not signed with a key that is trusted here"]),
        (change_latest, ["the latest checkpoint is not signed with a key that is trusted here"]),
        (leave_consistency_out, ["the log of the latest checkpoint does not begin with that of the first"]),
    ],
)
def test_each_thing_that_was_changed_is_named(change: Callable[[dict[str, Any]], None], said: list[str]) -> None:
    made = deepcopy(proof(3, 4, 7))
    change(made)
    assert failures(made, TRUSTED) == said


def test_a_proof_by_keys_that_are_not_trusted_proves_nothing() -> None:
    signed = "checkpoint is not signed with a key that is trusted here"
    assert failures(proof(3, 4, 7), [STRANGER.public]) == [f"the {signed}", f"the latest {signed}"]
    assert failures(proof(6, 4, 7), []) == [f"the {signed}"]


@pytest.mark.parametrize("nonsense", [{}, {"record": {}}, {"record": 1, "checkpoint": 2}, {"record": {"chain": "a"}}])
def test_nonsense_is_told_and_raises_nothing(nonsense: dict[str, Any]) -> None:
    [said] = failures(nonsense, TRUSTED)
    assert said.startswith("it is no proof of `audit prove`: ")


def test_where_the_beginning_is_gone_a_checkpoint_with_peaks_speaks_for_it() -> None:
    made = anchored(4, 7, 9, days=True)
    for first, sequence in ((5, 8), (5, 5), (6, 8), (8, 9)):
        assert failures(prove(find(chain(9)[first - 1 :], f"audit-0/{sequence}"), made), TRUSTED) == [], first


def test_where_nobody_speaks_for_what_is_gone_nothing_is_proved() -> None:
    with pytest.raises(ConfigurationError, match="the beginning of the log is gone"):
        prove(find(chain(9)[5:], "audit-0/8"), anchored(4, 7, 9))
    with pytest.raises(ConfigurationError, match="audit-0/6 cannot be proved: record 5 is not there"):
        prove(find(chain(9)[5:], "audit-0/6"), anchored(4, 7, days=True))
