"""`fairwatch dlq`: what could not be processed, why, and another try."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from fairwatch.apps import dead_letters
from fairwatch.apps.originals import whole
from fairwatch.apps.printing import shown as foreign
from fairwatch.apps.printing import to_the_second
from fairwatch.apps.settings import settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import DeadLetter
from fairwatch.wire.dead_letter import is_reference, redrivable
from fairwatch.wire.json_form import to_json

EXIT_NOT_FOUND = 1
_ID_SHOWN = 13

Topics = Annotated[list[str] | None, typer.Argument(help="Topics that they came from; all when none is named.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only those rejected for this reason.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a letter; bytes are base64.")]


def register(app: typer.Typer) -> None:
    """Add `dlq list`, `dlq show` and `dlq redrive`."""
    group = typer.Typer(help="List, show and redrive dead letters.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show)
    group.command("redrive")(redrive)
    app.add_typer(group, name="dlq")


def list_(topics: Topics = None, reason: Reason = None, as_json: AsJson = False) -> None:
    """List dead letters, oldest first."""
    found = dead_letters.letters(settings(), topics or (), reason=reason)
    if as_json:
        for letter in found:
            typer.echo(to_json({name: value for name, value in letter.items() if name not in {"value", "headers"}}))
        return
    table = Table(Column("id", no_wrap=True), "at", "topic", "given up by", "reason", "detail", "redrives")
    for letter in found:
        about = (
            letter["dead_letter_id"][:_ID_SHOWN],
            to_the_second(letter["at"]),
            letter["topic"],
            letter["processor"],
        )
        told = (*about, letter["reason"], letter.get("detail", ""), letter.get("redrives", 0))
        table.add_row(*map(foreign, told))
    Console().print(table)


def show(
    letter_id: Annotated[str, typer.Argument(help="Id, or the beginning of it.")],
    value: Annotated[bool, typer.Option("--value", help="Write the original bytes to stdout, nothing else.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter in full. Its bytes may be personal data: they are shown only with --value or --json."""
    letter = _one(letter_id)
    if value:
        sys.stdout.buffer.write(asyncio.run(_original(letter)))
        sys.stdout.flush()
    elif as_json:
        typer.echo(to_json(letter))
    else:
        table = Table.grid(padding=(0, 2))
        size = f"{len(letter['value'])} bytes{', redacted' if letter.get('redacted') else ''}"
        if is_reference(letter):
            size = f"not kept here, see {letter['topic']}, partition {letter['partition']}, offset {letter['offset']}"
        shown = {
            **letter,
            "value": size,
            "at": to_the_second(letter["at"]),
            "key": (letter.get("key") or b"").decode("utf-8", "replace"),
        }
        shown["headers"] = "\n".join(
            f"{name}: {text.decode('utf-8', 'replace')}" for name, text in letter["headers"].items()
        )
        for name, text in shown.items():
            table.add_row(f"[bold]{foreign(name)}[/]", foreign(text))
        Console().print(table)


def redrive(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids, or the beginnings of them.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that --topic and --reason leave.")] = False,
    topics: Annotated[list[str] | None, typer.Option("--topic", help="Only those that came from this topic.")] = None,
    reason: Reason = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be redriven.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the original bytes back to their topic under their original key, each letter once.

    The letters stay where they are; a header counts how often a record was redriven. Exit code 1 when there is none.
    What lay in a record batch that cannot be opened is not in its letter, and is left out.
    """
    if bool(ids) == everything:
        raise ConfigurationError("name the ids to redrive, or say --all")
    found = dead_letters.letters(settings(), topics or (), ids=ids or (), reason=reason)
    if not found:
        Console(stderr=True).print("no such dead letter")
        raise typer.Exit(EXIT_NOT_FOUND)
    there = len(found)
    found = [letter for letter in found if redrivable(letter)]
    if len(found) < there:
        Console(stderr=True).print(f"{there - len(found)} left out: their record batches cannot be opened")
    count = 0 if dry_run else asyncio.run(_redrive(found))
    for letter in found if as_json or dry_run else ():
        typer.echo(
            to_json({"dead_letter_id": letter["dead_letter_id"], "topic": letter["topic"], "redriven": not dry_run})
        )
    if not dry_run and count < len(found):
        Console(stderr=True).print(f"{len(found) - count} left out: their topic no longer keeps them")
    Console(stderr=True).print(f"{count} redriven" if not dry_run else f"{len(found)} would be redriven")


async def _original(letter: DeadLetter) -> bytes:
    if found := await whole(settings(), [letter]):
        return found[0]["value"]
    Console(stderr=True).print(f"{letter['topic']} no longer keeps it")
    raise typer.Exit(EXIT_NOT_FOUND)


async def _redrive(found: list[DeadLetter]) -> int:
    count = 0
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("redriving", total=len(found))
        async for _ in dead_letters.redrive(settings(), found):
            count += 1
            progress.advance(task)
    return count


def _one(letter_id: str) -> DeadLetter:
    found = dead_letters.letters(settings(), ids=[letter_id])
    if len(found) != 1:
        Console(stderr=True).print(f"{len(found)} dead letters have an id that begins with {letter_id}")
        raise typer.Exit(EXIT_NOT_FOUND)
    return found[0]
