"""Who may send what: one device as devices.yaml or its record binds it.

An API key is 256 random bits (`issue_api_key`), kept as its SHA-256: nobody can guess it, so a slow hash would only
cost time on every request. Keys that a person could have invented are refused by their length.
"""

import hashlib
import hmac
import secrets
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.auth.accounts import DigestLogin
from fairwatch.edges.auth.sealing import Seal
from fairwatch.edges.hikvision_stream.options import AlertStream
from fairwatch.edges.mqtt.topics import check_filter

MIN_KEY_LENGTH = 40

DeviceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
VisualId = Annotated[str, StringConstraints(pattern=r"^\d{20}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class DigestAccount(DigestLogin):
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


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    devices: list[DeviceBinding]


def read_bindings(path: Path, *, secrets: bool = True, seal: Seal | None = None) -> list[DeviceBinding]:
    """Return the devices of devices.yaml, each checked by itself; without `secrets` no password is read.

    Raises:
        ConfigurationError: Naming the file, the place in it and what is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8")) or {"devices": []}
        bindings = _File.model_validate(content).devices
        for binding in bindings if secrets else ():
            load_secrets(binding, path.parent, seal)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {explain(error)}") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return bindings


def load_secrets(binding: DeviceBinding, folder: Path, seal: Seal | None = None) -> None:
    """Read or open the passwords that a device needs; ConfigurationError says which cannot be had."""
    for account in (binding.digest, binding.alert_stream):
        if account:
            account.load(folder, binding.device_id, seal)


def issue_api_key() -> tuple[str, str]:
    """Return a new API key for a device and the `api_key_hash` to configure."""
    key = f"fw_{secrets.token_urlsafe(32)}"
    return key, hash_api_key(key)


def hash_api_key(key: str) -> str:
    """Return the `api_key_hash` of a key."""
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def explain(error: ValidationError) -> str:
    """Return all that is wrong, each with its place; what may be a secret is not shown."""
    lines = []
    for problem in error.errors(include_url=False):
        place = ".".join(map(str, problem["loc"]))
        value = problem["input"]
        # A misplaced password or key must not end up in a log, so only harmless values are shown.
        shown = isinstance(value, str | int) and problem["type"] != "extra_forbidden" and "api_key" not in place
        lines.append(f"{place}: {problem['msg']}" + (f" (found {value!r})" if shown else ""))
    return "; ".join(lines)
