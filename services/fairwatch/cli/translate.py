"""`fairwatch translate`: from a maker's format to the canonical one, or to another maker's."""

import sys
import time
from pathlib import Path
from typing import Annotated

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
_CONTENT_TYPES = {".json": "application/json", ".xml": "application/xml"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("translate")(_translate)


def _translate(
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Files, or - for standard input.", metavar="[FILE|-]...")
    ] = None,
    *,
    source: Annotated[str, typer.Option("--from", help="Format of the inputs, or auto.", metavar="FORMAT")] = AUTO,
    target: Annotated[str, typer.Option("--to", help="canonical, or a format.", metavar="FORMAT")] = CANONICAL,
    report: Annotated[Path | None, typer.Option(help="Write what was kept and lost here, as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line for each outcome.")] = False,
    time_zone: Annotated[str | None, typer.Option(help="IANA zone of devices that send local time.")] = None,
) -> None:
    """Translate recorded payloads; a malformed one is reported and does not stop the others."""
    if target != CANONICAL and target not in formats():
        raise ConfigurationError(f"--to {target}: the formats are {CANONICAL}, {', '.join(formats())}")
    names = inputs or [STDIN]
    console = Console(stderr=as_json)
    table = _table()
    reports = {}
    with Progress(console=Console(stderr=True), transient=True, disable=len(names) < 50) as progress:  # noqa: PLR2004  # long
        for name in progress.track(names, description="translating"):
            done = _one(name, source, target, time_zone)
            if done.report:
                reports[name] = done.report.as_dict()
            for line in done.lines:
                _show(line, table, as_json=as_json)
    if not as_json:
        console.print(table)
    if report:
        report.write_bytes(orjson.dumps(reports, option=orjson.OPT_INDENT_2))


def _one(name: str, source: str, target: str, time_zone: str | None) -> Translation:
    try:
        body = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        return Translation([Line(name, None, "rejected", reason=f"unreadable: {error.strerror}")])
    content_type = _CONTENT_TYPES.get(Path(name).suffix.lower(), "")
    received_at = time.time_ns() // 1000
    payload = Payload(body, content_type, received_at=received_at, time_zone=time_zone)
    return translate(name, payload, source, target)


def _table() -> Table:
    table = Table(title="Translation")
    for heading in ("input", "format", "outcome", "type", "what"):
        table.add_column(heading, overflow="fold")
    return table


def _show(line: Line, table: Table, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(line.as_dict(), option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()
        return
    colour = {"record": "green", "skipped": "yellow", "rejected": "red"}[line.outcome]
    record = line.record or {}
    what = line.reason or record.get("event_type") or record.get("body") or ""
    table.add_row(
        escape(line.input), line.format or "", f"[{colour}]{line.outcome}[/]", line.type or "", escape(str(what))
    )
