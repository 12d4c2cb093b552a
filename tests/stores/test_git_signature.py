"""Configuration may demand that somebody who is named has signed its commit."""

import hashlib
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dulwich.objects import Commit, ObjectID
from dulwich.repo import Repo

from fairwatch.domain.errors import ConfigurationError
from fairwatch.stores.git_signature import signer_of, signers

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))


def packed(*strings: bytes) -> bytes:
    return b"".join(len(one).to_bytes(4) + one for one in strings)


def public(key: Ed25519PrivateKey, name: str = "ann") -> str:
    return f"ssh-ed25519 {b64encode(packed(b'ssh-ed25519', key.public_key().public_bytes_raw())).decode()} {name}"


def commit(message: bytes = b"as agreed") -> Commit:
    made = Commit()
    made.tree = ObjectID(b"a" * 40)
    made.author = made.committer = b"ann <ann@example.org>"
    made.author_time = made.commit_time = 1_760_000_000
    made.author_timezone = made.commit_timezone = 0
    made.message = message
    return made


def signed(made: Commit, key: Ed25519PrivateKey = KEY, namespace: bytes = b"git") -> Commit:
    """Sign a commit as ssh-keygen -Y sign does."""
    covered = packed(namespace, b"", b"sha512", hashlib.sha512(made.as_raw_string()).digest())
    value = packed(b"ssh-ed25519", key.sign(b"SSHSIG" + covered))
    keys = packed(b"ssh-ed25519", key.public_key().public_bytes_raw())
    blob = b"SSHSIG" + (1).to_bytes(4) + packed(keys, namespace, b"", b"sha512", value)
    made.gpgsig = b"-----BEGIN SSH SIGNATURE-----\n" + b64encode(blob) + b"\n-----END SSH SIGNATURE-----"
    return made


def test_a_commit_that_somebody_signed_who_is_named_is_taken() -> None:
    allowed = signers(f"{public(OTHER, 'ben')},{public(KEY)}")
    assert signer_of(signed(commit()), allowed) == "ann"
    assert signer_of(signed(commit(), OTHER), allowed) == "ben"


def altered() -> Commit:
    made = signed(commit())
    made.message = b"another"
    return made


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (commit(), "has no SSH signature"),
        (signed(commit(), OTHER), "does not name"),
        (altered(), "is wrong"),
        (signed(commit(), namespace=b"file"), "has no SSH signature"),
    ],
)
def test_any_other_stays_out(made: Commit, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        signer_of(made, signers(public(KEY)))


@pytest.mark.parametrize(
    "text", ["ssh-rsa AAAA ann", "ssh-ed25519", "ssh-ed25519 ???", "ssh-ed25519 AAAA", " ", ",", "\n,\n"]
)
def test_what_is_no_key_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="FAIRWATCH_GIT_SIGNERS"):
        signers(text)


@pytest.mark.skipif(not (shutil.which("git") and shutil.which("ssh-keygen")), reason="needs git and ssh-keygen")
def test_what_git_and_ssh_sign_is_read(tmp_path: Path) -> None:
    def run(*words: str) -> None:
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)

    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", "key")
    run("git", "init", "-q", "repository")
    known = ("-c", "user.name=ann", "-c", "user.email=a@b.c", "-c", "gpg.format=ssh", "-c", "user.signingkey=../key")
    run("git", "-C", "repository", *known, "commit", "-q", "-S", "--allow-empty", "-m", "signed")
    made = Repo(str(tmp_path / "repository"))
    head = made[made.head()]
    assert isinstance(head, Commit)
    assert signer_of(head, signers((tmp_path / "key.pub").read_text())) == "ann"
