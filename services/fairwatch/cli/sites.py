"""`fairwatch sites`: which sites are armed, and arming them."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import arming
from fairwatch.apps.acting import Named, password_of
from fairwatch.apps.printing import shown, to_the_second
from fairwatch.apps.settings import settings
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.arming import Record, changes_of
from fairwatch.wire.json_form import to_json

Site = Annotated[str, typer.Argument(help="Id of the site.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
Because = Annotated[str, typer.Option(help="Why a word that is asked about has to stand in the reason; audited.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="sites", help="Which sites are armed.", no_args_is_help=True)
    for command in (arm, disarm):
        group.command(command.__name__)(command)
    group.command("list")(list_)
    app.add_typer(group)


def arm(site: Site, who: Named = "", reason: Reason = "", because: Because = "") -> None:
    """Arm a site until somebody, one of its devices or its schedule says otherwise."""
    _say(site, who, reason, because, armed=True)


def disarm(site: Site, who: Named = "", reason: Reason = "", because: Because = "") -> None:
    """Disarm a site until somebody, one of its devices or its schedule says otherwise."""
    _say(site, who, reason, because, armed=False)


def list_(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a site.")] = False) -> None:
    """List what was said last of each site; what a schedule says stands in routes.yaml."""
    known = arming.known(settings())
    sites = sorted({str(record["site_id"]) for record in known.values()})
    said = {site: list(changes_of(known, site)) for site in sites}
    found = [{"site_id": site, "changes": all_, "updated_at": all_[-1]["at"]} for site, all_ in said.items() if all_]
    if as_json:
        for record in found:
            typer.echo(to_json(record))
        return
    table = Table("site", "state", "since", "by", "reason")
    for record in found:
        last = record["changes"][-1]
        state = "armed" if last["armed"] else "disarmed"
        table.add_row(*map(shown, (record["site_id"], state, to_the_second(last["at"]), last["by"], last["reason"])))
    Console().print(table)


def _say(site: str, who: str, reason: str, because: str, *, armed: bool) -> None:
    if site not in arming.sites(settings()):
        raise ConfigurationError(f"there is no site {site!r}")
    known, now = arming.known(settings()), SystemClock().now()
    record = arming.said(settings(), known, site, armed=armed, who=who, reason=reason, now=now)
    asyncio.run(_written(record, because))


async def _written(record: Record, because: str) -> None:
    await arming.write(settings(), await arming.signed(settings(), record, password_of), because)
