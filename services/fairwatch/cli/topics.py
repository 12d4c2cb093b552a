"""`fairwatch topics`: what the topics should be, what the broker has, and making the two agree."""

import json
from contextlib import closing
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import kafka
from fairwatch.apps import topics as topic_plan
from fairwatch.apps.settings import settings
from fairwatch.apps.topics import Change
from fairwatch.wire.topics import topics

EXIT_DIFFERENT = 2
AS_JSON = typer.Option(False, "--json", help="One JSON object a line on stdout.")


def register(app: typer.Typer) -> None:
    """Add `topics apply` and `topics show`."""
    group = typer.Typer(help="Show and apply the Kafka topics of [bold]schemas/topics[/bold].", no_args_is_help=True)
    group.command("show")(show)
    group.command("apply")(apply)
    app.add_typer(group, name="topics")


def show(as_json: bool = AS_JSON) -> None:
    """List every topic with its record, key, partitions, retention, producers and consumers; asks no broker."""
    if as_json:
        for topic in topics().values():
            typer.echo(json.dumps(asdict(topic)))
        return
    table = Table("topic", "record", "key", "partitions", "cleanup", "hours", "producers", "consumers")
    for topic in topics().values():
        hours = "for ever" if topic.retention_hours < 0 else str(topic.retention_hours)
        record = f"{topic.record} v{topic.version}"
        used = (", ".join(topic.producers), ", ".join(topic.consumers))
        table.add_row(topic.name, record, topic.key, str(topic.partitions), topic.cleanup, hours, *used)
    Console().print(table)


def apply(
    as_json: bool = AS_JSON,
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show the difference; exit code 2 when there is one."),
) -> None:
    """Show how the broker differs, then create topics and set settings. Doing it twice changes nothing.

    Exit code 2 when something is left to do by hand: partitions are never added, since keys would move.
    """
    chosen = settings()
    bounds = (chosen.topic_prefix, chosen.max_partitions)
    with closing(kafka.admin(chosen)) as admin:
        changes = topic_plan.differences(admin, *bounds)
        _print(changes, as_json=as_json)
        if not dry_run:
            topic_plan.apply(admin, changes, *bounds, replication=chosen.replication)
            changes = topic_plan.differences(admin, *bounds) if changes else []
    if changes:
        raise typer.Exit(EXIT_DIFFERENT)


def _print(changes: list[Change], *, as_json: bool) -> None:
    if as_json:
        for change in changes:
            typer.echo(json.dumps(asdict(change)))
        return
    if not changes:
        Console().print(f"All {len(topics())} topics are as schemas/topics says.")
        return
    table = Table("topic", "action", "what", "on the broker", "as it should be")
    for change in changes:
        table.add_row(change.topic, change.action, change.what, change.before or "", change.after)
    Console().print(table)
