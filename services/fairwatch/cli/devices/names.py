"""`fairwatch devices names`."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps.device_admin.heard_names import HeardName, heard_names
from fairwatch.apps.device_admin.inspection import raw_events
from fairwatch.apps.device_admin.register import Change, Register, publish
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import Settings, settings
from fairwatch.apps.telling import tell, told
from fairwatch.cli.devices.arguments import AsJson, DeviceId, Reason, Since, since_ms
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.kinds.names import NAME_KINDS, is_token, kind_and_name

Wanted = Annotated[list[str] | None, typer.Option("--register", help="Token, or `rule:NAME`: may travel.")]


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
        wanted = [pair for one in register for pair in _pairs(one, found)]
        said = ", ".join(f"{kind}:{name}" for kind, name in wanted)
        before = record.get("names_by_kind", [])
        new = [{"kind": kind.upper(), "name": name} for kind, name in dict.fromkeys(wanted)]
        now = [*before, *(one for one in new if one not in before)]
        change = Change("device.names_registered", {**record, "names_by_kind": now}, {"names": said})
        asyncio.run(publish(chosen, known, [change], reason))
        Console(stderr=True).print(f"[green]✓[/] registered: {shown(said)}", highlight=False)
        return
    _print(found, as_json=as_json)


async def _say_who_looked(chosen: Settings, device_id: str, count: int) -> None:
    await tell(chosen, told("device.names_shown", device_id, details={"names": str(count)}))


def _pairs(wanted: str, found: list[HeardName]) -> list[tuple[str, str]]:
    """Return (kind, name) of what somebody wants to register: a token, `rule:NAME`, or a name that was heard."""
    kind, name = kind_and_name(wanted)
    if is_token(wanted):
        spelt = [(one.kind, one.name) for one in found if one.token == wanted][:1]
        missing = f"{wanted} stands for nothing that the device sent lately; --since looks further back"
    else:
        spelt = [(kind, name)] if kind else [(one.kind, one.name) for one in found if one.name == name]
        missing = f"{wanted!r} is no name that the device sent lately: say of what it is, such as rule:{wanted}"
    if not spelt:
        raise ConfigurationError(missing)
    for kind, _ in spelt:
        if kind not in NAME_KINDS:
            raise ConfigurationError(f"a name of a {kind} is never shown: only those of {', '.join(NAME_KINDS)}")
    return spelt


def _print(found: list[HeardName], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            typer.echo(json.dumps(asdict(one), ensure_ascii=False))
        return
    table = Table("token", "stands for", "of a", "seen", "registered", box=None)
    for one in found:
        table.add_row(one.token, shown(one.name), one.kind, str(one.count), "yes" if one.registered else "")
    Console(soft_wrap=True).print(table)
