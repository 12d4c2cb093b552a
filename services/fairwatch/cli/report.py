"""`fairwatch report`: what a deployment does, for the public and for assessments of its impact."""

import asyncio
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fairwatch.apps.reports import documents, making
from fairwatch.apps.reports.counts import counted
from fairwatch.apps.reports.markdown import markdown
from fairwatch.apps.settings import Settings, settings
from fairwatch.apps.telling import operator
from fairwatch.domain.calendar import instant
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError

Json = Annotated[bool, typer.Option("--json", help="JSON instead of Markdown.")]
Out = Annotated[Path | None, typer.Option("--out", help="A file; standard output otherwise.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        name="report", help="What is done here, from the log and the configuration.", no_args_is_help=True
    )
    group.command("transparency")(transparency)
    group.command("impact")(impact)
    app.add_typer(group)


def transparency(
    since: Annotated[str, typer.Option("--from", help="First day, 2026-01-01, UTC.")],
    until: Annotated[str, typer.Option("--to", help="The day after the last one.")],
    as_json: Json = False,
    out: Out = None,
) -> None:
    """Cameras, purposes, lists, recipients, retention, models, and what was decided in a period, counted.

    It holds no plate, picture, name or case number. The same log and configuration give the same bytes.
    """
    chosen, now = settings(), SystemClock().now()
    begin, end = _day("--from", since), _day("--to", until)
    if not begin < end <= now:
        raise ConfigurationError("--to must be after --from, and the period must be over: its counts would change")
    counts = counted(making.log(chosen, begin, end), begin, end)
    _write(chosen, documents.transparency(making.house(chosen), counts, begin, end), now, as_json, out)


def impact(as_json: Json = False, out: Out = None) -> None:
    """Facts for an assessment of the impact on data protection and rights, what is open, what people must answer."""
    chosen = settings()
    _write(chosen, documents.impact(making.house(chosen)), SystemClock().now(), as_json, out)


def _write(chosen: Settings, report: dict[str, Any], now: int, as_json: bool, out: Path | None) -> None:
    details: dict[str, str] = {name: str(report[name]) for name in ("from", "to") if name in report}
    actor = operator()
    asyncio.run(making.audit_report(chosen, str(report["report"]), actor, now, details))
    data = orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n" if as_json else markdown(report).encode()
    if out is None:
        sys.stdout.buffer.write(data)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise ConfigurationError(f"{out}: cannot be written: {error.strerror}") from error


def _day(option: str, text: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{option}: {text!r} is no day such as 2026-01-31") from error
    return instant(datetime(day.year, day.month, day.day, tzinfo=UTC))
