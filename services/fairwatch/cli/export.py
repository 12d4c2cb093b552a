"""`fairwatch export` and `fairwatch import`: backup and restore of what events do not bring back."""

import asyncio
from pathlib import Path

import typer
from rich.console import Console

from fairwatch.apps.export import Summary, export
from fairwatch.apps.export_archive import read_key
from fairwatch.apps.export_restore import restore
from fairwatch.apps.settings import settings

FILE = typer.Argument(help="The backup.")
KEY = typer.Option(None, "--key-file", help="32 bytes in base64: `openssl rand -base64 32 > FILE`. Keep it elsewhere.")
PEOPLE = typer.Option(False, "--people", help="Bring back people.yaml: who could sign in then may again.")

ADMIN = typer.Option(None, "--admin-key", help="Key of an administrator, for --people.")
TRUSTED = typer.Option([], "--trusted", help="Public key, in base64, of an installation whose backup this may be.")
UNSIGNED = typer.Option(False, "--unsigned", help="Read a backup that nobody signed, or an unknown key.")
ORDER = typer.Option(
    "", "--order", envvar="FAIRWATCH_EXPORT_ORDER", help="See `fairwatch exports`; else one that fits."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export")(export_all)
    app.command("import")(import_all)


def export_all(file: Path = FILE, key_file: Path | None = KEY, order: str = ORDER) -> None:
    """Write sites, devices, authorisations, watchlist, rules and the audit chain to a file; leaves an audit record.

    With a key everything is encrypted, and enrolment pictures and credentials go in as well; without one they stay out.
    Where trust.yaml demands it, two people have ordered it before: `fairwatch exports request` and `approve`.
    """
    key = read_key(key_file) if key_file else None
    with Console(stderr=True).status("exporting") as status:
        summary = asyncio.run(export(settings(), file, key, status.update, order_id=order))
    _show(f"{file} holds", summary)


def import_all(
    file: Path = FILE,
    key_file: Path | None = KEY,
    people: bool = PEOPLE,
    admin_key: Path | None = ADMIN,
    trusted: list[str] = TRUSTED,
    unsigned: bool = UNSIGNED,
) -> None:
    """Read a backup into a new cluster: after `topics apply`, before any processor runs. Never overwrites anything.

    People and keys whom an administrator vouches for are in no backup: `fairwatch keys init` and `keys people`.
    """
    key = read_key(key_file) if key_file else None
    with Console(stderr=True).status("importing") as status:
        call = restore(
            settings(), file, key, status.update,
            people=people, admin_key=admin_key, trusted=trusted, unsigned=unsigned,
        )  # fmt: skip
        summary = asyncio.run(call)
    _show("written:", summary)


def _show(opening: str, summary: Summary) -> None:
    console = Console(stderr=True)
    console.print(opening, ", ".join(f"{count} {name}" for name, count in summary.counts.items()), highlight=False)
    for remark in summary.remarks:
        console.print(f"[yellow]note:[/yellow] {remark}", highlight=False)
