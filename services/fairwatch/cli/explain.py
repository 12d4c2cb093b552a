"""`fairwatch explain`: where an alert comes from."""

import asyncio
import sys
from typing import Annotated

import orjson
import typer
from rich.console import Console

from fairwatch.apps.lineage.explain import audit_look, explain
from fairwatch.apps.lineage.steps import lines
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.apps.telling import operator
from fairwatch.domain.clock import SystemClock


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain_alert)


def explain_alert(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT", help="Its id.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Print the chain of an alert: bytes, format, enrichment, match, mandate, people, rule, deliveries, audit.

    What is missing is said, with the reason: past its topic's lifetime, erased, or never written. The look is audited.
    """
    chosen, now = settings(), SystemClock().now()
    asyncio.run(audit_look(chosen, alert_id, operator(), now))
    told = explain(chosen, alert_id, now)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
        return
    console = Console()
    for line in lines(told):
        console.print(shown(line), highlight=False, soft_wrap=True)
