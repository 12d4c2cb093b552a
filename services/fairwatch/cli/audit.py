"""`fairwatch audit`: check the chained audit log and take it out of Kafka."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_chain import Report, verify

EXIT_BROKEN = 1
FILE = typer.Option(None, "--file", "-f", help="A file of `audit export`; Kafka when it is left out.")
HEADS = typer.Option(None, "--heads", help="Earlier `--json` output: its heads must still be there.")
TARGET = typer.Argument(help="JSON lines, in the order of the log.")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Check and export the audit log.", no_args_is_help=True)
    app.add_typer(group, name="audit")
    group.command("verify")(verify_log)
    group.command("export")(export_log)


def verify_log(
    file: Path | None = FILE,
    heads: Path | None = HEADS,
    retained: bool = typer.Option(False, "--retained", help="The beginning may be missing: retention deleted it."),
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> None:
    """Find any record that was edited, removed or reordered; exit 1 when there is one.

    Records cut off at the end show only beside heads that were kept elsewhere.
    """
    report = verify(_records(file), from_start=not retained, anchors=_anchors(heads))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report) + b"\n")
    else:
        _show(report)
    if report.faults:
        raise typer.Exit(EXIT_BROKEN)


def export_log(file: Path = TARGET) -> None:
    """Write every chained record to a file."""
    count = 0
    console = Console(stderr=True)
    with file.open("wb") as out, console.status("reading the audit log"):
        for record in _from_kafka():
            out.write(orjson.dumps(record, option=orjson.OPT_SORT_KEYS) + b"\n")
            count += 1
    console.print(f"{count} records written to {file}")


def _records(file: Path | None) -> Iterator[dict[str, Any]]:
    return _from_kafka() if file is None else _from_file(file)


def _from_file(file: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = file.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from error
    with lines:
        for line in lines:
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                record = None
            yield record if isinstance(record, dict) else {}


def _from_kafka() -> Iterator[dict[str, Any]]:
    from fairwatch.apps.reading import read_topic  # noqa: PLC0415  Kafka is not needed to check a file

    for _, kind, record in read_topic(settings(), "audit-chain"):
        if kind == "AuditRecord":
            yield record


def _anchors(file: Path | None) -> dict[str, tuple[int, str]]:
    if file is None:
        return {}
    try:
        written = orjson.loads(file.read_bytes())["heads"]
        return {chain: (int(head["sequence"]), str(head["hash"])) for chain, head in written.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{file}: is not the output of `fairwatch audit verify --json`") from error


def _show(report: Report) -> None:
    console = Console()
    chains = Table("chain", "last record", "hash")
    for chain, head in sorted(report.heads.items()):
        chains.add_row(chain, str(head.sequence), head.hash)
    console.print(chains)
    for fault in report.faults:
        where = f"{shown(fault.chain)} record {fault.sequence}"
        console.print(f"[red]{fault.kind}[/red] {where}: {shown(fault.detail)}", highlight=False)
    repeats = f", {report.repeats} identical repeats" if report.repeats else ""
    console.print(f"{report.records} records{repeats}, {len(report.faults)} faults")
