"""`fairwatch publish`: records from files or standard input to a topic."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from fairwatch.apps import kafka, publishing
from fairwatch.apps.export import VOUCHED
from fairwatch.apps.messages import topic_named
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.apps.telling import operator
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.avro import Codec
from fairwatch.wire.topics import Topic, topics

EXIT_REJECTED = 1
OURS = "cli"  # as the files of topics name this command among their producers


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("publish")(publish)


def publish(
    topic: Annotated[str, typer.Argument(help="Logical topic, e.g. observations.")],
    files: Annotated[list[Path] | None, typer.Argument(help="JSON, JSON lines or framed Avro; - for stdin.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="Instead of the field that the topic is keyed by.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why a word that is asked about is meant; audited.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each input.")] = False,
) -> None:
    """Check records against the topic's schema and publish them; bytes in JSON are base64.

    What [bold]translate --json[/bold] and [bold]tail --json[/bold] print can be piped in; other records are skipped.
    Exit code 1 when something was rejected; every good record is published all the same.
    """
    outcomes = asyncio.run(_publish(writable(topic), files or [Path("-")], key, reason, as_json=as_json))
    Console(stderr=True).print(
        ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()) or "nothing to publish"
    )
    if outcomes["rejected"]:
        raise typer.Exit(EXIT_REJECTED)


def writable(name: str) -> Topic:
    """Return a topic that people may write to by this command; what the hub concludes only the hub writes.

    Raises:
        ConfigurationError: It is another; lists those that may be written.
    """
    topic = topic_named(name)
    writable = [one.name for one in topics().values() if OURS in one.producers and one.name not in (*VOUCHED, "audit")]
    if topic.name not in writable:
        known = ", ".join(writable)
        raise ConfigurationError(f"{name} is written by {', '.join(topic.producers)} alone: choose one of {known}")
    return topic


async def _publish(topic: Topic, files: list[Path], key: str | None, reason: str, *, as_json: bool) -> Counter[str]:
    chosen = settings()
    outcomes: Counter[str] = Counter()
    errors = Console(stderr=True)
    actor = operator()
    answer = publishing.Answer(reason, actor, SystemClock().now()) if reason else None
    async with kafka.producer(chosen, "cli") as producer:
        found = _documents(files, kafka.codec(chosen))
        async for result in publishing.publish(producer, topic, found, key, answer, actor):
            outcomes[result.outcome] += 1
            if as_json:
                typer.echo(json.dumps(asdict(result)))
            elif result.outcome == "rejected":
                errors.print(f"[red]{shown(result.name)}[/]: {shown(result.reason)}", highlight=False)
    return outcomes


def _documents(files: list[Path], codec: Codec) -> Iterator[tuple[str, Any]]:
    for path in files:
        content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        yield from publishing.documents(str(path), content, codec)
