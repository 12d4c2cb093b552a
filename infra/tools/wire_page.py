"""Write infra/docs/wire.md: every topic and every component, from schemas/topics and fairwatch/parts.py.

Usage: wire_page.py [--check]; with --check nothing is written and a difference exits 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from generated_page import write_or_compare

from fairwatch.apps.topics_access import flows
from fairwatch.parts import parts
from fairwatch.wire.topics import Topic, topics

PAGE = Path(__file__).resolve().parents[1] / "docs" / "wire.md"
HEAD = """# What flows where

Written by `make fix` from `schemas/topics` and `services/fairwatch/parts.py`. `fairwatch topics show --rights` tells
the rights and quotas of each component; what cannot be processed from a topic goes to `<topic>-dlq`.
"""


def named(words: Iterable[str]) -> str:
    """Return words as code, comma separated; a hyphen for none."""
    return ", ".join(f"`{word}`" for word in words) or "-"


def kept(topic: Topic) -> str:
    """Return how long a topic keeps what it holds."""
    latest = "the latest of each key" if "compact" in topic.cleanup else ""
    hours = "" if topic.retention_hours < 0 else f"{topic.retention_hours} h"
    return ", ".join(filter(None, (latest, hours)))


def page() -> str:
    """Return the page as Markdown."""
    lines = [
        HEAD,
        "## Topics",
        "",
        "| topic | record | key | kept | written by | read by |",
        "|---|---|---|---|---|---|",
    ]
    for topic in topics().values():
        if topic.record == "DeadLetter":
            continue
        used = f"{named(topic.producers)} | {named(topic.consumers)}"
        lines.append(f"| `{topic.name}` | {topic.record} v{topic.version} | `{topic.key}` | {kept(topic)} | {used} |")
    lines += [
        "",
        "## Components",
        "",
        "| component | what it does | reads | holds whole | writes |",
        "|---|---|---|---|---|",
    ]
    for part in parts().values():
        flow = flows()[part.name]
        told = f"{named(flow.reads)} | {named(flow.references)} | {named(flow.writes)}"
        lines.append(f"| `{part.name}` | {part.summary} | {told} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(write_or_compare(PAGE, page()))
