"""`fairwatch receivers`: who is told of alerts, and whether they take them."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps.printing import shown
from fairwatch.apps.receivers import try_receiver
from fairwatch.apps.settings import settings
from fairwatch.policy.configuration import read_yaml
from fairwatch.sinks.receivers import Receivers


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="receivers", help="Who is told of alerts.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("test")(test)
    app.add_typer(group)


def list_() -> None:
    """List the receivers of receivers.yaml; no secret is looked for."""
    table = Table("receiver", "kind", "from severity", "of ends", "given up after", "then", box=None)
    for receiver in read_yaml(settings().config_dir / "receivers.yaml", Receivers).receivers:
        ends = "told" if receiver.send_resolved else "not told"
        then = receiver.fallback or "dead letters"
        cells = (receiver.name, receiver.sink_kind, receiver.min_severity, ends, str(receiver.give_up_after), then)
        table.add_row(*map(shown, cells))
    Console().print(table)


def test(name: Annotated[str, typer.Argument(help="Its name in receivers.yaml.")]) -> None:
    """Send a marked test message and its end to a receiver, past everything that waits, and print the answers.

    Exit code 0 when both were taken, 1 when not.
    """
    tried = asyncio.run(try_receiver(settings(), name))
    out = Console(soft_wrap=True)
    for one in tried:
        answer = one.answer
        status = f", status {answer.status}" if answer.status is not None else ""
        later = ", worth trying again" if answer.retryable else ""
        text = f"[bold]{answer.reason}[/]{status}{later}, after {one.seconds:.2f} s"
        out.print(f"{shown(name)} ({one.kind}) {one.state}: {text}", highlight=False)
    raise typer.Exit(0 if all(one.answer.reason == "ok" for one in tried) else 1)
