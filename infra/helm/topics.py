"""What the chart has to know of schemas/topics and of the processors."""

from __future__ import annotations

from typing import Any

import yaml

from fairwatch.apps.catalogue import components
from fairwatch.apps.processors import spec_of
from fairwatch.wire.topics import topics

HEAD = "# Generated from schemas/topics by infra/helm/generate.py: do not edit.\n"


def component(name: str, kind: str) -> dict[str, Any]:
    """Return which topics a component reads as a group, reads whole, and writes; and whether it keeps state."""
    consumed = sorted(topic.name for topic in topics().values() if name in topic.consumers)
    written = sorted(topic.name for topic in topics().values() if name in topic.producers)
    spec = spec_of(name) if kind == "processor" else None
    reads = sorted(spec.reads) if spec else []
    return {
        "reads": reads,
        "references": [topic for topic in consumed if topic not in reads],
        "writes": written,
        "state": bool(spec and spec.state),
        "replay": bool(spec and spec.replay),
    }


def content() -> str:
    """Return the file."""
    found = {
        "topics": {
            topic.name: {"partitions": topic.partitions, "config": topic.configuration()} for topic in topics().values()
        },
        "components": {part.name: component(part.name, part.kind) for part in components().values()},
    }
    return HEAD + yaml.safe_dump(found, sort_keys=True, width=120)
