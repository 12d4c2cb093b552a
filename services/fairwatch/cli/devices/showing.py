"""`fairwatch devices list` and `show`."""

import json
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps.device_admin.register import FILE, Register
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.cli.devices.arguments import AsJson, DeviceId
from fairwatch.edges.credentials import DeviceBinding
from fairwatch.wire.json_form import to_json

_WAYS = {
    "key_sha256": "key", "certificate_sha256": "certificate", "digest": "digest", "viid_id": "GA/T 1400",
    "mqtt_topics": "MQTT", "stream": "stream",
}  # fmt: skip


def list_(as_json: AsJson = False) -> None:
    """List all devices, by how each proves itself, and what is wrong between them."""
    register = Register.read(settings())
    rows = sorted(
        [*map(_of_file, register.written), *map(_of_record, register.records.values())],
        key=lambda one: one["device_id"],
    )
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    table = Table("device", "name", "site", "ways in", "formats", "said by", box=None)
    for row in rows:
        device_id = shown(row["device_id"]) + ("" if row["enabled"] else " [yellow](disabled)[/]")
        ways, formats = ", ".join(row["ways"]) or "-", ", ".join(row["formats"])
        table.add_row(device_id, shown(row["name"]), shown(row["site_id"] or "-"), ways, shown(formats), row["said_by"])
    Console(soft_wrap=True).print(table)
    for conflict in register.conflicts:
        Console(stderr=True).print(f"[red]✗[/] {shown(conflict)}", highlight=False)


def show(device_id: DeviceId) -> None:
    """Print a device's record as JSON; sealed passwords stay sealed."""
    register = Register.read(settings())
    record = dict(register.record(device_id))
    written = next((one for one in register.written if one.device_id == device_id), None)
    if written is not None:
        record |= {"access": None, "said_by": FILE}
    typer.echo(json.dumps(json.loads(to_json(record)), indent=2, ensure_ascii=False))


def _of_record(record: dict[str, Any]) -> dict[str, Any]:
    access = record.get("access") or {}
    return {
        "device_id": record["device_id"],
        "name": record.get("name", ""),
        "site_id": record.get("site_id"),
        "enabled": record.get("enabled", True),
        "ways": [word for field, word in _WAYS.items() if access.get(field)],
        "formats": record.get("formats", []),
        "said_by": "record",
    }


def _of_file(binding: DeviceBinding) -> dict[str, Any]:
    ways = {
        "key_sha256": binding.api_key_hash, "certificate_sha256": binding.certificate_sha256,
        "digest": binding.digest, "viid_id": binding.viid_id, "mqtt_topics": binding.mqtt_topics,
        "stream": binding.alert_stream,
    }  # fmt: skip
    return {
        "device_id": binding.device_id,
        "name": "",
        "site_id": None,
        "enabled": binding.enabled,
        "ways": [word for field, word in _WAYS.items() if ways[field]],
        "formats": [binding.format] if binding.format else [],
        "said_by": FILE,
    }
