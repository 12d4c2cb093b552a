"""Fresh credentials for one run of the demo: for devices, people and the webhook; nothing is the same twice."""

import base64
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fairwatch.apps.demo import world
from fairwatch.edges.credentials import hash_api_key, issue_api_key

PEOPLE = ("alice", "bob")


def password() -> str:
    """Return a new password."""
    return secrets.token_urlsafe(18)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything secret in this run.

    Attributes:
        digest: Password by device, for HTTP digest; the user name is the device id.
        keys: API key by device.
        people: Password by name.
        mqtt: Password by MQTT user.
        chain: What processors prove to each other that a chain has handled a record.
        media: Master key of pictures and raw bodies.
        webhook: Secret of the control room's webhook, as Standard Webhooks writes it.
    """

    digest: dict[str, str] = field(
        default_factory=lambda: {name: password() for name in (*world.HIKVISION, "gat-platform")}
    )
    keys: dict[str, str] = field(default_factory=lambda: {name: issue_api_key()[0] for name in world.ONVIF})
    people: dict[str, str] = field(default_factory=lambda: {name: password() for name in PEOPLE})
    mqtt: dict[str, str] = field(default_factory=lambda: {name: password() for name in ("frigate", "gateway")})
    chain: str = field(default_factory=password)
    media: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    webhook: str = field(default_factory=lambda: "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())

    def write_devices(self, folder: Path) -> None:
        """Write devices.yaml and one password file for each digest account."""
        bindings: list[dict[str, Any]] = []
        for name, secret in self.digest.items():
            write_secret(folder / "secrets" / name, secret)
            account = {"username": name, "password_file": f"secrets/{name}"}
            binding = {"device_id": name, "format": "hikvision-isapi", "digest": account}
            if name == "gat-platform":
                binding |= {"format": "gat1400", "viid_id": world.GAT_PLATFORM}
            bindings.append(binding)
        for name, key in self.keys.items():
            bindings.append({"device_id": name, "format": "onvif-event", "api_key_hash": hash_api_key(key)})
        bindings.append({"device_id": "frigate-1", "format": "frigate", "mqtt_topics": ["frigate/#"]})
        (folder / "devices.yaml").write_text(yaml.safe_dump({"devices": bindings}, sort_keys=False), encoding="utf-8")


def write_secret(path: Path, secret: str) -> None:
    """Write a secret that its owner alone can read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(secret, encoding="utf-8")
