"""`fairwatch holds`: duties to keep what would be erased."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import holding
from fairwatch.apps.acting import Proven, instant_of, proved
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.domain.calendar import iso_8601
from fairwatch.domain.clock import SystemClock
from fairwatch.policy.authorisation import NOT_AUTHENTIC
from fairwatch.policy.erasure import holds_now
from fairwatch.wire.signings import PLACE, RELEASE


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="holds", help="Legal holds: they go before every erasure.", no_args_is_help=True)
    group.command("place")(place)
    group.command("release")(release)
    group.command("sign")(sign)
    group.command("list")(list_)
    app.add_typer(group)


def place(
    subject: Annotated[str, typer.Argument(help="Id of an authorisation, entry or candidate, or fw-media:… ")],
    who: Proven,
    reason: Annotated[str, typer.Option("--reason", help="Why it must be kept.")] = "",
    reference: Annotated[str, typer.Option("--reference", help="Court order or case.")] = "",
    until: Annotated[str, typer.Option("--until", help="End: 2026-03-01T18:00+01:00; else until released.")] = "",
) -> None:
    """Keep what came of something: neither `erase` nor retention deletes its entries and pictures; print the id.

    Records of topics that are deleted by age go all the same: take them out with `fairwatch tail --json`.
    """
    end, signer = instant_of("--until", until) if until else None, proved(who, "hold.place")
    hold = holding.placed(subject, signer, SystemClock().now(), reason=reason, reference=reference, until=end)
    asyncio.run(holding.write(settings(), PLACE, signer, hold))
    typer.echo(hold["hold_id"])


def release(hold: Annotated[str, typer.Argument(help="See `list`.")], who: Proven) -> None:
    """End a hold of somebody else; what came of an authorisation that is over goes in the next round of `retain`."""
    signer = proved(who, "hold.release")
    ended = holding.released(holding.known(settings()).get(hold), signer, SystemClock().now())
    asyncio.run(holding.write(settings(), RELEASE, signer, ended))


def sign(who: Proven) -> None:
    """Sign all holds of before signatures that you placed or released; they stand as they stood."""
    signer, now, count = proved(who, "hold.place"), SystemClock().now(), 0
    for hold in holding.countersigned(holding.written(settings()), signer, now):
        asyncio.run(holding.write(settings(), "sign", signer, hold))
        count += 1
    typer.echo(f"{count} signed")


def list_() -> None:
    """Show every hold, those that stand first."""
    now = SystemClock().now()
    table = Table("hold", "", "of", "by", "until", "released by", "why", "reference", box=None)
    for hold in sorted(holding.known(settings()).values(), key=lambda one: (not holds_now(one, now), one["placed_at"])):
        until = hold.get("until")
        told = (
            hold["hold_id"],
            "nobody signed it" if hold.get("state") == NOT_AUTHENTIC else "stands" if holds_now(hold, now) else "over",
            hold["subject"],
            hold["placed_by"],
            "released" if until is None else iso_8601(until),
            hold.get("released_by") or "",
            hold["reason"],
            hold.get("reference", ""),
        )
        table.add_row(*map(shown, told))
    Console().print(table)
