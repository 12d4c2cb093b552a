"""`fairwatch silences`: which alerts are told to nobody for a while, why, and who says so."""

import asyncio
import time
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import silencing
from fairwatch.apps.acting import Because, Named, instant_of, password_of
from fairwatch.apps.printing import shown, to_the_second
from fairwatch.apps.settings import settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.duration import duration
from fairwatch.wire.json_form import to_json

ID_SHOWN = 8
Matchers = Annotated[
    list[str] | None, typer.Argument(help='Such as device_id="cam-1" or rule=~"fire.*"; all must hold.')
]
Alert = Annotated[str, typer.Option("--alert", help="Snooze one alert: the silence ends with it.")]
Id = Annotated[str, typer.Argument(help="Id of a silence, or the beginning of it.")]
Lasting = Annotated[str, typer.Option("--for", help="For how long: 30m, 4h.")]
Until = Annotated[str, typer.Option("--until", help="Until when instead: 2026-03-01T18:00+01:00.")]
Start = Annotated[str, typer.Option("--from", help="From when; now without.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
Role = Annotated[str, typer.Option("--role", help="Role that allows it, where there is no people.yaml to ask.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a silence.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="silences", help="Silences and snoozes of alerts.", no_args_is_help=True)
    for command in (add, approve, expire, preview):
        group.command(command.__name__)(command)
    group.command("list")(list_)
    app.add_typer(group)


def add(
    matchers: Matchers = None,
    *,
    who: Named = "",
    reason: Reason = "",
    lasting: Lasting = "",
    until: Until = "",
    start: Start = "",
    alert: Alert = "",
    role: Role = "",
    because: Because = "",
) -> None:
    """Silence alerts, also those that are open; print the id.

    What is EXTREME goes on being told until a second person agrees: see `approve`.
    """
    record = silencing.draft(settings(), _wish(matchers, who, reason, lasting, until, start, alert, role), _now())
    _write(silencing.ADDED, who, record, because)
    typer.echo(record["silence_id"])


def approve(silence: Id, who: Named = "") -> None:
    """Agree to a silence of somebody else, so that it holds for what is EXTREME, too."""
    record = silencing.approved(settings(), silencing.one(settings(), silence), who, _now())
    _write("silence.approved", who, record)


def expire(silence: Id, who: Named = "") -> None:
    """End a silence now: what still burns is told at once."""
    record = silencing.expired(settings(), silencing.one(settings(), silence), who, _now())
    _write("silence.expired", who, record)


def list_(
    everything: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List silences that hold or will, the next to end first."""
    now = _now()
    found = sorted(silencing.known(settings()).values(), key=lambda record: record["expires_at"])
    found = [record for record in found if everything or record["expires_at"] > now]
    if as_json:
        for record in found:
            typer.echo(to_json(record))
        return
    table = Table("id", "state", "until", "author", "agreed", "matchers", "reason")
    for record in found:
        state = "ended" if record["expires_at"] <= now else "holds" if record["starts_at"] <= now else "to come"
        agreed = ", ".join(record["approved_by"])
        told = (record["silence_id"][:ID_SHOWN], state, to_the_second(record["expires_at"]), record["author"], agreed)
        table.add_row(*map(shown, (*told, " ".join(record["matchers"]), record["reason"])))
    Console().print(table)


def preview(
    matchers: Matchers = None,
    *,
    silence: Annotated[str, typer.Option("--silence", help="One that is there, by its id.")] = "",
    alert: Alert = "",
) -> None:
    """Say what a silence would have held back of the last day's alerts; nothing is written."""
    record = silencing.one(settings(), silence) if silence else {}
    texts = record.get("matchers") or _texts(matchers, alert)
    found = silencing.preview_of(settings(), texts, _now(), agreed=bool(record.get("approved_by")))
    out = Console()
    out.print(f"{found.held} of {found.messages} messages of the last day held back, {found.alerts.total()} alerts")
    if found.passed:
        out.print(f"[yellow]{found.passed} EXTREME alerts told all the same: nobody else has agreed[/]")
    table = Table("first held back", "rule", "title")
    for at, rule, title in found.examples:
        table.add_row(*map(shown, (to_the_second(at), rule, title)))
    if found.examples:
        out.print(table)


async def _written(action: str, who: str, record: dict[str, Any], because: str) -> None:
    made = await silencing.signed(settings(), action, who, record, password_of)
    await silencing.write(settings(), action, who, made, because)


def _write(action: str, who: str, record: dict[str, Any], because: str = "") -> None:
    asyncio.run(_written(action, who, record, because))


def _wish(
    matchers: list[str] | None, who: str, reason: str, lasting: str, until: str, start: str, alert: str, role: str
) -> silencing.Wish:
    starts_at = instant_of("--from", start) if start else _now()
    if bool(lasting) == bool(until):
        raise ConfigurationError("say either --for or --until: a silence always ends")
    expires_at = instant_of("--until", until) if until else starts_at + _length(lasting)
    return silencing.Wish(who, role, reason, _texts(matchers, alert), starts_at, expires_at)


def _texts(matchers: list[str] | None, alert: str) -> tuple[str, ...]:
    return (*(matchers or ()), *([f'alert_id="{alert}"'] if alert else ()))


def _length(text: str) -> int:
    try:
        return duration(text) // timedelta(microseconds=1)
    except ValueError as error:
        raise ConfigurationError(f"--for: {error}") from error


def _now() -> int:
    return time.time_ns() // 1000
