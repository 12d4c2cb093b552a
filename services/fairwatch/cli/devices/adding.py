"""`fairwatch devices add`."""

import asyncio
from base64 import b64encode
from typing import Annotated, Any

import typer
from rich.console import Console

from fairwatch.apps.device_admin.register import Change, Register, publish
from fairwatch.apps.device_admin.rows import record_of
from fairwatch.apps.settings import Settings, settings
from fairwatch.cli.devices.arguments import DeviceId, Reason, seal_of
from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.auth.accounts import DigestLogin, all_ha1
from fairwatch.edges.auth.sealing import Seal
from fairwatch.edges.credentials import DigestAccount
from fairwatch.edges.hikvision_stream.options import AlertStream

Topics = Annotated[list[str] | None, typer.Option("--mqtt-topic", help="Filter of the MQTT topics that it writes.")]
Networks = Annotated[list[str] | None, typer.Option("--source", help="Network that it may call from.")]
Formats = Annotated[list[str] | None, typer.Option("--format", help="What it speaks; one: it is read as that.")]
Aliases = Annotated[list[str] | None, typer.Option("--alias", help="Id that it uses inside payloads.")]


def add(
    device_id: DeviceId,
    name: Annotated[str, typer.Option("--name", help="What people call it.")] = "",
    site: Annotated[str, typer.Option("--site", help="Id of its site.")] = "",
    parent: Annotated[str, typer.Option("--parent", help="Recorder or platform that speaks for it.")] = "",
    time_zone: Annotated[str, typer.Option("--time-zone", help="IANA zone of its clock.")] = "",
    format: Formats = None,  # noqa: A002  # the word of the field
    alias: Aliases = None,
    source: Networks = None,
    mqtt_topic: Topics = None,
    certificate: Annotated[str, typer.Option("--certificate", help="SHA-256 of its TLS certificate.")] = "",
    digest_user: Annotated[str, typer.Option("--digest-user", help="HTTP digest; the password is asked for.")] = "",
    viid_id: Annotated[str, typer.Option("--viid-id", help="20-digit GA/T 1400 id; needs --digest-user.")] = "",
    stream: Annotated[str, typer.Option("--stream", help="http://address of a device whose stream is read.")] = "",
    stream_user: Annotated[str, typer.Option("--stream-user", help="As whom; the password is asked for.")] = "",
    key_in_path: Annotated[bool, typer.Option("--key-in-path", help="The key may be in the address.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Give one that is registered new credentials.")] = False,
    reason: Reason = "",
) -> None:
    """Register a device. Where nothing else says how it proves itself, its new API key is printed, once."""
    chosen = settings()
    register = Register.read(chosen)
    if register.knows(device_id) and not replace:
        raise ConfigurationError(f"device {device_id} is registered already: --replace gives it new credentials")
    said = {
        "device_id": device_id, "name": name, "site_id": site, "parent_id": parent, "time_zone": time_zone,
        "formats": format, "aliases": alias, "sources": source, "mqtt_topics": mqtt_topic, "viid_id": viid_id,
        "certificate_sha256": certificate, "api_key_in_path": key_in_path,
        "digest": _digest(chosen, device_id, digest_user),
        "alert_stream": _stream(chosen, device_id, stream, stream_user),
    }  # fmt: skip
    record, key = record_of(said, chosen.config_dir, None)
    before = register.records.get(device_id, {})
    record = {**before, **{field: value for field, value in record.items() if value or field not in before}}
    if faults := register.faults(record):
        raise ConfigurationError(faults[0])
    action = "device.replaced" if replace else "device.registered"
    asyncio.run(publish(chosen, register, [Change(action, record)], reason))
    _tell(device_id, key)


def _tell(device_id: str, key: str | None) -> None:
    """Say that it is done; print the new key alone, so that it can be piped on."""
    Console(stderr=True).print(f"[green]✓[/] {device_id}", highlight=False)
    if key:
        Console(stderr=True).print("Its API key; it is kept nowhere, so that it cannot be shown again:")
        typer.echo(key)


def _digest(chosen: Settings, device_id: str, user: str) -> dict[str, Any] | None:
    if not user:
        return None
    return _sealed(chosen, DigestAccount, device_id, {"username": user})


def _stream(chosen: Settings, device_id: str, url: str, user: str) -> dict[str, Any] | None:
    if not url:
        return None
    if not user:
        raise ConfigurationError("--stream needs --stream-user")
    return _sealed(chosen, AlertStream, device_id, {"url": url, "username": user})


def _sealed(
    chosen: Settings, kind: type[DigestAccount | AlertStream], device_id: str, said: dict[str, Any]
) -> dict[str, Any]:
    seal = seal_of(chosen) or Seal("")
    bound_to = kind.model_construct(**said).bound_to(device_id)
    seal.close(bound_to, "")  # says what is missing before anything is asked
    password = typer.prompt(f"Password of {said['username']}", hide_input=True, confirmation_prompt=True, err=True)
    kept = all_ha1(said["username"], password) if issubclass(kind, DigestLogin) else password
    return {**said, "sealed": b64encode(seal.close(bound_to, kept)).decode()}
