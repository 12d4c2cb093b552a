"""`fairwatch entries`: what is looked for under an authorisation; each is signed by whoever enrols it."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import enrolling, entry_lists, publishing
from fairwatch.apps.acting import Because, Proven, proved
from fairwatch.apps.kafka import codec
from fairwatch.apps.printing import shown
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import settings
from fairwatch.apps.signer import Signer
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.wire.json_form import to_json
from fairwatch.wire.signings import APPROVE, ENROL, WITHDRAW

EXIT_REJECTED = 1
Id = Annotated[str, typer.Argument(metavar="ENTRY", help="Its id.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Watchlist entries, signed by whoever enrols them.", no_args_is_help=True)
    app.add_typer(group, name="entries")
    for command in (enrol, approve, waiting, withdraw, sign):
        group.command(command.__name__)(command)
    group.command("not-this-person")(not_this_person)


def enrol(
    files: list[Path],
    who: Proven,
    because: Because = "",
    to: Annotated[
        Path | None, typer.Option("--to", help="Sign into this file instead: what is in force goes on until `approve`.")
    ] = None,
) -> None:
    """Enrol the entries of JSON files or JSON lines; every good one, also where others are rejected.

    They count once somebody else agreed, where trust.yaml demands four eyes; the hash of the list is printed.
    """
    signer, now = proved(who, "entry.enrol"), SystemClock().now()
    rows = list(enrolling.each_once(_enrolled(files, signer, now)))
    good = {row["entry_id"]: row for _, row in rows if isinstance(row, dict)}
    digest = entry_lists.list_hash(good.values())
    typer.echo(f"list {digest[: entry_lists.SHOWN]}: {len(good)} entries", err=True)
    if to is not None:
        entry_lists.keep(to, good.values())
        _say_wrong([(name, row.detail) for name, row in rows if isinstance(row, RejectedError)])
        return
    asyncio.run(enrolling.tell_list(settings(), ENROL, signer, digest, good, now))
    _write(ENROL, signer, rows, now, because)


def approve(
    who: Proven,
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Its id.")] = "",
    digest: Annotated[str, typer.Option("--list", help="A whole list by its hash: see `waiting`.")] = "",
    file: Annotated[Path | None, typer.Option("--from", help="A file of `enrol --to`.")] = None,
    because: Because = "",
) -> None:
    """Agree to an entry, or to a list of entries as one, that somebody else enrolled."""
    signer, now = proved(who, "entry.approve"), SystemClock().now()
    if entry and not digest and file is None:
        _write(
            APPROVE, signer, [(entry, enrolling.decided(enrolling.one(settings(), entry), APPROVE, signer, now))], now
        )
        return
    if file is not None:
        found = entry_lists.kept(file)
    elif digest:
        found = dict(entry_lists.named(latest(settings(), enrolling.TOPIC), digest).entries)
    else:
        raise ConfigurationError("name an entry, a list with --list, or a file with --from")
    whole = entry_lists.list_hash(found.values())
    if not whole.startswith(digest):
        raise ConfigurationError(f"{file} holds the list {whole[: entry_lists.SHOWN]}, not {digest}")
    rows = [(key, enrolling.decided(row, APPROVE, signer, now, f"list:{whole}")) for key, row in found.items()]
    asyncio.run(enrolling.tell_list(settings(), APPROVE, signer, whole, found, now))
    _write(APPROVE, signer, rows, now, because)


def not_this_person(
    entry: Id, candidate: Annotated[str, typer.Argument(help="One that showed somebody else.")]
) -> None:
    """Print an entry with the picture of somebody who was taken for it, to be enrolled anew: `entries enrol FILE --to`.

    A face that is nearer to that picture than to the entry's own ones is no candidate any more.
    """
    record, found = enrolling.one(settings(), entry), latest(settings(), "candidates").get(candidate)
    if found is None or found["entry_id"] != entry or not found.get("probe"):
        raise ConfigurationError(f"there is no candidate {candidate!r} of {entry!r} with a picture")
    others = [one for one in record["not_this_person"] if one["uri"] != found["probe"]["uri"]]
    typer.echo(to_json({**record, "not_this_person": [*others, found["probe"]]}))


def waiting() -> None:
    """Show what one person enrolled and waits for a second one, by list."""
    table = Table("list", "entries", "authorisation", "enrolled by", "first of them", box=None)
    for one in entry_lists.waiting(latest(settings(), enrolling.TOPIC)):
        rows = (one.digest[: entry_lists.SHOWN], str(len(one.entries)), one.authorisation_id, one.author)
        table.add_row(*map(shown, rows), shown(next(iter(one.entries.values()))["title"]))
    Console().print(table)


def withdraw(entry: Id, who: Proven) -> None:
    """Take an entry back: it is not compared any more."""
    signer, now = proved(who, "entry.withdraw"), SystemClock().now()
    _write(WITHDRAW, signer, [(entry, enrolling.decided(enrolling.one(settings(), entry), WITHDRAW, signer, now))], now)


def sign(who: Proven) -> None:
    """Sign all entries of before signatures that you enrolled or agreed to; they stand as they stood."""
    signer, now = proved(who, "entry.enrol", "entry.approve"), SystemClock().now()
    found = ((record["entry_id"], record) for record in enrolling.countersigned(settings(), signer, now))
    _write("sign", signer, found, now)


def _enrolled(files: Iterable[Path], signer: Signer, now: int) -> Iterator[enrolling.Row]:
    before = latest(settings(), enrolling.TOPIC)
    for path in files:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{path}: {error.strerror}") from error
        for name, document in publishing.documents(str(path), content, codec(settings())):
            try:
                yield (
                    name,
                    document
                    if isinstance(document, RejectedError)
                    else enrolling.enrolled(document, signer, now, before),
                )
            except RejectedError as error:
                yield name, error


def _write(act: str, signer: Signer, found: Iterable[enrolling.Row], now: int, because: str = "") -> None:
    results = asyncio.run(enrolling.write(settings(), act, signer, found, because, now))
    wrong = [result for result in results if result.outcome != "published"]
    typer.echo(f"{len(results) - len(wrong)} of {len(results)} published")
    _say_wrong([(result.name, result.reason) for result in wrong])


def _say_wrong(wrong: Iterable[tuple[str, str]]) -> None:
    """Show what was rejected, and exit where anything was."""
    told = False
    for name, reason in wrong:
        Console(stderr=True).print(f"[red]{shown(name)}[/]: {shown(reason)}", highlight=False)
        told = True
    if told:
        raise typer.Exit(EXIT_REJECTED)
