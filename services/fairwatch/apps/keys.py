"""Keys of administrators and consoles, and the people whom an administrator vouches for."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field

from fairwatch.apps.kafka import producer
from fairwatch.apps.key_command import asked
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import Person, SigningKey
from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.signatures import PrivateKey, PublicKey
from fairwatch.wire.signings import SIGNINGS, Signing, by_two

ANCHORS = "trust.yaml"  # in the configuration folder: public keys of administrators
Signed = Literal[
    "authorisations", "watchlist-entries", "device-lists", "silences", "alert-actions", "legal-holds", "export-orders",
    "incident-actions", "site-armings", "audit",
]  # fmt: skip
ADMIN = "admin.pem"
CONSOLE = "console.pem"
RETAIN = "retain.pem"
SIGNING_COMMAND = "FAIRWATCH_SIGNING_KEY_COMMAND"


class _Trusted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    administrators: tuple[str, ...]
    anchors: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()
    require_signed: tuple[Signed, ...] = get_args(Signed)
    four_eyes: tuple[Literal["watchlist-entries"], ...] = ("watchlist-entries",)
    revoked: dict[str, int] = Field(default_factory=dict)


def anchors(settings: Settings) -> tuple[PublicKey, ...]:
    """Return the administrators' public keys; ConfigurationError where the file holds something else."""
    path = settings.config_dir / ANCHORS
    return read_anchors(path) if path.exists() else ()


def read_anchors(path: Path) -> tuple[PublicKey, ...]:
    """Return the administrators' public keys of `trust.yaml`, once every key in it is one.

    Raises:
        ConfigurationError: Names the file and the key.
    """
    trusted = read_yaml(path, _Trusted)
    for name in ("anchors", "receipts"):
        _read_keys(path, name, getattr(trusted, name))
    return _read_keys(path, "administrators", trusted.administrators)


def log_anchors(settings: Settings) -> tuple[PublicKey, ...]:
    """Return the keys that may sign checkpoints of the audit log: `anchors` of `trust.yaml`, and administrators."""
    path = settings.config_dir / ANCHORS
    if not path.exists():
        return ()
    trusted = read_yaml(path, _Trusted)
    keys = {"anchors": trusted.anchors, "administrators": trusted.administrators}
    return tuple(key for name, texts in keys.items() for key in _read_keys(path, name, texts))


def receipt_keys(settings: Settings) -> tuple[PublicKey, ...]:
    """Return the keys that may sign receipts of erasures, and nothing that people do: `receipts` of `trust.yaml`."""
    path = settings.config_dir / ANCHORS
    return _read_keys(path, "receipts", read_yaml(path, _Trusted).receipts) if path.exists() else ()


def _read_keys(path: Path, name: str, texts: Iterable[str]) -> tuple[PublicKey, ...]:
    found = []
    for text in texts:
        key = PublicKey.of(text)
        if key is None:
            raise ConfigurationError(f"{path}: {name}: {text!r} is no Ed25519 key of 32 bytes in base64")
        found.append(key)
    return tuple(found)


def must_be_signed(settings: Settings) -> frozenset[str]:
    """Return the topics whose records count only where they are signed: those that `trust.yaml` names, all by default.

    None where there is no such file: a site of before then goes on, and `fairwatch doctor` says so.
    """
    path = settings.config_dir / ANCHORS
    return frozenset(read_yaml(path, _Trusted).require_signed) if path.exists() else frozenset()


def signing_of(settings: Settings, topic: str) -> Signing:
    """Return how the records of a topic are signed here: by two people each, where `four_eyes` of `trust.yaml` says so.

    It does where it is left out.
    """
    path = settings.config_dir / ANCHORS
    two = path.exists() and topic in read_yaml(path, _Trusted).four_eyes
    return by_two(topic) if two else SIGNINGS[topic]


def ended_keys(settings: Settings) -> dict[str, int]:
    """Return the keys of which `trust.yaml` says that they ended, and when in microseconds UTC; 0: never stood."""
    path = settings.config_dir / ANCHORS
    return read_yaml(path, _Trusted).revoked if path.exists() else {}


def remember_ended(path: Path, key_id: str, at: int) -> bool:
    """Write into `trust.yaml` that a key has ended, where that file is here and is ours to write; tell whether it is.

    What lies on Kafka alone could be written over with an older record.
    """
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        said["revoked"] = {**said.get("revoked", {}), key_id: at}
        path.write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
    except (OSError, AttributeError, yaml.YAMLError):
        return False
    return True


def write_anchors(path: Path, keys: Iterable[PublicKey], receipts: Iterable[PublicKey] = ()) -> None:
    """Write `trust.yaml`: administrators, and who may sign receipts of erasures."""
    said = {
        "administrators": [key.text for key in keys],
        "require_signed": list(get_args(Signed)),
        "four_eyes": ["watchlist-entries"],
    }
    if signers := [key.text for key in receipts]:
        said["receipts"] = signers
    path.write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")


def signing_key(settings: Settings) -> PrivateKey | None:
    """Return the key with which this process signs what people do, or None where it has none.

    Raises:
        ConfigurationError: There are two, or what is named gives none.
    """
    if settings.signing_key_file and settings.signing_key_command:
        raise ConfigurationError(f"at most one of FAIRWATCH_SIGNING_KEY_FILE and {SIGNING_COMMAND} may be set")
    if settings.signing_key_command:
        return PrivateKey.read(asked(settings.signing_key_command, SIGNING_COMMAND).encode(), SIGNING_COMMAND)
    return PrivateKey.load(settings.signing_key_file) if settings.signing_key_file else None


def make_files(folder: Path) -> tuple[PrivateKey, PrivateKey]:
    """Make the keys of an administrator, the console and `retain`, and `trust.yaml`, as far as they are missing.

    Returns the first two.

    Raises:
        ConfigurationError: A file cannot be written or read.
    """
    keys = []
    for name in (ADMIN, CONSOLE, RETAIN):
        path = folder / name
        if not path.exists():
            PrivateKey.generate().write(path)
        keys.append(PrivateKey.load(path))
    public = folder / ANCHORS
    if not public.exists():
        write_anchors(public, [keys[0].public], [keys[2].public])
    return keys[0], keys[1]


def known_keys(settings: Settings) -> dict[str, SigningKey]:
    """Return the newest record of each key on the topic."""
    return {record["key_id"]: record for _, _, record in read_topic(settings, "signing-keys")}


async def publish(settings: Settings, keys: Iterable[SigningKey], people: Iterable[Person], actor: str) -> None:
    """Publish records that an administrator signed, each with its audit record.

    Raises:
        RetryableError: The broker does not acknowledge.
    """
    async with producer(settings, "cli") as publisher:
        for key in keys:
            what = "key.revoked" if key.get("revoked_at") else "key.registered"
            details = {"holder": key["holder"], "reason": key.get("reason", ""), "void": str(key.get("void")).lower()}
            await publisher.publish("audit", key["key_id"], _audited(what, key["key_id"], key, details, actor))
            await publisher.publish("signing-keys", key["key_id"], key)
        for person in people:
            what = "person.ended" if person.get("until") else "person.registered"
            details = {"roles": ", ".join(person["roles"])}
            await publisher.publish("audit", person["name"], _audited(what, person["name"], person, details, actor))
            await publisher.publish("people", person["person_id"], person)


def administrator(path: Path, settings: Settings) -> PrivateKey:
    """Return an administrator's key; ConfigurationError unless it is one that `trust.yaml` names."""
    key, known = PrivateKey.load(path), anchors(settings)
    if known and key.public not in known:
        raise ConfigurationError(f"{path}: is no key of {settings.config_dir / ANCHORS}: nobody would believe it")
    return key


def _audited(
    action: str, subject: str, record: Mapping[str, Any], details: Mapping[str, str], actor: str
) -> dict[str, Any]:
    at = record["issued_at"]
    said = {"issuer": record["issuer"], **details}
    return {
        "audit_id": stable_id("audit", action, subject, at, record["signature"]), "action": action, "actor": actor,
        "at": at, "subject": subject, "details": {name: text for name, text in said.items() if text},
    }  # fmt: skip
