"""`fairwatch tail`: the records of a topic, decoded, as they come."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from fairwatch.apps import kafka
from fairwatch.apps.messages import Message, read
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.domain.errors import RejectedError
from fairwatch.wire.avro import Codec
from fairwatch.wire.dead_letter import UNREADABLE
from fairwatch.wire.json_form import to_json

_SHOWN = 600  # characters of a record in the pretty form


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tail")(tail)


def tail(
    topic: Annotated[str, typer.Argument(help="Logical topic, e.g. observations or observations-dlq.")],
    start: Annotated[Literal["end", "beginning"], typer.Option("--from", help="Where to start.")] = "end",
    count: Annotated[int | None, typer.Option("--count", "-n", min=1, help="Stop after so many records.")] = None,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop at the end of the topic as it is now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a record; bytes are base64.")] = False,
) -> None:
    """Print the records of a topic as they come, until Ctrl-C.

    What cannot be decoded, or lies in a record batch that cannot be opened, is printed with the reason, and tailing
    goes on.
    """
    chosen = settings()
    codec = kafka.codec(chosen)
    out = Console(soft_wrap=True)
    messages = read(chosen, topic, beginning=start == "beginning", follow=not until_end)
    with suppress(KeyboardInterrupt):
        for message in islice(messages, count):
            decoded = _decoded(codec, message)
            if as_json:
                typer.echo(to_json(decoded))
            else:
                _print(out, decoded)


def _decoded(codec: Codec, message: Message) -> dict[str, Any]:
    raw = message.raw
    about: dict[str, Any] = {
        "topic": raw.topic,
        "partition": raw.partition,
        "offset": raw.offset,
        "at": datetime.fromtimestamp(message.at / 1000, UTC).isoformat(timespec="milliseconds"),
        "key": (raw.key or b"").decode("utf-8", "replace"),
        "headers": {name: value.decode("utf-8", "replace") for name, value in raw.headers.items()},
    }
    if message.unreadable is not None:
        return about | {"type": None, "record": None, "reason": UNREADABLE, "detail": message.unreadable}
    if raw.value is None:
        return about | {"type": None, "record": None}
    try:
        kind, record = codec.decode(raw.value)
    except RejectedError as error:
        return about | {"type": None, "record": None, "reason": error.reason, "detail": error.detail}
    return about | {"type": kind, "record": record}


def _print(out: Console, decoded: dict[str, Any]) -> None:
    where = f"{decoded['topic']}/{decoded['partition']}@{decoded['offset']}"
    out.print(f"[dim]{decoded['at']}[/] [bold]{where}[/] {shown(decoded['key'])}", highlight=False)
    if "reason" in decoded:
        out.print(f"  [red]{decoded['reason']}[/]: {shown(decoded['detail'])}", highlight=False)
    elif decoded["record"] is None:
        out.print("  [yellow]tombstone[/]")
    else:
        text = to_json({name: value for name, value in decoded["record"].items() if value not in (None, [], {}, "")})
        short = text if len(text) <= _SHOWN else text[:_SHOWN] + " …"
        out.print(f"  [cyan]{decoded['type']}[/]", shown(json.dumps(short)[1:-1].replace('\\"', '"')))
