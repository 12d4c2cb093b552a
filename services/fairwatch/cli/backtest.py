"""`fairwatch backtest`: what new rules would have done with what was seen."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from fairwatch.apps import reference
from fairwatch.apps.backtest.history import FileHistory, TopicHistory
from fairwatch.apps.backtest.play import processors
from fairwatch.apps.backtest.run import ALWAYS, backtest
from fairwatch.apps.settings import settings
from fairwatch.domain.calendar import instant
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.routing import RouteTree


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backtest")(run)


def run(
    rules: Annotated[Path, typer.Option("--rules", help="The new rules.")],
    start: Annotated[str, typer.Option("--from", help="First time, e.g. 2026-03-01 or 2026-03-01T08:00+01:00.")] = "",
    end: Annotated[str, typer.Option("--to", help="Time after the last one.")] = "",
    folder: Annotated[
        Path | None, typer.Option("--config", help="Folder of the old routes.yaml; FAIRWATCH_CONFIG_DIR without.")
    ] = None,
    history: Annotated[
        list[Path] | None,
        typer.Option("--history", help="Files that `fairwatch tail --json` wrote, instead of the topics."),
    ] = None,
    most: Annotated[int, typer.Option("--differences", help="How many differences to show.")] = 50,
    processes: Annotated[int, typer.Option("--processes", help="How many; one a processor without.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, with every difference.")] = False,
) -> None:
    """Play what was seen and decided through new rules beside the old: alerts, differences, precision, minutes."""
    chosen = folder or settings().config_dir
    old, new = RouteTree.read(chosen / "routes.yaml"), RouteTree.read(rules)
    path = chosen / reference.FILE
    known = reference.read_reference(path) if path.exists() else {"sites": {}, "devices": {}}
    records = FileHistory(history) if history else TopicHistory(settings())
    since, until = _at(start) if start else 0, _at(end) if end else ALWAYS
    if since >= until:
        raise ConfigurationError("--from is not before --to")
    found = backtest(old, new, records, known["sites"], since, until, processes or processors(), known["devices"])
    if not found.seen.sightings:
        raise ConfigurationError("nothing was seen between these times")
    if as_json:
        typer.echo(json.dumps(found.as_json()))
    else:
        typer.echo("\n".join(found.lines(most)))


def _at(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is no time such as 2026-03-01 or 2026-03-01T08:00+01:00") from None
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
