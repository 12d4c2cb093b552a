"""`fairwatch oncall`: who is on call, and whom each policy would tell."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps.on_call import people_on_call, steps_of
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.domain.calendar import instant
from fairwatch.domain.clock import SystemClock
from fairwatch.policy.escalations import FILE, Escalations


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("oncall")(show)


def show(
    at: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], help="UTC; now by default.")
    ] = None,
) -> None:
    """Tell who is on call by each schedule, who of them is away, and whom each policy would tell if nobody answered."""
    escalations = Escalations.read(settings().config_dir / FILE)
    moment = instant(at.replace(tzinfo=UTC)) if at else SystemClock().now()
    table = Table("schedule", "on call", "next change", box=None)
    for row in people_on_call(escalations, moment):
        table.add_row(*map(shown, row))
    Console().print(table)
    steps = Table("policy", "after", "whom", box=None)
    for row in steps_of(escalations, moment):
        steps.add_row(*map(shown, row))
    Console().print(steps)
