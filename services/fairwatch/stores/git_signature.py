"""Who signed a commit: SSH signatures by Ed25519 keys, as `git commit -S` with gpg.format=ssh makes them.

Format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from dulwich.objects import Commit

from fairwatch.domain.errors import ConfigurationError

MAGIC: Final = b"SSHSIG"
KIND: Final = b"ssh-ed25519"
NAMESPACE: Final = b"git"  # a signature of something else, by the same key, is none of a commit
HASHES: Final = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
BEGIN, END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
VERSION: Final = 1
LENGTH: Final = 4  # bytes of a number
FIELDS: Final = 5  # of a signature: key, namespace, reserved, hash, signature


def signers(text: str) -> dict[bytes, str]:
    """Return public keys, by their bytes, with how people know them; none where the text is empty.

    Args:
        text: Lines of `ssh-ed25519 AAAA… name`, as ssh-keygen writes them, parted by commas or line breaks.

    Raises:
        ConfigurationError: A line is something else, or there is none in a text that is not empty: somebody wants
            signatures, and names nobody.
    """
    found: dict[bytes, str] = {}
    for line in filter(None, (one.strip() for one in text.replace(",", "\n").splitlines())):
        words = line.split()
        try:
            kind, key = _strings(b64decode(words[1], validate=True))
        except (IndexError, ValueError, binascii.Error):
            kind, key = b"", b""
        if words[0].encode() != KIND or kind != KIND:
            raise ConfigurationError(f"FAIRWATCH_GIT_SIGNERS: {line[:80]!r} is no ssh-ed25519 public key")
        found[key] = " ".join(words[2:]) or words[1][-12:]
    if text and not found:
        raise ConfigurationError(f"FAIRWATCH_GIT_SIGNERS: {text[:80]!r} names no key")
    return found


def signer_of(commit: Commit, allowed: dict[bytes, str]) -> str:
    """Return which of these keys signed a commit.

    Raises:
        ConfigurationError: None of them did.
    """
    try:
        public, key, signed = _read(bytes(commit.gpgsig or b""), commit.raw_without_sig())
    except (ValueError, binascii.Error, KeyError):
        raise ConfigurationError(f"commit {commit.id.decode()} has no SSH signature of an Ed25519 key") from None
    if key not in allowed:
        raise ConfigurationError(
            f"commit {commit.id.decode()} is signed by a key that FAIRWATCH_GIT_SIGNERS does not name:"
            f" {b64encode(public).decode()}"
        )
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(*signed)
    except (InvalidSignature, ValueError):
        raise ConfigurationError(f"the signature of commit {commit.id.decode()} is wrong") from None
    return allowed[key]


def _read(armoured: bytes, message: bytes) -> tuple[bytes, bytes, tuple[bytes, bytes]]:
    """Return the public key as SSH writes it and by itself, and (signature, what it covers); ValueError for another."""
    begin, end = armoured.index(BEGIN) + len(BEGIN), armoured.index(END)
    blob = b64decode(b"".join(armoured[begin:end].split()), validate=True)
    head = MAGIC + VERSION.to_bytes(LENGTH, "big")
    if not blob.startswith(head):
        raise ValueError("another version")
    public, namespace, reserved, hash_name, signature = _some(_strings(blob[len(head) :]), FIELDS)
    (kind, key), (kind_of_signature, value) = _some(_strings(public), 2), _some(_strings(signature), 2)
    if namespace != NAMESPACE or {kind, kind_of_signature} != {KIND}:
        raise ValueError("made for something else, or by another kind of key")
    digest = HASHES[hash_name](message).digest()
    return public, key, (value, MAGIC + b"".join(map(_string, (namespace, reserved, hash_name, digest))))


def _some(found: Iterator[bytes], number: int) -> Sequence[bytes]:
    values = list(found)
    if len(values) != number:
        raise ValueError("another number of fields")
    return values


def _strings(data: bytes) -> Iterator[bytes]:
    """Yield what SSH calls strings: each has its length before it."""
    while data:
        length = int.from_bytes(data[:LENGTH], "big")
        if len(data) < LENGTH + length:
            raise ValueError("cut short")
        yield data[LENGTH : LENGTH + length]
        data = data[LENGTH + length :]


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(LENGTH, "big") + data
