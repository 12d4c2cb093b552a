"""Keys in files, and what administrators vouch for."""

import base64
import stat
import sys
from pathlib import Path

import pytest

from fairwatch.apps.configuration import faults
from fairwatch.apps.keys import (
    ANCHORS,
    ended_keys,
    make_files,
    read_anchors,
    receipt_keys,
    remember_ended,
    signing_key,
    write_anchors,
)
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import SigningKey
from fairwatch.policy.signatures import PrivateKey, PublicKey
from fairwatch.wire.deeds import deed_bytes, sign_deed
from fairwatch.wire.trust import Trust
from fairwatch.wire.vouching import revoked, vouch_key
from tests.support.processor_world import MemoryReference
from tests.support.trust import ADMIN, CONSOLE, SINCE, vouched

RECORD = {
    "verification_id": "v", "candidate_id": "c", "reviewer": "dora", "role": "reviewer", "decision": "MATCH",
    "decided_at": 1,
}  # fmt: skip


def test_keys_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    first = make_files(tmp_path / "keys")
    again = make_files(tmp_path / "keys")
    assert [key.public for key in first] == [key.public for key in again]
    assert first[0].public != first[1].public
    assert stat.S_IMODE((tmp_path / "keys" / "admin.pem").stat().st_mode) == 0o600
    assert read_anchors(tmp_path / "keys" / ANCHORS) == (first[0].public,)
    [receipts] = receipt_keys(Settings(config_dir=tmp_path / "keys"))
    assert receipts == PrivateKey.load(tmp_path / "keys" / "retain.pem").public


def test_a_key_is_never_written_over_another(tmp_path: Path) -> None:
    ADMIN.write(tmp_path / "key.pem")
    with pytest.raises(ConfigurationError, match=r"key\.pem"):
        CONSOLE.write(tmp_path / "key.pem")
    assert PrivateKey.load(tmp_path / "key.pem").public == ADMIN.public


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\xff"])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"key\.pem"):
        PrivateKey.load(path)


RECORDED = {**RECORD, "decided_at": 50}


def asked(newest: SigningKey, ended: dict[str, int], at: int) -> str | None:
    """Return what a reader that starts now makes of a decision: it sees the newest record of the key and no other."""
    people = vouched("dora")["people"]
    trusted = Trust(people, MemoryReference({newest["key_id"]: newest}), [ADMIN.public], ended)
    deed = sign_deed("Verification", RECORDED, CONSOLE, act="verify", name="dora", role="reviewer", at=at, method="key")
    return trusted.refusal("Verification", RECORDED, deed, act="verify", name="dora", action="candidate.verify")


def test_a_revoked_key_stays_revoked_for_a_reader_that_starts_later_whatever_is_written_over_it(tmp_path: Path) -> None:
    made = vouch_key(ADMIN, CONSOLE.public, "console", at=SINCE)
    ended = revoked(ADMIN, made, at=SINCE + 100, reason="stolen")
    assert asked(ended, {}, SINCE + 99) is None, "compaction left the revocation alone; what was signed before stands"
    assert asked(ended, {}, SINCE + 100) == "revoked_key"
    path = tmp_path / ANCHORS
    write_anchors(path, [ADMIN.public])
    assert remember_ended(path, made["key_id"], SINCE + 100)
    known = ended_keys(Settings(config_dir=tmp_path))
    assert (list(faults(tmp_path)), read_anchors(path)) == ([], (ADMIN.public,))
    assert asked(made, known, SINCE + 99) is None
    assert asked(made, known, SINCE + 100) == "revoked_key", "an older record was written over the revocation"
    assert asked(made, {made["key_id"]: 0}, SINCE + 99) == "revoked_key", "void"
    assert not remember_ended(tmp_path / "nowhere.yaml", "k", 1)


def test_trust_yaml_is_checked_with_the_configuration(tmp_path: Path) -> None:
    write_anchors(tmp_path / ANCHORS, [ADMIN.public, CONSOLE.public])
    assert list(faults(tmp_path)) == []
    assert read_anchors(tmp_path / ANCHORS) == (ADMIN.public, CONSOLE.public)
    (tmp_path / ANCHORS).write_text("administrators: [c2hvcnQ=]", encoding="utf-8")
    [fault] = faults(tmp_path)
    assert "c2hvcnQ=" in fault


@pytest.mark.parametrize("signature", ["", "?", "AAAA", base64.b64encode(b"x" * 64).decode()])
def test_what_is_no_signature_is_none(signature: str) -> None:
    assert not CONSOLE.public.signed(b"data", signature)


def test_a_signature_covers_every_field_and_outlives_defaults() -> None:
    deed = sign_deed("Verification", RECORD, CONSOLE, act="verify", name="dora", role="reviewer", at=1, method="key")
    spelled_out = {**RECORD, "reason": "", "blind": True, "shown": {}, "deed": deed}
    assert deed_bytes("Verification", spelled_out, deed) == deed_bytes("Verification", RECORD, deed)
    assert CONSOLE.public.signed(deed_bytes("Verification", spelled_out, deed), deed["signature"])
    for name, value in {**RECORD, "reason": "x", "blind": False, "shown": {"score": "1"}}.items():
        changed = {**RECORD, name: "changed" if value == RECORD.get(name) else value}
        assert not CONSOLE.public.signed(deed_bytes("Verification", changed, deed), deed["signature"]), name
    for name in ("act", "person_id", "role", "method", "key_id"):
        changed = {**deed, name: "changed"}
        assert not CONSOLE.public.signed(deed_bytes("Verification", RECORD, changed), deed["signature"]), name


def test_the_signing_key_may_come_from_a_command_that_asks_a_kms(tmp_path: Path) -> None:
    CONSOLE.write(tmp_path / "console.pem")
    code = f"print(open({str(tmp_path / 'console.pem')!r}).read())"
    found = signing_key(Settings(signing_key_command=(sys.executable, "-I", "-c", code)))
    assert found is not None
    assert found.public.key_id == CONSOLE.public.key_id
    with pytest.raises(ConfigurationError, match="FAIRWATCH_SIGNING_KEY_COMMAND: is no private key"):
        signing_key(Settings(signing_key_command=(sys.executable, "-I", "-c", "print('none')")))
    with pytest.raises(ConfigurationError, match="at most one"):
        signing_key(Settings(signing_key_command=("kms",), signing_key_file=tmp_path / "console.pem"))


def test_the_text_of_a_key_is_read_back() -> None:
    assert PublicKey.of(ADMIN.public.text) == ADMIN.public
    assert PublicKey.of("AAAA") is PublicKey.of("?") is None
