"""Keys in files, and what administrators vouch for."""

import base64
import stat
from pathlib import Path

import pytest

from fairwatch.apps.configuration import faults
from fairwatch.apps.keys import ANCHORS, make_files, read_anchors, write_anchors
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.signatures import PrivateKey, PublicKey
from fairwatch.wire.deeds import deed_bytes, sign_deed
from tests.support.trust import ADMIN, CONSOLE

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


def test_the_text_of_a_key_is_read_back() -> None:
    assert PublicKey.of(ADMIN.public.text) == ADMIN.public
    assert PublicKey.of("AAAA") is PublicKey.of("?") is None
