"""A receipt takes a candidate or an alert from what people see where somebody signed it who may, and only there."""

from pathlib import Path
from typing import Any

import pytest

from fairwatch.apps.keys import ANCHORS, write_anchors
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import signed_references
from fairwatch.policy.erasure import Plan
from fairwatch.policy.erasure_receipt import Done, Erased, receipt
from fairwatch.policy.signatures import PrivateKey
from fairwatch.processors.project import Project
from fairwatch.wire.receipts import sign_receipt
from fairwatch.wire.refused_deeds import RefusedRecords
from fairwatch.wire.signed_receipts import SignedReceipts
from fairwatch.wire.topics import topics
from fairwatch.wire.vouching import revoked, vouch_key
from tests.processors.test_project import MemoryReadModel
from tests.support.processor_world import MemoryReference, World
from tests.support.records import AT, candidate
from tests.support.trust import ADMIN, CONSOLE, SINCE, trust, vouched

RETAIN, THIEF = PrivateKey.of(b"r" * 32), PrivateKey.of(b"t" * 32)
HOURS = {name: topic.retention_hours for name, topic in topics().items()}
SHOWN = candidate("FACE", n=1)
MADE = receipt(
    Plan(subject=SHOWN["candidate_id"], kind="CANDIDATE", candidates=(SHOWN["candidate_id"],)),
    Done(told=True), reason="request", ordered_by="operator:root", at=AT, hours=HOURS,
)  # fmt: skip


def seen(folder: Path, made: Any, known: dict[str, MemoryReference] | None = None, **others: Any) -> Any:
    write_anchors(folder / ANCHORS, [ADMIN.public], [RETAIN.public])
    given = {"erasures": MemoryReference({"r": made, **others}), **(known or vouched())}
    return signed_references(Settings(config_dir=folder), "verify", given)["erasures"]


@pytest.mark.parametrize("key", [RETAIN, ADMIN, CONSOLE])
def test_a_receipt_of_retain_of_an_administrator_or_of_a_registered_key_counts(tmp_path: Path, key: PrivateKey) -> None:
    assert Erased(seen(tmp_path, sign_receipt(MADE, key))).subjects() == {SHOWN["candidate_id"]}


def test_one_that_nobody_signed_or_a_stranger_or_that_was_changed_counts_for_nothing_and_is_told_once(
    tmp_path: Path,
) -> None:
    known = vouched()
    bound = vouch_key(ADMIN, THIEF.public, "bridge", at=SINCE, devices=["gate-*"])
    known["signing-keys"].put(bound["key_id"], bound)
    stolen = PrivateKey.of(b"s" * 32)
    ended = revoked(ADMIN, vouch_key(ADMIN, stolen.public, "console", at=SINCE), at=AT - 1, reason="stolen")
    known["signing-keys"].put(ended["key_id"], ended)
    view = seen(
        tmp_path,
        MADE,
        known,
        stranger=sign_receipt(MADE, PrivateKey.of(b"x" * 32)),
        changed={**sign_receipt(MADE, RETAIN), "alerts": ["every"]},
        producer=sign_receipt(MADE, THIEF),
        late=sign_receipt(MADE, stolen),
    )
    assert Erased(view).subjects() == frozenset()
    assert view.get("r") is None
    verify = RefusedRecords("verify", [view])
    told = {emit.key: emit.record for emit in verify.tell(AT)}
    assert {key: record["details"]["reason"] for key, record in told.items()} == {
        "r": "unsigned", "stranger": "unknown_key", "changed": "wrong_signature", "producer": "unknown_key",
        "late": "revoked_key",
    }  # fmt: skip
    assert {record["action"] for record in told.values()} == {"deed.refused"}
    assert verify.tell(AT) == []


def test_receipts_count_as_before_where_trust_yaml_names_nobody_who_signs_them(tmp_path: Path) -> None:
    write_anchors(tmp_path / ANCHORS, [ADMIN.public])
    given = {"erasures": MemoryReference({"r": MADE}), **vouched()}
    assert signed_references(Settings(config_dir=tmp_path), "project", given)["erasures"] is given["erasures"]


@pytest.mark.parametrize(("key", "shown"), [(None, True), (RETAIN, False)])
async def test_whoever_may_write_receipts_alone_hides_nothing_from_reviewers(
    key: PrivateKey | None, shown: bool
) -> None:
    known = vouched()
    lied = MemoryReference({"r": sign_receipt(MADE, key)})
    model = MemoryReadModel()
    world = World(Project(model, trust(known), SignedReceipts("project", lied, trust(known), [RETAIN.public])))
    await world.push(world.event("candidates", "MatchCandidate", SHOWN))
    assert any(subject == SHOWN["candidate_id"] for _, subject, _ in model.parts) is shown
