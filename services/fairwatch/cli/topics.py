"""`fairwatch topics`: what the topics should be, what the broker has, and making the two agree."""

import asyncio
import json
import time
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps import kafka, topics_acls
from fairwatch.apps import topics as topic_plan
from fairwatch.apps.printing import shown
from fairwatch.apps.retention import kept_topics
from fairwatch.apps.settings import Settings, settings
from fairwatch.apps.telling import tell, told
from fairwatch.apps.topics import Change, Told
from fairwatch.apps.topics_access import flows
from fairwatch.apps.topics_outcome import outcome
from fairwatch.domain.errors import ConfigurationError, FairwatchError, RetryableError
from fairwatch.wire.topics import topics

EXIT_DIFFERENT = 2
HEARD_S = 10.0
MOVED = (
    "Partitions were added where keys have moved: what was kept for them stays in their old partitions. Open groups of "
    "alerts are not continued but begun again, candidates half verified have to be decided anew, "
    "clocks are learnt anew."
)
AS_JSON = typer.Option(False, "--json", help="One JSON object a line on stdout.")
RECREATE = typer.Option(
    [],
    "--recreate",
    metavar="TOPIC",
    help="Delete this topic, with its records and the states made of it, and make it anew.",
)


def register(app: typer.Typer) -> None:
    """Add `topics apply` and `topics show`."""
    group = typer.Typer(help="Show and apply the Kafka topics of [bold]schemas/topics[/bold].", no_args_is_help=True)
    group.command("show")(show)
    group.command("apply")(apply)
    app.add_typer(group, name="topics")


def show(
    as_json: bool = AS_JSON,
    rights: bool = typer.Option(False, "--rights", help="What each component may touch, and its quotas, instead."),
) -> None:
    """List every topic with its record, key, partitions, retention, producers and consumers; asks no broker."""
    if rights:
        return _rights(as_json=as_json)
    if as_json:
        for topic in topics().values():
            typer.echo(json.dumps(asdict(topic)))
        return None
    table = Table("topic", "record", "key", "partitions", "cleanup", "hours", "producers", "consumers")
    for topic in topics().values():
        hours = "for ever" if topic.retention_hours < 0 else str(topic.retention_hours)
        record = f"{topic.record} v{topic.version}"
        used = (", ".join(topic.producers), ", ".join(topic.consumers))
        table.add_row(topic.name, record, topic.key, str(topic.partitions), topic.cleanup, hours, *used)
    return Console().print(table)


def _rights(*, as_json: bool) -> None:
    table = Table("component", "may", "on", "names")
    for flow in flows().values():
        rights, quotas = flow.rights(), flow.quotas()
        if as_json:
            typer.echo(
                json.dumps({"component": flow.name, "rights": [asdict(one) for one in rights], "quotas": quotas})
            )
        for kind, operations in dict.fromkeys((one.kind, one.operations) for one in rights):
            names = [one.name for one in rights if (one.kind, one.operations) == (kind, operations)]
            table.add_row(flow.name, ", ".join(operations), kind, ", ".join(names))
        limits = ", ".join(f"{name} {value >> 20} MiB/s" for name, value in quotas.items())
        table.add_row(flow.name, "at most", "each broker", limits, end_section=True)
    if not as_json:
        Console().print(table)


def apply(
    as_json: bool = AS_JSON,
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show the difference; exit code 2 when there is one."),
    move_keys: bool = typer.Option(
        False, "--move-keys", help="Add partitions also to keyed topics; what is kept for moved keys stays behind."
    ),
    recreate: list[str] = RECREATE,
    revoke: bool = typer.Option(False, "--revoke", help="Take rights away that no file names."),
    keep_shorter: bool = typer.Option(
        False, "--keep-shorter", help="Leave topics that keep records for less: a run that sees retention.yaml follows."
    ),
) -> None:
    """Show how the broker differs, then create topics, add partitions and set settings.

    Where FAIRWATCH_KAFKA_PRINCIPALS is set, each component is also allowed what its topics name, and what it sends is
    limited. Doing it twice changes nothing. Exit code 2 when something is left that only people decide: partitions
    of topics whose keys would move, partitions too many, rights too many. Exit code 1 when something failed, or when
    the audit log could not be told what was made.
    """
    chosen = settings()
    if unknown := set(recreate) - topics().keys():
        raise ConfigurationError(f"--recreate: there is no topic {', '.join(sorted(unknown))} in schemas/topics")
    told = Told(move_keys=move_keys, recreate=frozenset(recreate), keep_shorter=keep_shorter)
    again = replace(told, recreate=frozenset())
    with closing(kafka.admin(chosen)) as admin:
        changes = _differences(admin, chosen, told, revoke=revoke)
        _print(changes, as_json=as_json)
        if changes and not dry_run:
            bounds = (chosen.topic_prefix, chosen.max_partitions)
            files = kept_topics(chosen)
            try:
                topic_plan.apply(admin, changes, *bounds, replication=chosen.replication, files=files)
                if chosen.kafka_principals:
                    topics_acls.apply_access(admin, changes)
            except Exception as error:
                _tell(chosen, changes, _left_if_seen(admin, chosen, again, revoke=revoke), error)
                raise
            if move_keys and any(change.action == "add" for change in changes):
                Console(stderr=True).print(MOVED)
            tried, changes = changes, _left(admin, chosen, again, revoke=revoke)
            _tell(chosen, tried, changes)
    if changes:
        raise typer.Exit(EXIT_DIFFERENT)


def _left_if_seen(admin: Any, chosen: Settings, told: Told, *, revoke: bool) -> list[Change] | None:
    """Return what is still different after something failed; None where the broker does not even say that."""
    try:
        return _left(admin, chosen, told, revoke=revoke)
    except FairwatchError:
        return None


def _tell(chosen: Settings, tried: list[Change], left: list[Change] | None, failure: Exception | None = None) -> None:
    """Tell the audit log what was made and what was not, once the log is there to be told.

    Raises:
        RetryableError: The log takes nothing; what was made is made.
    """
    details = outcome(tried, left, failure)
    try:
        asyncio.run(tell(chosen, told("topics.applied", "topics", details=details)))
    except FairwatchError as error:
        what = f"the audit log was not told of the {len(tried)} changes above: {error}"
        if failure is None:
            raise RetryableError(f"the changes are made, but {what}") from error
        Console(stderr=True).print(f"[red]{shown(what)}[/]", highlight=False)  # and the failure itself is raised


def _differences(admin: Any, chosen: Settings, told: Told, *, revoke: bool) -> list[Change]:
    bounds = (chosen.topic_prefix, chosen.max_partitions)
    parts = chosen.list_part.of
    found = topic_plan.differences(admin, *bounds, kept_topics(chosen).values(), told, list_parts=parts)
    if chosen.kafka_principals:
        pattern, prefix = chosen.kafka_principals, chosen.topic_prefix
        found += topics_acls.access_differences(admin, pattern, prefix, revoke=revoke, list_parts=parts)
    return found


def _left(admin: Any, chosen: Settings, told: Told, *, revoke: bool) -> list[Change]:
    """Return what is still different once every broker has heard of what was done."""
    end = time.monotonic() + HEARD_S
    while True:
        changes = _differences(admin, chosen, told, revoke=revoke)
        if all(change.action == "by hand" for change in changes) or time.monotonic() > end:
            return changes
        time.sleep(0.2)


def _print(changes: list[Change], *, as_json: bool) -> None:
    if as_json:
        for change in changes:
            typer.echo(json.dumps(asdict(change)))
        return
    if not changes:
        Console().print(f"All {len(topics())} topics are as schemas/topics says.")
        return
    table = Table("resource", "action", "what", "on the broker", "as it should be", "")
    for change in changes:
        table.add_row(change.resource, change.action, change.what, change.before or "", change.after, change.advice)
    Console().print(table)
