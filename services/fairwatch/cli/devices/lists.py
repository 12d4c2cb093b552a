"""`fairwatch devices lists`: lists that devices keep themselves, bound to an authorisation by two people."""

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console

from fairwatch.apps.acting import Proven, proved
from fairwatch.apps.device_admin import binding
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings, settings
from fairwatch.apps.signer import Signer
from fairwatch.cli.devices.arguments import DeviceId
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.duration import duration
from fairwatch.wire.signings import APPROVE, BIND, END

SECOND = 1_000_000
Entries = Annotated[list[str] | None, typer.Option("--entry", help="NAME=ENTRY: whom the device calls so, who it is.")]
ListId = Annotated[str, typer.Argument(metavar="LIST", help="Id of a binding, or the beginning of it.")]


def group() -> typer.Typer:
    """Return the group."""
    made = typer.Typer(name="lists", help="Lists that devices keep, bound by two people.", no_args_is_help=True)
    for command in (bind, approve, end):
        made.command(command.__name__)(command)
    made.command("list")(list_)
    return made


def bind(
    device_id: DeviceId,
    who: Proven,
    authorisation: Annotated[str, typer.Option("--authorisation", help="Id of the authorisation.")],
    lasting: Annotated[str, typer.Option("--for", help="For how long at most: 30d.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    entry: Entries = None,
    whole: Annotated[str | None, typer.Option("--whole", help="Entry that the whole list stands for.")] = None,
    because: Annotated[str, typer.Option("--because", help="Why a word that is asked about is meant.")] = "",
) -> None:
    """Ask that what a device recognises by its own list becomes a candidate; print the id. It waits for `approve`."""
    chosen, now = settings(), SystemClock().now()
    try:
        until = now + round(duration(lasting).total_seconds() * SECOND)
    except ValueError as error:
        raise ConfigurationError(f"--for: {error}") from error
    entries = [_parted(one) for one in entry or ()]
    record = binding.draft(chosen, device_id, authorisation, entries, whole, now=now, until=until)
    signer = proved(who, "device_list.bind")
    wanted = {**record, "requested_by": signer.name, "approved_by": [], "reason": reason}
    asked = binding.signed(chosen, signer, BIND, wanted)
    _write(chosen, binding.REQUESTED, signer, asked, because)
    typer.echo(asked["list_id"])


def approve(list_id: ListId, who: Proven) -> None:
    """Agree to a binding as a second person; from then on it counts."""
    chosen, now = settings(), SystemClock().now()
    record = binding.agreed(binding.one(chosen, list_id), who, now)
    signer = proved(who, "device_list.approve")
    _write(chosen, "device_list.bound", signer, binding.signed(chosen, signer, APPROVE, record))


def end(list_id: ListId, who: Proven) -> None:
    """End a binding: what the device recognises is dropped again."""
    chosen, now = settings(), SystemClock().now()
    record = {**binding.one(chosen, list_id), "state": "ENDED", "updated_at": now}
    signer = proved(who, "device_list.end")
    _write(chosen, "device_list.ended", signer, binding.signed(chosen, signer, END, record))


def list_() -> None:
    """Print all bindings, one JSON object a line."""
    for record in latest(settings(), binding.TOPIC).values():
        typer.echo(json.dumps(record, ensure_ascii=False))


def _write(chosen: Settings, action: str, signer: Signer, record: binding.Record, because: str = "") -> None:
    asyncio.run(binding.write(chosen, action, signer.name, record, because))
    Console(stderr=True).print(f"[green]✓[/] {record['list_id']}: {record['state'].lower()}", highlight=False)


def _parted(text: str) -> tuple[str, str]:
    name, equals, entry_id = text.rpartition("=")
    if not equals or not name or not entry_id:
        raise ConfigurationError(f"--entry {text!r}: must be NAME=ENTRY")
    return name, entry_id
