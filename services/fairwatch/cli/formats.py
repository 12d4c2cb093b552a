"""`fairwatch formats`: which formats there are, what one of them reads, and why a payload is or is not of one.

Exit codes: 0, 1 when a declaration is wrong or no format takes the file, 78 when there is no format of that name.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.formats.catalogue import library
from fairwatch.formats.explaining import explain
from fairwatch.formats.language.declaration import Row
from fairwatch.formats.loading import Format
from fairwatch.formats.payload import Payload

EXIT_FAULTY = 1


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="The formats that Fairwatch speaks.")
    group.command("list")(_list)
    group.command("show")(_show)
    group.command("explain")(_explain)
    app.add_typer(group, name="formats")


def _list() -> None:
    """List the formats, and every fault of a declaration that was left out."""
    loaded = library()
    rows = [
        (
            one.name,
            "both ways" if any(message.writes is not None for message in one.declaration.messages) else "read",
            str(sum(not message.skip for message in one.declaration.messages)),
            one.declaration.maturity,
            one.declaration.title,
        )
        for one in loaded.formats.values()
    ]
    _print(("format", "ways", "messages", "proved by", "title"), rows)
    for fault in loaded.faults:
        sys.stderr.write(f"{fault}\n")
    if loaded.faults:
        raise typer.Exit(EXIT_FAULTY)


def _show(
    name: Annotated[str, typer.Argument(help="Name of the format.")],
    *,
    source: Annotated[bool, typer.Option("--source", help="Print the Python that was made of its rows.")] = False,
) -> None:
    """Show what a format reads: each message, and for each canonical field where it comes from."""
    loaded = library()
    one = loaded.formats.get(name)
    if one is None:
        raise ConfigurationError(f"there is no format {name}; the formats are {', '.join(loaded.formats)}")
    if source:
        for program in one.program.messages:
            if program.source:
                sys.stdout.write(f"# message {program.message.name}\n{program.source}\n\n")
        return
    _print(("message", "field", "from", "as"), list(_rows(one)))


def _rows(one: Format) -> Iterator[tuple[str, str, str, str]]:
    for program in one.program.messages:
        name = program.message.name
        if program.message.skip:
            yield name, "", "", f"skipped: {program.message.skip}"
        for field, rows in program.rows.items():
            for row in rows:
                yield name, field, _from(row), row.converter or ("a table of words" if row.values else "")
        for path, kind in program.keep.items():
            yield name, "extensions", path, f"kept: {kind}"


def _from(row: Row) -> str:
    if row.value is not None:
        return f"always {row.value}"
    return " or ".join(row.path) if row.path else row.each or "(a record of its own)"


def _explain(file: Annotated[Path, typer.Argument(help="A recorded payload.", dir_okay=False)]) -> None:
    """Say of each format why it does or does not take a payload."""
    try:
        found = list(explain(Payload(file.read_bytes())))
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from error
    except RejectedError as error:
        sys.stderr.write(f"no format sees it: {error}\n")
        raise typer.Exit(EXIT_FAULTY) from error
    found.sort(key=lambda one: (one.document, not one.takes))
    _print(
        ("document", "format", "takes it", "why"),
        [(str(one.document), one.format, "yes" if one.takes else "no", one.why) for one in found],
    )
    if not any(one.takes for one in found):
        raise typer.Exit(EXIT_FAULTY)


def _print(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table on a terminal, lines with tabs into a pipe."""
    if not sys.stdout.isatty():
        for row in rows:
            sys.stdout.write("\t".join(row) + "\n")
        return
    table = Table()
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)
