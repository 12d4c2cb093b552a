"""`fairwatch doctor`: what is reachable, what is misconfigured, and what to do."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from fairwatch.apps.doctor import examine
from fairwatch.apps.doctor_finding import Finding, fails
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings

MARKS = {"good": "[green]✓[/]", "warning": "[yellow]![/]", "bad": "[red]✗[/]"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each finding.")] = False,
    insecure: Annotated[
        bool, typer.Option(help="A trial: what is bad of trust alone is told as ever, and is no failure.")
    ] = False,
) -> None:
    """Look at Kafka, its topics, rights, schemas, groups and clocks, at Redis, media, files, models and components.

    Nothing is changed.

    Exit code 0 when nothing is bad, 1 otherwise.
    """
    findings = asyncio.run(_examine(as_json=as_json))
    raise typer.Exit(1 if fails(findings, insecure=insecure) else 0)


async def _examine(*, as_json: bool) -> list[Finding]:
    out, findings = Console(soft_wrap=True), []
    async for finding in examine(settings()):
        findings.append(finding)
        if as_json:
            typer.echo(json.dumps(asdict(finding)))
        else:
            advice = f"  [bold]→ {shown(finding.advice)}[/]" if finding.advice else ""
            out.print(f"{MARKS[finding.level]} {finding.what:<10} {shown(finding.seen)}{advice}", highlight=False)
    return findings
