"""`fairwatch probe`: does an observation become an alert?"""

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console

from fairwatch.apps.probe import probe as send
from fairwatch.apps.settings import settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.vocabulary import EVENT_TYPES


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("probe")(probe)


def probe(
    event_type: Annotated[str, typer.Argument(help="Event type that one of your rules takes, e.g. tamper.other.")],
    events: Annotated[int, typer.Option(help="How many, each of a device of its own.", min=1)] = 1,
    rate: Annotated[float, typer.Option(help="How many a second.", min=0.01)] = 10,
    patience: Annotated[float, typer.Option(help="Seconds to wait for the last alert.", min=1)] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Publish observations and count their alerts: through every topic and processor between, and to your receivers.

    Exit code 0 when each has exactly one alert, 1 when one has none or several.
    """
    if event_type not in EVENT_TYPES:
        raise ConfigurationError(f"there is no event type {event_type!r}; some are: tamper.other, io.input, other")
    report = asyncio.run(send(settings(), event_type, events=events, rate=rate, patience_s=patience))
    numbers = report.numbers()
    if as_json:
        typer.echo(json.dumps(numbers))
    else:
        out = Console(soft_wrap=True)
        out.print("{events} published: {lost} without an alert, {doubled} alerts too many".format(**numbers))
        out.print("from broker to alert: half within {p50_s} s, all within {max_s} s".format(**numbers))
        if report.lost:
            out.print(f"no alert? A rule of routes.yaml must take event type {event_type}; see `fairwatch doctor`")
    raise typer.Exit(1 if report.lost or report.doubled else 0)
