"""`fairwatch devices import`."""

import asyncio
import csv
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fairwatch.apps.device_admin.register import Change, Register, publish
from fairwatch.apps.device_admin.rows import Rows, read_rows
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.cli.devices.arguments import Reason, seal_of
from fairwatch.cli.main import EXIT_CONFIGURATION
from fairwatch.domain.errors import ConfigurationError


def import_(
    file: Annotated[Path, typer.Argument(help="CSV with a heading, or YAML such as devices.yaml.")],
    keys: Annotated[Path | None, typer.Option("--keys", help="New file for API keys that are made.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Devices that are registered are written anew.")] = False,
    reason: Reason = "",
) -> None:
    """Register all devices of a file, or none: everything that is wrong is told at once.

    A row that names no way to prove itself gets an API key, which is written to --keys. Exit code 78 when something is
    wrong.
    """
    chosen = settings()
    register = Register.read(chosen)
    rows = read_rows(file, chosen.config_dir, seal_of(chosen))
    faults = rows.faults + list(_faults(rows, register, replace=replace))
    if rows.keys and keys is None:
        faults.append(f"{len(rows.keys)} devices need an API key: --keys FILE says where to write them")
    out = Console(stderr=True)
    if faults:
        for fault in faults:
            out.print(f"[red]✗[/] {shown(fault)}", highlight=False)
        raise typer.Exit(EXIT_CONFIGURATION)
    if keys is not None:
        _write(keys, rows.keys)
    changes = [Change("device.registered", _merged(register, record)) for _, record in rows.records]
    asyncio.run(publish(chosen, register, changes, reason))
    out.print(f"[green]✓[/] {len(changes)} registered, {len(rows.keys)} with a new key", highlight=False)


def _faults(rows: Rows, register: Register, *, replace: bool) -> list[str]:
    found: list[str] = []
    written = {one.device_id for one in register.written}
    for place, record in rows.records:
        device_id = record["device_id"]
        if register.knows(device_id) and device_id not in written and not replace:
            found.append(f"{place}: device {device_id} is registered already")
            continue
        found += [f"{place}: {fault}" for fault in register.faults(record)]
    return found


def _merged(register: Register, record: dict[str, object]) -> dict[str, object]:
    """Return a record over what is known of the device already; what the row leaves open stays."""
    before = register.records.get(str(record["device_id"]), {})
    return {
        **before,
        **{name: value for name, value in record.items() if value not in (None, "", []) or name not in before},
    }


def _write(file: Path, keys: dict[str, str]) -> None:
    """Write keys into a new file that nobody else may read."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be made: {error}") from error
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("device_id", "api_key"))
        writer.writerows(keys.items())
