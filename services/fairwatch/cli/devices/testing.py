"""`fairwatch devices test`."""

import json
import time
from dataclasses import fields

import typer
from rich.console import Console

from fairwatch.apps.device_admin.inspection import Inspection, inspect
from fairwatch.apps.device_admin.register import Register
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.cli.devices.arguments import AsJson, DeviceId, Since, since_ms

EXIT_SILENT = 1
_MOST = 10


def tell(device_id: DeviceId, since: Since = "10m", as_json: AsJson = False) -> None:
    """Say whether a device's events arrive and are understood, how its clock goes, and what nobody reads of them.

    Exit code 1 when nothing came of it.
    """
    chosen = settings()
    record = Register.read(chosen).record(device_id)
    found = inspect(chosen, device_id, since_ms(since))
    if as_json:
        typer.echo(json.dumps({one.name: getattr(found, one.name) for one in fields(found)}))
    else:
        out = Console(soft_wrap=True)
        for line in told(found, since, enabled=record.get("enabled", True)):
            out.print(shown(line), highlight=False)
    if not found.sightings:
        raise typer.Exit(EXIT_SILENT)


def told(found: Inspection, since: str, *, enabled: bool) -> list[str]:
    """Return sentences about what was found."""
    lines = [] if enabled else ["It is disabled: gateways refuse it."]
    if not found.received:
        return [*lines, f"Nothing came within {since}: look at its address, its key, and the gateway's log."]
    age = time.time() - found.last_at / 1_000_000
    ways = ", ".join(f"{count} by {gateway}" for gateway, count in found.received.most_common())
    lines.append(f"Came within {since}: {ways}; the last one {age:.0f} s ago.")
    if found.sightings:
        lines.append("Understood: " + ", ".join(f"{count} as {name}" for name, count in found.sightings.most_common()))
        if not found.placed:
            lines.append("It has no record: nobody knows where it stands.")
        lines.append(f"Clock: {found.clock}, {found.offset_ms / 1000:+.1f} s.")
    else:
        lines.append("Nothing of it was understood as an event.")
    lines += [f"Not read: {count} for {why}" for why, count in found.dead.most_common(_MOST)]
    lines += [
        f"No declaration reads {path} (about {count} payloads)" for path, count in found.unread.most_common(_MOST)
    ]
    return lines
