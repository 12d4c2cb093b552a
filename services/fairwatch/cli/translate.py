"""`fairwatch translate`: from a maker's format to the canonical one, or to another maker's.

Exit codes: 0 when every input was read or skipped by name, 1 when at least one was rejected, 78 for a wrong option.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from fairwatch.domain.errors import ConfigurationError
from fairwatch.formats.catalogue import formats
from fairwatch.formats.payload import Payload
from fairwatch.formats.translate import AUTO, CANONICAL, Line, Translation, translate

STDIN = "-"
EXIT_REJECTED = 1
_CONTENT_TYPES = {".json": "application/json", ".xml": "application/xml"}
_COLUMNS = ("input", "format", "outcome", "type", "what")
_COLOURS = {"record": "green", "skipped": "yellow", "rejected": "red"}
_LONG = 50  # inputs from which on progress is shown


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("translate")(_translate)


def _translate(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, or - for standard input.", metavar="[FILE|FOLDER|-]..."),
    ] = None,
    *,
    source: Annotated[str, typer.Option("--from", help="Format of the inputs, or auto.", metavar="FORMAT")] = AUTO,
    target: Annotated[str, typer.Option("--to", help="canonical, or a format.", metavar="FORMAT")] = CANONICAL,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write here: JSON lines, or the bodies where --to names a format."),
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Print what became of every leaf of the source.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line for each outcome.")] = False,
    time_zone: Annotated[str | None, typer.Option(help="IANA zone of devices that send local time.")] = None,
) -> None:
    """Translate recorded payloads; a malformed one is reported and does not stop the others."""
    if target != CANONICAL and target not in formats():
        raise ConfigurationError(f"--to {target}: the formats are {CANONICAL}, {', '.join(formats())}")
    names = list(_expanded(inputs or [STDIN]))
    if output and any(name != STDIN and Path(name).resolve() == output.resolve() for name in names):
        raise ConfigurationError(f"--output {output}: it is one of the inputs, which are not overwritten")
    rejected = False
    with ExitStack() as stack:
        sink = stack.enter_context(output.open("wb")) if output else None
        show = _Lines(as_json=as_json, bodies=target != CANONICAL, sink=sink)
        progress = Progress(console=Console(stderr=True), transient=True, disable=len(names) < _LONG)
        stack.enter_context(progress)
        for name in progress.track(names, description="translating"):
            done = _one(name, source, target, time_zone, report=report)
            rejected = rejected or any(line.outcome == "rejected" for line in done.lines)
            show.add(name, done)
    show.end()
    if rejected:
        raise typer.Exit(EXIT_REJECTED)


def _expanded(names: list[str]) -> Iterator[str]:
    """Yield the inputs, with the files of a folder in its place."""
    for name in names:
        if name != STDIN and Path(name).is_dir():
            yield from (str(path) for path in sorted(Path(name).rglob("*")) if path.is_file())
        else:
            yield name


def _one(name: str, source: str, target: str, time_zone: str | None, *, report: bool) -> Translation:
    try:
        body = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        return Translation([Line(name, None, "rejected", reason=f"unreadable: {error.strerror}")])
    content_type = _CONTENT_TYPES.get(Path(name).suffix.lower(), "")
    received_at = time.time_ns() // 1000
    payload = Payload(body, content_type, received_at=received_at, time_zone=time_zone)
    return translate(name, payload, source, target, with_report=report)


class _Lines:
    """Shows outcomes: as JSON lines, as a table on a terminal, as lines with tabs in a pipe.

    Args:
        as_json: JSON lines on standard output.
        bodies: The sink gets the bodies of the target format instead of JSON lines.
        sink: File for the records.
    """

    def __init__(self, *, as_json: bool, bodies: bool, sink: BinaryIO | None) -> None:
        self._as_json, self._bodies, self._sink = as_json, bodies, sink
        self._tables: list[Table] = []
        self._terminal = sys.stdout.isatty()
        self._outcomes = _table("Translation", *_COLUMNS)

    def add(self, name: str, done: Translation) -> None:
        """Show what became of one input."""
        for line in done.lines:
            self._line(line)
        if self._sink and self._bodies:
            for one in done.encoded:
                self._sink.write(one.body + (b"" if one.body.endswith(b"\n") else b"\n"))
        if done.report is None:
            return
        if self._as_json:
            _write({"input": name, "report": done.report.as_dict()})
            return
        table = _table(f"{name}: {done.report.source} to {done.report.target}", "leaf", "outcome", "field")
        for row in done.report.lines():
            self._row(table, row)
        self._tables.append(table)

    def end(self) -> None:
        """Show the tables."""
        if self._as_json or not self._terminal:
            return
        console = Console()
        for table in (self._outcomes, *self._tables):
            console.print(table)

    def _line(self, line: Line) -> None:
        if self._sink and not self._bodies:
            self._sink.write(orjson.dumps(line.as_dict(), option=orjson.OPT_APPEND_NEWLINE))
        if self._as_json:
            _write(line.as_dict())
            return
        record = line.record or {}
        what = str(line.reason or record.get("event_type") or record.get("body") or "")
        self._row(self._outcomes, (line.input, line.format or "", line.outcome, line.type or "", what))

    def _row(self, table: Table, row: tuple[str, ...]) -> None:
        if self._terminal:
            table.add_row(*(f"[{_COLOURS[cell]}]{cell}[/]" if cell in _COLOURS else escape(cell) for cell in row))
        else:
            sys.stdout.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=escape(title))
    for heading in columns:
        table.add_column(heading, overflow="fold")
    return table


def _write(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()
