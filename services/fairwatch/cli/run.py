"""`fairwatch run` and `fairwatch list`: the components of the hub."""

import json
import subprocess
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch import __version__
from fairwatch.apps.catalogue import components, find
from fairwatch.apps.settings import settings
from fairwatch.apps.together import run_together
from fairwatch.telemetry import log, tracing


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run)
    app.command("list")(list_components)


def run(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Components; `fairwatch list` names them.")],
) -> None:
    """Run processors, gateways or the console until they are told to stop.

    One name runs in this process, several each in a process of their own; the first that ends ends all.
    """
    chosen = [find(name) for name in names]
    if len(chosen) > 1:
        commands = {part.name: [sys.executable, "-m", "fairwatch", "run", part.name] for part in chosen}
        raise typer.Exit(run_together(commands, stdin=subprocess.DEVNULL))
    [component] = chosen
    configuration = settings()
    log.configure(configuration.log_level, json=configuration.log_json, component=component.name)
    tracing.configure(
        configuration.otlp_endpoint,
        configuration.trace_ratio,
        component=component.name,
        version=__version__,
        instance=configuration.instance,
    )
    try:
        code = component.run(configuration)
    finally:
        tracing.shut_down()
    raise typer.Exit(code)


def list_components(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False) -> None:
    """Name every component that `run` knows."""
    known = components().values()
    if as_json:
        typer.echo(json.dumps([{"name": part.name, "kind": part.kind, "summary": part.summary} for part in known]))
        return
    table = Table("name", "kind", "what it does", box=None)
    for part in known:
        table.add_row(part.name, part.kind, part.summary)
    Console().print(table)
