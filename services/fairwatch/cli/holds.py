"""`fairwatch holds`: duties to keep what would be erased."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import holding
from fairwatch.apps.acting import Named, instant_of
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.domain.calendar import iso_8601
from fairwatch.domain.clock import SystemClock
from fairwatch.policy.erasure import holds_now


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="holds", help="Legal holds: they go before every erasure.", no_args_is_help=True)
    group.command("place")(place)
    group.command("release")(release)
    group.command("list")(list_)
    app.add_typer(group)


def place(
    subject: Annotated[str, typer.Argument(help="Id of an authorisation, entry or candidate, or fw-media:… ")],
    who: Named = "",
    reason: Annotated[str, typer.Option("--reason", help="Why it must be kept.")] = "",
    reference: Annotated[str, typer.Option("--reference", help="Court order or case.")] = "",
    until: Annotated[str, typer.Option("--until", help="End: 2026-03-01T18:00+01:00; else until released.")] = "",
) -> None:
    """Keep what came of something: neither `erase` nor retention deletes its entries and pictures; print the id.

    Records of topics that are deleted by age go all the same: take them out with `fairwatch tail --json`.
    """
    end = instant_of("--until", until) if until else None
    now = SystemClock().now()
    hold = holding.placed(settings(), subject, who, now, reason=reason, reference=reference, until=end)
    asyncio.run(holding.write(settings(), "hold.placed", hold))
    typer.echo(hold["hold_id"])


def release(hold: Annotated[str, typer.Argument(help="See `list`.")], who: Named = "") -> None:
    """End a hold of somebody else; what came of an authorisation that is over goes in the next round of `retain`."""
    ended = holding.released(settings(), hold, who, SystemClock().now())
    asyncio.run(holding.write(settings(), "hold.released", ended))


def list_() -> None:
    """Show every hold, those that stand first."""
    now = SystemClock().now()
    table = Table("hold", "", "of", "by", "until", "released by", "why", "reference", box=None)
    for hold in sorted(holding.known(settings()).values(), key=lambda one: (not holds_now(one, now), one["placed_at"])):
        until = hold.get("until")
        told = (
            hold["hold_id"],
            "stands" if holds_now(hold, now) else "over",
            hold["subject"],
            hold["placed_by"],
            "released" if until is None else iso_8601(until),
            hold.get("released_by") or "",
            hold["reason"],
            hold.get("reference", ""),
        )
        table.add_row(*map(shown, told))
    Console().print(table)
