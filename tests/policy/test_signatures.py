"""A key lies in a file that its owner alone may read, is never written over, and checks what it signed alone."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.signatures import PrivateKey, PublicKey

KEY, OTHER = PrivateKey.of(b"k" * 32), PrivateKey.of(b"o" * 32)


def test_what_one_key_signed_it_checks_to_the_last_byte_and_another_key_does_not() -> None:
    signature = KEY.sign(b"words")
    assert KEY.public.signed(b"words", signature)
    assert not KEY.public.signed(b"words.", signature)
    assert not OTHER.public.signed(b"words", signature)


@pytest.mark.parametrize("signature", ["", "no base64!", "AAAA", base64.b64encode(b"s" * 64).decode(), "ü"])
def test_what_is_no_signature_checks_nothing_and_raises_nothing(signature: str) -> None:
    assert not KEY.public.signed(b"words", signature)


def test_a_signature_with_something_behind_it_is_none() -> None:
    assert not KEY.public.signed(b"words", KEY.sign(b"words") + "\n?")


def test_a_public_key_travels_as_base64_and_has_the_same_id_everywhere() -> None:
    again = PublicKey.of(KEY.public.text)
    assert again == KEY.public
    assert again is not None
    assert again.key_id == KEY.public.key_id != OTHER.public.key_id


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_public_key_is_thirty_two_bytes(length: int) -> None:
    assert PublicKey.of(base64.b64encode(b"p" * length).decode()) is None


@pytest.mark.parametrize("text", ["no base64!", "ü", KEY.public.text + "?"])
def test_what_is_not_base64_is_no_public_key(text: str) -> None:
    assert PublicKey.of(text) is None


def test_a_key_is_read_as_it_was_written_and_nobody_else_may_read_its_file(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "of" / "hub.pem"
    KEY.write(path)
    assert PrivateKey.load(path).public == KEY.public
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "hub.pem"
    KEY.write(path)
    with pytest.raises(ConfigurationError, match=r"hub\.pem: cannot be written: File exists"):
        OTHER.write(path)
    assert PrivateKey.load(path).public == KEY.public


@pytest.mark.parametrize("content", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_named_with_its_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "hub.pem").write_text(content)
    with pytest.raises(ConfigurationError, match=r"hub\.pem: is no private key in PEM"):
        PrivateKey.load(tmp_path / "hub.pem")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.pem: is no private key in PEM: .*No such file"):
        PrivateKey.load(tmp_path / "none.pem")


def test_a_key_of_another_kind_is_refused_with_what_to_do() -> None:
    other = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ConfigurationError, match=r"hub: is no Ed25519 key; make one with `fairwatch keys init`"):
        PrivateKey.read(other, "hub")


def test_every_new_key_is_another() -> None:
    assert PrivateKey.generate().public != PrivateKey.generate().public
