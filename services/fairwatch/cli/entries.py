"""`fairwatch entries`: what is looked for under an authorisation; each is signed by whoever enrols it."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fairwatch.apps import enrolling, publishing
from fairwatch.apps.acting import Because, Proven, proved
from fairwatch.apps.kafka import codec
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.apps.signer import Signer
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.wire.signings import AGREES, APPROVE, ENROL, ENROLS, WITHDRAW

EXIT_REJECTED = 1
Id = Annotated[str, typer.Argument(metavar="ENTRY", help="Its id.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Watchlist entries, signed by whoever enrols them.", no_args_is_help=True)
    app.add_typer(group, name="entries")
    for command in (enrol, approve, withdraw, sign):
        group.command(command.__name__)(command)


def enrol(files: list[Path], who: Proven, because: Because = "") -> None:
    """Enrol the entries of JSON files or JSON lines; every good one, also where others are rejected."""
    signer, now = proved(who, ENROLS), SystemClock().now()
    _write(ENROL, signer, _enrolled(files, signer, now), now, because)


def approve(entry: Id, who: Proven) -> None:
    """Agree to an entry that somebody else enrolled."""
    signer, now = proved(who, AGREES), SystemClock().now()
    _write(APPROVE, signer, [(entry, enrolling.decided(enrolling.one(settings(), entry), APPROVE, signer, now))], now)


def withdraw(entry: Id, who: Proven) -> None:
    """Take an entry back: it is not compared any more."""
    signer, now = proved(who, ENROLS | AGREES), SystemClock().now()
    _write(WITHDRAW, signer, [(entry, enrolling.decided(enrolling.one(settings(), entry), WITHDRAW, signer, now))], now)


def sign(who: Proven) -> None:
    """Sign all entries of before signatures that you enrolled or agreed to; they stand as they stood."""
    signer, now = proved(who, ENROLS | AGREES), SystemClock().now()
    found = ((record["entry_id"], record) for record in enrolling.countersigned(settings(), signer, now))
    _write("sign", signer, found, now)


def _enrolled(files: Iterable[Path], signer: Signer, now: int) -> Iterator[enrolling.Row]:
    for path in files:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{path}: {error.strerror}") from error
        for name, document in publishing.documents(str(path), content, codec(settings())):
            try:
                yield (
                    name,
                    document if isinstance(document, RejectedError) else enrolling.enrolled(document, signer, now),
                )
            except RejectedError as error:
                yield name, error


def _write(act: str, signer: Signer, found: Iterable[enrolling.Row], now: int, because: str = "") -> None:
    results = asyncio.run(enrolling.write(settings(), act, signer, found, because, now))
    wrong = [result for result in results if result.outcome != "published"]
    for result in wrong:
        Console(stderr=True).print(f"[red]{shown(result.name)}[/]: {shown(result.reason)}", highlight=False)
    typer.echo(f"{len(results) - len(wrong)} of {len(results)} published")
    if wrong:
        raise typer.Exit(EXIT_REJECTED)
