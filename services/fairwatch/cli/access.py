"""`fairwatch access`: who may do what, what another file of policies would add, and the signatures that this takes."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import access
from fairwatch.apps.keys import administrator, anchors
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.cli.main import EXIT_CONFIGURATION
from fairwatch.policy.access import ROLES, shipped

File = Annotated[Path, typer.Argument(help="A file of Cedar policies, such as access.cedar.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="access", help="Who may do what, as Cedar policies.", no_args_is_help=True)
    for command in (check, sign, show):
        group.command(command.__name__)(command)
    app.add_typer(group)


def show() -> None:
    """Show what each role allows here."""
    found = access.policies(settings())
    table = Table("", *ROLES, box=None)
    allowed = found.permissions()
    for action in sorted({action for _, action in allowed}):
        table.add_row(shown(action), *("yes" if (role, action) in allowed else "" for role in ROLES))
    Console().print(table)
    typer.echo(f"version {found.version}{' (as shipped)' if found.version == shipped().version else ''}")


def check(file: File) -> None:
    """Say which permissions a file adds to what is in force, and who signed it. Exit code 78 where signatures lack."""
    found, out = access.read(file), Console(stderr=True)
    signers = access.signed_by(file, found, anchors(settings()))
    for line in found.added(access.policies(settings())):
        out.print(f"[yellow]adds[/] {shown(line)}", highlight=False)
    more = found.added(shipped())
    out.print(f"version {found.version}, signed by {len(signers)} administrators", highlight=False)
    if more and len(signers) < access.PEOPLE:
        out.print(f"[red]✗[/] allows more than the product does: {access.PEOPLE} administrators have to sign it")
        raise typer.Exit(EXIT_CONFIGURATION)
    out.print("[green]✓[/] may be put into the configuration folder", highlight=False)


def sign(
    file: File, admin_key: Annotated[Path, typer.Option("--admin-key", help="Private key of an administrator, PEM.")]
) -> None:
    """Sign a file of policies as an administrator; what it adds is shown. Copy access.signatures with it."""
    key = administrator(admin_key, settings())
    for line in access.read(file).added(access.policies(settings())):
        Console(stderr=True).print(f"[yellow]adds[/] {shown(line)}", highlight=False)
    access.sign(file, key)
    typer.echo(f"{access.signatures_of(file)}: signed by {key.public.key_id}")
