"""`fairwatch subject`: what is held of one person or plate, for whoever asks for it by right."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.apps.subject_export import export_subject
from fairwatch.apps.telling import operator
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="What is held of one person or plate.", no_args_is_help=True)
    group.callback()(_several)
    group.command("export")(export)
    app.add_typer(group, name="subject")


def _several() -> None:
    """What is held of one person or plate."""


def export(
    subject: Annotated[str, typer.Argument(help="Id of an entry or a candidate, fw-media:…, or a plate.")],
    file: Annotated[Path, typer.Argument(help="The file, a ZIP of JSON and pictures; never overwritten.")],
    reason: Annotated[str, typer.Option("--reason", help="Which request this answers; in the audit log.")] = "",
    order: Annotated[str, typer.Option("--order", help="See `fairwatch exports`; else one that fits.")] = "",
) -> None:
    """Write everything that is held of somebody into a file: records, pictures, and what was done with them.

    Every store is searched from its beginning, 60,000 records a second. Look through the file before you hand it over:
    scenes may show others, and people who decided are named.
    """
    if not reason:
        raise ConfigurationError("say which request this answers with --reason")
    who, now = operator(), SystemClock().now()
    made = asyncio.run(export_subject(settings(), subject, file, reason=reason, actor=who, now=now, order_id=order))
    for topic, count in made.counts.items():
        typer.echo(f"{count} {topic}")
    typer.echo(f"{made.pictures} pictures" + (f", {len(made.gone)} are gone" if made.gone else ""))
    typer.echo(f"{shown(str(file))}: look through pictures/scene before you hand it over: it may show others")
