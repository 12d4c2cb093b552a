"""The file of a backup: a ZIP of Avro containers, each member sealed with a key where one is given.

`manifest.json` is readable without a key: when it was made, how many records of what, and the heads of the audit
chain. With a key every other member is AES-256-GCM under its own nonce, bound to its name and to this backup, and the
manifest, which names the hash of each, is signed: nothing can be read, exchanged, left out or added without the key.
"""

import base64
import binascii
import hashlib
import hmac
import io
import json
import os
import secrets
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import fastavro
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fairwatch.apps.export_bounds import MANIFEST_LIMIT, WHOLE, require_stored, unpacked
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.signatures import PrivateKey, PublicKey
from fairwatch.wire.schemas import Schema

FORMAT = "fairwatch-backup/1"
MANIFEST, SIGNATURE, SIGNED = "manifest.json", "manifest.hmac", "manifest.ed25519"
_PURPOSE = b"fairwatch/1 backup\0"
_KEY_BYTES = 32
_NONCE = 12


def read_key(path: Path) -> bytes:
    """Return the key that a file holds: 32 bytes in base64, as `openssl rand -base64 32` writes them.

    Raises:
        ConfigurationError: It cannot be read, or holds something else.
    """
    try:
        key = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as error:
        raise ConfigurationError(f"{path}: is no key: {error}") from error
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(f"{path}: holds {len(key)} bytes; make a key with `openssl rand -base64 32`")
    return key


class Seal:
    """Closes and opens members under one backup's own keys; without a key members stay as they are."""

    def __init__(self, key: bytes | None, backup_id: str) -> None:
        self._id = backup_id
        self._cipher = AESGCM(_derived(key, backup_id, "members")) if key else None
        self._signing = _derived(key, backup_id, "manifest") if key else b""

    def close(self, name: str, data: bytes) -> bytes:
        """Return the bytes that are kept."""
        if self._cipher is None:
            return data
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, self._bound(name))

    def open(self, name: str, kept: bytes) -> bytes:
        """Return the bytes that were given to `close`; ConfigurationError when the key is another one."""
        if self._cipher is None:
            return kept
        try:
            return self._cipher.decrypt(kept[:_NONCE], kept[_NONCE:], self._bound(name))
        except InvalidTag:
            raise ConfigurationError(f"{name}: was sealed with another key, or altered") from None

    def sign(self, manifest: bytes) -> bytes:
        """Return the signature of the manifest."""
        return hmac.digest(self._signing, manifest, "sha256")

    def _bound(self, name: str) -> bytes:
        return f"{FORMAT}\0{self._id}\0{name}".encode()


def _derived(key: bytes, backup_id: str, purpose: str) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, backup_id.encode(), purpose.encode()).derive(key)


class ArchiveWriter:
    """Writes a backup; it appears under its name only once it is whole, readable by its owner alone.

    Args:
        path: Must not exist.
        key: Seals it; None leaves it readable.
        about: What the manifest says beside the members.
        signer: Signs the manifest, so that a reader knows who made it; None: nobody does.
    """

    def __init__(
        self, path: Path, key: bytes | None, about: Mapping[str, Any], signer: PrivateKey | None = None
    ) -> None:
        if path.exists():
            raise ConfigurationError(f"{path}: is there already; a backup is never overwritten")
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._signer = signer
        self._about = {**about, "id": secrets.token_hex(16), "encrypted": key is not None}
        if signer is not None:
            self._about["signer"] = signer.public.text
        self._seal = Seal(key, self._about["id"])
        self._members: dict[str, dict[str, Any]] = {}
        self._signed = key is not None
        self._zip: zipfile.ZipFile | None = None

    def __enter__(self) -> Self:
        """Open the file."""
        try:
            file = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise ConfigurationError(f"{self._path}: cannot be written: {error.strerror}") from error
        self._zip = zipfile.ZipFile(os.fdopen(file, "wb"), "w", zipfile.ZIP_STORED)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file, or leave none."""
        assert self._zip is not None
        file = self._zip.fp
        if error is None:
            manifest = json.dumps({"format": FORMAT, **self._about, "members": self._members}, indent=1).encode()
            self._zip.writestr(MANIFEST, manifest)
            if self._signed:
                self._zip.writestr(SIGNATURE, self._seal.sign(manifest).hex())
            if self._signer is not None:
                self._zip.writestr(SIGNED, self._signer.sign(_PURPOSE + manifest))
        self._zip.close()
        if file is not None:
            file.close()
        if error is None:
            self._part.rename(self._path)
        else:
            self._part.unlink(missing_ok=True)

    def say(self, **about: Any) -> None:
        """Add to the manifest."""
        self._about |= about

    def records(self, name: str, schema: Schema, records: Iterable[Any]) -> None:
        """Add an Avro container."""
        out, rows = io.BytesIO(), list(records)
        fastavro.writer(out, schema.parsed, rows, codec="deflate")
        self.data(name, out.getvalue(), records=len(rows))

    def data(self, name: str, data: bytes, **about: Any) -> None:
        """Add bytes."""
        assert self._zip is not None
        kept = self._seal.close(name, data)
        self._members[name] = {"sha256": hashlib.sha256(kept).hexdigest(), **about}
        self._zip.writestr(name, kept)


class ArchiveReader:
    """Reads a backup; what it was made of is checked before anything is handed out.

    Raises:
        ConfigurationError: It is no backup, of a later format, sealed and no key given or the other way round, altered,
            or becomes more than anybody would want in memory.

    Args:
        path: The file.
        key: That sealed it.
        closed: Without the key of a sealed one, look at what can be seen; its members stay closed.

    Attributes:
        manifest: What it says of itself.
        signer: The key that signed it; None where nobody did.
    """

    def __init__(self, path: Path, key: bytes | None, *, closed: bool = False) -> None:
        self._path = path
        self._sizes: dict[str, int] = {}
        try:
            self._zip = zipfile.ZipFile(path)
            require_stored(self._zip, MANIFEST, MANIFEST_LIMIT)
            text = self._zip.read(MANIFEST)
            self.manifest: dict[str, Any] = json.loads(text)
        except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
            raise ConfigurationError(f"{path}: is no backup of fairwatch: {error}") from error
        if self.manifest.get("format") != FORMAT:
            raise ConfigurationError(f"{path}: has the format {self.manifest.get('format')!r}; this reads {FORMAT!r}")
        self.signer = self._signer_of(text)
        if closed and key is None:
            return
        if self.manifest["encrypted"] and key is None:
            raise ConfigurationError(f"{path}: is encrypted: name the key's file with --key-file")
        if key is not None and not self.manifest["encrypted"]:
            raise ConfigurationError(
                f"{path}: is not sealed, though a key is given: somebody may have put it in the place of a sealed one"
            )
        self._seal = Seal(key if self.manifest["encrypted"] else None, self.manifest["id"])
        if self.manifest["encrypted"] and not self._is_signed(text):
            raise ConfigurationError(f"{path}: was sealed with another key, or altered")

    def _signer_of(self, manifest: bytes) -> PublicKey | None:
        """Return the key that signed the manifest; None where nobody did."""
        said = self.manifest.get("signer")
        if said is None and SIGNED not in self._zip.namelist():
            return None
        public = PublicKey.of(str(said))
        try:
            signature = self._zip.read(SIGNED).decode("ascii")
        except (KeyError, UnicodeDecodeError, zipfile.BadZipFile):
            signature = ""
        if public is None or not public.signed(_PURPOSE + manifest, signature):
            raise ConfigurationError(f"{self._path}: was altered: it is not as {said} signed it")
        return public

    def _is_signed(self, manifest: bytes) -> bool:
        try:
            return hmac.compare_digest(self._zip.read(SIGNATURE).decode("ascii"), self._seal.sign(manifest).hex())
        except (KeyError, UnicodeDecodeError):
            return False

    def __enter__(self) -> Self:
        """Use it as a context manager."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._zip.close()

    def names(self, prefix: str) -> list[str]:
        """Return the members below a folder, in order."""
        return sorted(name for name in self.manifest["members"] if name.startswith(prefix))

    def data(self, name: str) -> bytes:
        """Return the bytes of a member."""
        return self._seal.open(name, self.kept(name))

    def kept(self, name: str) -> bytes:
        """Return the bytes of a member as they lie in the file, sealed where it is; checked against the manifest."""
        try:
            require_stored(self._zip, name)
            kept = self._zip.read(name)
        except (KeyError, zipfile.BadZipFile) as error:
            raise ConfigurationError(f"{self._path}: {name} is missing or broken: {error}") from error
        if hashlib.sha256(kept).hexdigest() != self.manifest["members"][name]["sha256"]:
            raise ConfigurationError(f"{self._path}: {name} was altered")
        return kept

    def records(self, name: str, schema: Schema) -> Iterator[Any]:
        """Yield the records of a container, in the newest version of their schema."""
        container = self.data(name)
        if name not in self._sizes:
            self._sizes[name] = unpacked(name, container)
            if sum(self._sizes.values()) > WHOLE:
                raise ConfigurationError(f"{self._path}: becomes more than {WHOLE >> 20} MiB when it is unpacked")
        yield from fastavro.reader(io.BytesIO(container), schema.parsed)
