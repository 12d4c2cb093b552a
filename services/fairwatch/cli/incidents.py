"""`fairwatch incidents`: look at incidents, merge and split them, as a person who is signed in to the console."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from fairwatch.apps.alerts_client import As, Because, Note, Password, Url, asked_as
from fairwatch.apps.printing import shown
from fairwatch.domain.calendar import iso_8601

HERE = "http://127.0.0.1:8090"
IncidentId = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id.")]
IMPLAUSIBLE = "IMPLAUSIBLE_TRANSIT"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="incidents", help="Look at incidents, merge and split them.", no_args_is_help=True)
    for command in (show, merge, split):
        group.command()(command)
    group.command("list")(list_incidents)
    app.add_typer(group)


def list_incidents(
    person: As,
    url: Url = HERE,
    password_file: Password = None,
    state: Annotated[str, typer.Option(help="all, open or closed.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each.")] = False,
) -> None:
    """List incidents, open ones first."""
    found = asked_as(url, person, password_file, lambda client: client.incidents(state, limit))
    if as_json:
        for incident in found:
            typer.echo(json.dumps(incident))
        return
    whole = Column("incident", no_wrap=True, min_width=36)  # its id is what the other commands take
    table = Table("since", "state", "rule", "where", "alerts", "events", "certainty", whole, box=None)
    for incident in found:
        alerts = str(len(incident["members"]) + incident["more_members"])
        cells = (_time(incident["started_at"]), incident["state"], incident["rule"], incident.get("site_name") or "")
        more = (alerts, str(incident["distinct"]), incident["certainty"], incident["incident_id"])
        table.add_row(*map(shown, (*cells, *more)))
    Console().print(table)


def show(
    incident_id: IncidentId,
    person: As,
    url: Url = HERE,
    password_file: Password = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole record.")] = False,
) -> None:
    """Print one incident: its timeline, and what people did to it."""
    found = asked_as(url, person, password_file, lambda client: client.incident(incident_id))
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    typer.echo(f"{shown(found['rule'])}  {found['state'].lower()}  {shown(found.get('site_name') or found['place'])}")
    table = Table("at", "role", "what", "device", "certainty", "remark", "alert", box=None)
    for line in found["timeline"]:
        cells = (_time(line["at"]), line["role"].lower(), line["event_type"], line["device_id"])
        more = (line["certainty"], _remark(line), line["alert_id"] or line["state"].lower())
        table.add_row(*map(shown, (*cells, *more)))
    Console().print(table)
    if found["more_events"]:
        typer.echo(f"and {found['more_events']:,} more")
    for deed in found["deeds"]:
        what = f"{deed['action'].lower()}: {deed['actor_name']}, {deed['other']}"
        typer.echo(f"{_time(deed['at'])}  {shown(what)}  {shown(deed['text'])}".rstrip())


def merge(
    incident_id: IncidentId,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The incident into which it goes, of the same place.")],
    person: As,
    url: Url = HERE,
    password_file: Password = None,
    text: Note = "",
    because: Because = "",
) -> None:
    """Merge an incident into another one."""
    _act(url, person, password_file, incident_id, action="MERGE", into=into, note=text, because=because)


def split(
    incident_id: IncidentId,
    alerts: Annotated[list[str], typer.Argument(metavar="ALERT…", help="The alerts that leave it.")],
    person: As,
    url: Url = HERE,
    password_file: Password = None,
    text: Note = "",
    because: Because = "",
) -> None:
    """Make an incident of its own of some alerts; what comes later joins neither by itself."""
    _act(url, person, password_file, incident_id, action="SPLIT", alerts=alerts, note=text, because=because)


def _act(url: str, person: str, password_file: Path | None, incident_id: str, **deed: Any) -> None:
    said = asked_as(url, person, password_file, lambda client: client.act_on_incident(incident_id, deed))
    typer.echo(f"{said['action'].lower()}: taken")


def _time(at: int | None) -> str:
    return "" if at is None else iso_8601(at)[:19]


def _remark(line: Mapping[str, Any]) -> str:
    if line["remark"] != "NONE":
        return f"{line['remark'].lower()} ({line['took_ms'] / 1000:.0f} s)"
    return "seen by another camera too" if line["same_as"] else ""
