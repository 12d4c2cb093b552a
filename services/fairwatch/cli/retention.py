"""`fairwatch retention`: how long what is kept, and why."""

import json
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import retention
from fairwatch.apps.printing import shown
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import settings
from fairwatch.cli.main import EXIT_CONFIGURATION
from fairwatch.domain.clock import SystemClock


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="How long what is kept, and why.", no_args_is_help=True)
    group.command("show")(show)
    group.callback()(_several)
    app.add_typer(group, name="retention")


def _several() -> None:
    """How long what is kept, and why."""


def show(as_json: bool = typer.Option(False, "--json", help="One JSON object a line on stdout.")) -> None:
    """Show for each class of data, list and legal hold how long it is kept, who says so, and what deletes it.

    Exit code 78 where retention.yaml contradicts an authorisation: the shorter of the two holds all the same.
    """
    chosen = settings()
    known = {topic: latest(chosen, topic) for topic in ("authorisations", "legal-holds")}
    found = list(retention.rows(chosen, known["authorisations"], known["legal-holds"], SystemClock().now()))
    if as_json:
        for row in found:
            typer.echo(json.dumps(asdict(row), ensure_ascii=False))
    else:
        table = Table("what", "of", "hours", "who says so", "what deletes it", box=None)
        for row in found:
            hours = "no end" if row.hours < 0 else str(row.hours)
            table.add_row(row.what, shown(row.of), hours, shown(row.why), row.how)
        Console().print(table)
    faults = retention.contradictions(chosen)
    for fault in faults:
        Console(stderr=True).print(f"[red]✗[/] {shown(fault)}", highlight=False)
    if faults:
        raise typer.Exit(EXIT_CONFIGURATION)
