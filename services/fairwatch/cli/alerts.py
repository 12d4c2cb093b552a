"""`fairwatch alerts`: look at alerts and answer them, as a person who is signed in to the console."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from fairwatch.apps import alert_causes
from fairwatch.apps.alerts_client import As, Because, Note, Password, Url, asked_as
from fairwatch.apps.printing import shown
from fairwatch.apps.receivers import deliveries_of
from fairwatch.apps.settings import settings
from fairwatch.domain.calendar import iso_8601

HERE = "http://127.0.0.1:8090"
AlertId = Annotated[str, typer.Argument(metavar="ALERT", help="Its id.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="alerts", help="Look at alerts and answer them, as yourself.", no_args_is_help=True)
    for command in (show, ack, claim, note, close, hand):
        group.command()(command)
    group.command("list")(list_alerts)
    group.command()(deliveries)
    group.command()(causes)
    app.add_typer(group)


def list_alerts(
    person: As,
    url: Url = HERE,
    password_file: Password = None,
    state: Annotated[str, typer.Option(help="open, all, new, updated, ended or cancelled.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each.")] = False,
) -> None:
    """List alerts, the worst first."""
    alerts = asked_as(url, person, password_file, lambda client: client.alerts(state, limit))
    if as_json:
        for alert in alerts:
            typer.echo(json.dumps(alert))
        return
    whole = Column("alert", no_wrap=True, min_width=36)  # its id is what the other commands take
    table = Table("since", "severity", "state", "title", "where", "answered by", whole, box=None)
    for alert in alerts:
        who = alert.get("claimed_by") or alert.get("acknowledged_by") or "nobody"
        cells = (iso_8601(alert["started_at"])[:19], alert["severity"], alert["state"], alert["title"])
        table.add_row(*map(shown, (*cells, alert.get("site_name") or "", who, alert["alert_id"])))
    Console().print(table)


def show(alert_id: AlertId, person: As, url: Url = HERE, password_file: Password = None) -> None:
    """Print one alert as JSON."""
    alert = asked_as(url, person, password_file, lambda client: client.get(alert_id))
    typer.echo(json.dumps(alert, indent=2, ensure_ascii=False))


def deliveries(
    alert_id: AlertId, as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each.")] = False
) -> None:
    """Print every attempt to tell somebody of an alert, from the topic `deliveries`: who, when, what they answered.

    Exit code 1 where there is none.
    """
    found = deliveries_of(settings(), alert_id)
    table = Table("at", "receiver", "by", "revision", "attempt", "state", "answer", "again at", box=None)
    for one in found:
        if as_json:
            typer.echo(json.dumps(one))
        answer = one["reason"] if one["status"] is None else f"{one['reason']} ({one['status']})"
        again = "" if one["next_attempt_at"] is None else iso_8601(one["next_attempt_at"])[:19]
        cells = (iso_8601(one["at"])[:23], one["receiver"], one["sink"], str(one["revision"]), str(one["attempt"]))
        table.add_row(*map(shown, (*cells, one["state"], answer, again)))
    if not as_json and found:
        Console().print(table)
    if not found:
        typer.echo(f"no delivery of {shown(alert_id)} is known", err=True)
    raise typer.Exit(0 if found else 1)


def causes(
    alert_id: AlertId,
    page: Annotated[int, typer.Option(min=1, help="Which page.")] = 1,
    size: Annotated[int, typer.Option(min=1, max=10_000, help="How many on a page.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each.")] = False,
) -> None:
    """Print everything that raised an alert, the newest first: an alert itself names the newest hundred only.

    They are read from the topic `alert-triggers`. Exit code 1 where there is no such alert.
    """
    found = alert_causes.causes(settings(), alert_id)
    if not found:
        typer.echo(f"no causes of {shown(alert_id)} are known", err=True)
        raise typer.Exit(1)
    table = Table("state", "device", "what", "since", "last", "times", box=None)
    for one in found[(page - 1) * size : page * size]:
        if as_json:
            typer.echo(json.dumps(one))
        since, last = iso_8601(one["started_at"])[:19], iso_8601(one["updated_at"])[:19]
        table.add_row(*map(shown, (one["state"], one["device_id"], one["event_type"], since, last, str(one["times"]))))
    if not as_json:
        Console().print(table)
        firing = sum(one["state"] == "FIRING" for one in found)
        typer.echo(f"{len(found)} causes, {firing} of them firing; page {page} of {-(-len(found) // size)}")


def ack(
    alert_id: AlertId,
    person: As,
    url: Url = HERE,
    password_file: Password = None,
    text: Note = "",
    because: Because = "",
) -> None:
    """Say that you have seen it: nobody else is woken for it."""
    _act(url, person, password_file, alert_id, action="ACKNOWLEDGE", note=text, because=because)


def claim(
    alert_id: AlertId,
    person: As,
    url: Url = HERE,
    password_file: Password = None,
    text: Note = "",
    because: Because = "",
) -> None:
    """Say that you are at it; refused where somebody else is."""
    _act(url, person, password_file, alert_id, action="CLAIM", note=text, because=because)


def hand(
    alert_id: AlertId,
    to: Annotated[str, typer.Argument(help="Their name at the console.")],
    person: As,
    url: Url = HERE,
    password_file: Password = None,
    text: Note = "",
    because: Because = "",
) -> None:
    """Hand it over to another person."""
    _act(url, person, password_file, alert_id, action="HAND_OVER", to=to, note=text, because=because)


def note(
    alert_id: AlertId,
    text: Annotated[str, typer.Argument(help="What you write.")],
    person: As,
    url: Url = HERE,
    password_file: Password = None,
    because: Because = "",
) -> None:
    """Write a comment."""
    _act(url, person, password_file, alert_id, action="COMMENT", note=text, because=because)


def close(
    alert_id: AlertId,
    outcome: Annotated[str, typer.Argument(help="What it was: true, false or test.")],
    person: As,
    url: Url = HERE,
    password_file: Password = None,
    text: Note = "",
    because: Because = "",
) -> None:
    """End it, whatever its devices say."""
    _act(url, person, password_file, alert_id, action="CLOSE", outcome=outcome.upper(), note=text, because=because)


def _act(url: str, person: str, password_file: Path | None, alert_id: str, **deed: str) -> None:
    said = asked_as(url, person, password_file, lambda client: client.act(alert_id, deed))
    typer.echo(f"{said['action'].lower().replace('_', ' ')}: taken")
