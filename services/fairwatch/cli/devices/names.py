"""`fairwatch devices names`."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import kafka
from fairwatch.apps.device_admin.heard_names import HeardName, heard_names
from fairwatch.apps.device_admin.inspection import raw_events
from fairwatch.apps.device_admin.register import Change, Register, audited, publish
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import Settings, settings
from fairwatch.cli.devices.arguments import AsJson, DeviceId, Reason, Since, since_ms
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.kinds.names import is_token

Wanted = Annotated[list[str] | None, typer.Option("--register", help="Token or name that may travel from now on.")]


def names(
    device_id: DeviceId, register: Wanted = None, since: Since = "1h", reason: Reason = "", as_json: AsJson = False
) -> None:
    """Show what the tokens of a device stand for, from what it sent lately; --register lets names travel.

    Who reads raw events may do this; that somebody did is audited.
    """
    chosen = settings()
    known = Register.read(chosen)
    record = known.record(device_id)
    found = heard_names(chosen, record, raw_events(chosen, device_id, since_ms(since)))
    asyncio.run(_say_who_looked(chosen, device_id, len(found)))
    if register:
        wanted = [_name(one, found) for one in register]
        names_now = list(dict.fromkeys([*record.get("names", []), *wanted]))
        change = Change("device.names_registered", {**record, "names": names_now}, {"names": ", ".join(wanted)})
        asyncio.run(publish(chosen, known, [change], reason))
        Console(stderr=True).print(f"[green]✓[/] registered: {shown(', '.join(wanted))}", highlight=False)
        return
    _print(found, as_json=as_json)


async def _say_who_looked(chosen: Settings, device_id: str, count: int) -> None:
    async with kafka.producer(chosen, "cli") as publisher:
        await audited(publisher, "device.names_shown", device_id, SystemClock().now(), {"names": str(count)})


def _name(wanted: str, found: list[HeardName]) -> str:
    if not is_token(wanted):
        return wanted
    spelt = [one.name for one in found if one.token == wanted]
    if not spelt:
        raise ConfigurationError(f"{wanted} stands for nothing that the device sent lately; --since looks further back")
    return spelt[0]


def _print(found: list[HeardName], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            typer.echo(json.dumps(asdict(one), ensure_ascii=False))
        return
    table = Table("token", "stands for", "seen", "registered", box=None)
    for one in found:
        table.add_row(one.token, shown(one.name), str(one.count), "yes" if one.registered else "")
    Console(soft_wrap=True).print(table)
