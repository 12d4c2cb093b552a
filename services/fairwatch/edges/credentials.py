"""Who may send what: `devices.yaml`, checked whole before a gateway opens its door.

An API key is 256 random bits (`issue_api_key`), kept as its SHA-256: nobody can guess it, so a slow hash would only
cost time on every request. Keys that a person could have invented are refused by their length.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.auth.accounts import Account
from fairwatch.edges.hikvision_stream.options import AlertStream
from fairwatch.edges.mqtt.topics import OverlapError, TopicOwners, check_filter

MIN_KEY_LENGTH = 40

DeviceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
VisualId = Annotated[str, StringConstraints(pattern=r"^\d{20}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class DigestAccount(Account):
    """What one device proves itself with by HTTP digest."""

    algorithms: tuple[Literal["SHA-256", "MD5"], ...] = Field(("SHA-256", "MD5"), min_length=1)


class DeviceBinding(BaseModel):
    """One device, platform or MQTT source: how it proves who it is and what it sends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device_id: DeviceId
    format: str | None = Field(None, description="adapter of its payloads; left out, they are recognised one by one")
    enabled: bool = True
    sources: tuple[IPv4Network | IPv6Network, ...] = Field((), description="addresses it may call from; empty for any")
    api_key_hash: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    api_key_in_path: bool = Field(False, description="for senders that can set neither header nor digest")
    certificate_sha256: Sha256 | None = Field(None, description="fingerprint of its TLS client certificate")
    digest: DigestAccount | None = None
    viid_id: VisualId | None = Field(None, description="20-digit GA/T 1400 id; needs digest")
    alert_stream: AlertStream | None = Field(
        None, description="Hikvision's event stream, which is read from the device"
    )
    mqtt_topics: tuple[str, ...] = Field((), description="topic filters; the MQTT broker's ACL says who writes there")

    @model_validator(mode="after")
    def _can_prove_itself(self) -> Self:
        for topic in self.mqtt_topics:
            check_filter(topic)
        if self.viid_id and self.digest is None:
            raise ValueError("viid_id needs digest: a GA/T 1400 platform registers with it")
        if self.api_key_in_path and self.api_key_hash is None:
            raise ValueError("api_key_in_path needs api_key_hash")
        ways = (self.api_key_hash, self.certificate_sha256, self.digest, self.mqtt_topics, self.alert_stream)
        if not any(ways):
            raise ValueError(
                "one of api_key_hash, certificate_sha256, digest, mqtt_topics and alert_stream must be set"
            )
        return self

    def accepts_key(self, key: str) -> bool:
        """Return whether `key` is this device's API key, in constant time."""
        if self.api_key_hash is None or len(key) < MIN_KEY_LENGTH:
            return False
        return hmac.compare_digest(hash_api_key(key), self.api_key_hash)

    def accepts_source(self, address: str) -> bool:
        """Return whether it may call from this IP address."""
        if not self.sources:
            return True
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(mapped in network for network in self.sources if network.version == mapped.version)


class Devices:
    """Every configured device, by each way to name it.

    Args:
        bindings: Devices; two that could be taken for one another are refused.

    Raises:
        ConfigurationError: Two devices share an id, key, certificate, digest account, VIID id or MQTT topic.
    """

    def __init__(self, bindings: Iterable[DeviceBinding]) -> None:
        self.all = tuple(bindings)
        self._by_id = self._unique("device_id", [(b.device_id, b) for b in self.all])
        self._by_viid = self._unique("viid_id", [(b.viid_id, b) for b in self.all if b.viid_id])
        self._unique("api_key_hash", [(b.api_key_hash, b) for b in self.all if b.api_key_hash])
        self._unique("certificate_sha256", [(b.certificate_sha256, b) for b in self.all if b.certificate_sha256])
        self._unique("digest user name and password", [(_account(b), b) for b in self.all if b.digest])
        self._topics = [(topic, b) for b in self.all for topic in b.mqtt_topics]
        self._owners = TopicOwners()
        for topic, binding in self._topics:
            try:
                self._owners.add(topic, binding.device_id)
            except OverlapError as error:
                raise ConfigurationError(
                    f"devices {error.owner} and {binding.device_id}: mqtt_topics {error.first!r} and {error.second!r} "
                    "match the same topic; make them disjoint"
                ) from None

    @staticmethod
    def _unique(what: str, pairs: Iterable[tuple[Any, DeviceBinding]]) -> dict[Any, DeviceBinding]:
        found: dict[Any, DeviceBinding] = {}
        for value, binding in pairs:
            if value in found:
                raise ConfigurationError(
                    f"devices {found[value].device_id} and {binding.device_id} have the same {what}; "
                    "give each device its own"
                )
            found[value] = binding
        return found

    def get(self, device_id: str) -> DeviceBinding | None:
        """Return the device, or None."""
        return self._by_id.get(device_id)

    def by_viid(self, viid_id: str) -> DeviceBinding | None:
        """Return the device with this GA/T 1400 id, or None."""
        return self._by_viid.get(viid_id)

    def by_topic(self, topic: str) -> DeviceBinding | None:
        """Return the device whose topic filter matches, or None."""
        owner = self._owners.of(topic)
        return None if owner is None else self._by_id[owner]

    @property
    def topics(self) -> list[str]:
        """Topic filters of the enabled devices."""
        return [topic for topic, binding in self._topics if binding.enabled]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    devices: list[DeviceBinding]


def load_devices(path: Path, *, secrets: bool = True) -> Devices:
    """Read and check devices.yaml; without `secrets` the passwords that it names are not read.

    Raises:
        ConfigurationError: Naming the file, the place in it and what is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8")) or {"devices": []}
        bindings = _File.model_validate(content).devices
        for binding in bindings:
            for account in (binding.digest, binding.alert_stream) if secrets else ():
                if account:
                    account.load(path.parent)
        return Devices(bindings)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {_explain(error)}") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def issue_api_key() -> tuple[str, str]:
    """Return a new API key for a device and the `api_key_hash` to configure."""
    key = f"fw_{secrets.token_urlsafe(32)}"
    return key, hash_api_key(key)


def hash_api_key(key: str) -> str:
    """Return the `api_key_hash` of a key."""
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _account(binding: DeviceBinding) -> tuple[str, str]:
    account = binding.digest
    return (account.username, account.password) if account else ("", "")


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        place = ".".join(map(str, problem["loc"]))
        value = problem["input"]
        # A misplaced password or key must not end up in a log, so only harmless values are shown.
        shown = isinstance(value, str | int) and problem["type"] != "extra_forbidden" and "api_key" not in place
        lines.append(f"{place}: {problem['msg']}" + (f" (found {value!r})" if shown else ""))
    return "; ".join(lines)
