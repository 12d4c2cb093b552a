"""`fairwatch exports`: who may take data out, what for and until when; and whether a backup is what somebody made."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import exporting
from fairwatch.apps.acting import Proven, instant_of, proved
from fairwatch.apps.export_archive import read_key
from fairwatch.apps.export_signature import checked
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.domain.calendar import iso_8601
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.signings import APPROVE, REQUEST, REVOKE

Id = Annotated[str, typer.Argument(metavar="ORDER", help="See `list`.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="exports", help="Orders to export data, by two people.", no_args_is_help=True)
    for command in (request, approve, revoke, verify):
        group.command(command.__name__)(command)
    group.command("list")(list_)
    app.add_typer(group)


def request(
    who: Proven,
    purpose: Annotated[str, typer.Option("--purpose", help="What for.")] = "",
    recipient: Annotated[str, typer.Option("--recipient", help="Who is given the file.")] = "",
    until: Annotated[str, typer.Option("--until", help="2026-03-01T18:00+01:00; a day without.")] = "",
    records_from: Annotated[
        str, typer.Option("--records-from", help="Of the audit log only what is of then or later.")
    ] = "",
    records_until: Annotated[str, typer.Option("--records-until", help="And before then.")] = "",
    pictures: Annotated[bool, typer.Option("--pictures", help="Pictures and credentials too, sealed.")] = False,
) -> None:
    """Ask that data may leave; print the id. Nothing leaves until somebody else agrees."""
    end, signer, now = (
        instant_of("--until", until) if until else None,
        proved(who, "export.request"),
        SystemClock().now(),
    )
    window = exporting.Window(
        instant_of("--records-from", records_from) if records_from else None,
        instant_of("--records-until", records_until) if records_until else None,
    )
    order = exporting.requested(
        signer, now, purpose=purpose, recipient=recipient, pictures=pictures, until=end or now + exporting.DAY,
        window=window,
    )  # fmt: skip
    asyncio.run(exporting.write(settings(), REQUEST, signer, order))
    typer.echo(order["order_id"])


def approve(order: Id, who: Proven) -> None:
    """Agree to an order that somebody else asked for."""
    _decide(order, APPROVE, who)


def revoke(order: Id, who: Proven) -> None:
    """Take an order back: nothing leaves under it any more."""
    _decide(order, REVOKE, who)


def verify(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    trusted: Annotated[list[str] | None, typer.Option("--trusted", help="Public key of who may have made it.")] = None,
    key_file: Annotated[Path | None, typer.Option("--key-file", help="Opens it, to look at more.")] = None,
) -> None:
    """Tell whether a backup is as somebody made it who is trusted here; needs neither its key nor a broker."""
    key = read_key(key_file) if key_file else None
    typer.echo(f"unaltered, signed by {checked(settings(), file, key, trusted or [])}")


def list_() -> None:
    """Show every order, and whether it stands."""
    now, table = SystemClock().now(), Table("order", "state", "what for", "to", "asked by", "agreed", "until", box=None)
    for order_id, one in sorted(exporting.known(settings()).items(), key=lambda row: row[1]["valid_from"]):
        state = one["state"] if one["valid_until"] > now else "OVER"
        rows = (order_id, state, one["purpose"], one["recipient"], one["requested_by"], ", ".join(one["approved_by"]))
        table.add_row(*map(shown, rows), iso_8601(one["valid_until"]))
    Console().print(table)


def _decide(order_id: str, act: str, who: str) -> None:
    signer = proved(who, f"export.{act}")
    found = exporting.known(settings()).get(order_id)
    if found is None:
        raise ConfigurationError(f"there is no export order {order_id!r}")
    changed = exporting.decided(found, act, signer, SystemClock().now())
    asyncio.run(exporting.write(settings(), act, signer, changed))
    typer.echo(f"{order_id}: {changed['state'].lower()}")
