"""The `access` of a device's record as the binding that gateways check, and back."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.auth.accounts import Account
from fairwatch.edges.auth.sealing import Seal
from fairwatch.edges.credentials import DeviceBinding, explain, load_secrets

HASH: Final = "sha256:"
_ENDING: Final = ".password"


def binding_of(record: Mapping[str, Any], folder: Path, seal: Seal | None) -> DeviceBinding | None:
    """Return who may send as a device, its passwords read; None where the record does not say.

    Args:
        record: A `Device`.
        folder: Where password files lie.
        seal: Opens sealed passwords; None reads no passwords at all.

    Raises:
        ConfigurationError: The record contradicts itself, or a password cannot be had.
    """
    access = record.get("access")
    if not access:
        return None
    try:
        binding = DeviceBinding.model_validate(_fields(record, access))
    except ValidationError as error:
        raise ConfigurationError(f"device {record['device_id']}: {explain(error)}") from error
    if seal is not None:
        load_secrets(binding, folder, seal)
    return binding


def access_of(binding: DeviceBinding, sealed: Mapping[str, bytes] | None = None) -> dict[str, Any]:
    """Return the `access` of a record that says what a binding says.

    Args:
        binding: The device.
        sealed: What to seal instead of naming where a password is: by `digest` and `alert_stream`.

    Raises:
        ConfigurationError: A password is in the environment of the gateways, which a record may not name.
    """
    kept = sealed or {}
    stream, digest = binding.alert_stream, binding.digest
    return {
        "sources": [str(network) for network in binding.sources],
        "key_sha256": (binding.api_key_hash or "").removeprefix(HASH) or None,
        "key_in_path": binding.api_key_in_path,
        "certificate_sha256": binding.certificate_sha256,
        "digest": digest and {**_login(digest, kept.get("digest")), "sha256_only": "MD5" not in digest.algorithms},
        "viid_id": binding.viid_id,
        "mqtt_topics": list(binding.mqtt_topics),
        "stream": stream
        and {
            "url": stream.url,
            "path": stream.path,
            "silence_s": float(stream.silence_s),
            "verify_tls": stream.verify_tls,
            "login": _login(stream, kept.get("alert_stream")),
        },
    }


def _fields(record: Mapping[str, Any], access: Mapping[str, Any]) -> dict[str, Any]:
    formats, stream, digest = record.get("formats") or [], access.get("stream"), access.get("digest")
    key = access.get("key_sha256")
    fields = {
        "device_id": record["device_id"],
        "format": formats[0] if len(formats) == 1 else None,
        "enabled": record.get("enabled", True),
        "sources": access.get("sources", ()),
        "api_key_hash": HASH + key if key else None,
        "api_key_in_path": access.get("key_in_path", False),
        "certificate_sha256": access.get("certificate_sha256"),
        "viid_id": access.get("viid_id"),
        "mqtt_topics": access.get("mqtt_topics", ()),
    }
    if digest:
        some = {"algorithms": ("SHA-256",)} if digest.get("sha256_only") else {}
        fields["digest"] = {**_account(record, digest), **some}
    if stream:
        known = {
            name: stream[name] for name in ("url", "path", "silence_s", "verify_tls") if stream.get(name) is not None
        }
        fields["alert_stream"] = {**known, **_account(record, stream["login"])}
    return fields


def _account(record: Mapping[str, Any], login: Mapping[str, Any]) -> dict[str, Any]:
    """Return user name and where the password is; a record may name password files beside devices.yaml, no others."""
    file, sealed = login.get("password_file"), login.get("sealed")
    if file and (Path(file).name != file or not file.endswith(_ENDING)):
        raise ConfigurationError(
            f"device {record['device_id']}: password_file {file!r} must be a file's name that ends in {_ENDING}"
        )
    return {
        "username": login["username"],
        **({"password_file": file} if file else {}),
        **({"sealed": b64encode(sealed).decode()} if sealed else {}),
    }


def _login(account: Account, sealed: bytes | None) -> dict[str, Any]:
    given = {"username": account.username}
    if sealed is not None or account.sealed is not None:
        return {**given, "sealed": sealed if sealed is not None else account.sealed}
    if account.password_file is None:
        raise ConfigurationError(
            f"user {account.username!r}: a record cannot say password_env {account.password_env}: seal the password, "
            "or put it into a file"
        )
    return {**given, "password_file": str(account.password_file)}
