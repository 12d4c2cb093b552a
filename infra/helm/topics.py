"""What the chart has to know of schemas/topics and of the processors."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import yaml

from fairwatch.apps.topics_access import Flow, chains, flows
from fairwatch.wire.topics import topics

HEAD = "# Generated from schemas/topics by infra/helm/generate.py: do not edit.\n"


def component(flow: Flow) -> dict[str, Any]:
    """Return what a component reads as a group, reads whole and writes, whether it keeps state, and its rights."""
    told = {name: value for name, value in asdict(flow).items() if name != "parts"}
    found = {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}
    rights = [{**asdict(right), "operations": list(right.operations)} for right in flow.rights()]
    return {**found, "rights": rights, "quotas": flow.quotas()}


def content() -> str:
    """Return the file."""
    found = {
        "topics": {
            topic.name: {"partitions": topic.partitions, "config": topic.configuration()} for topic in topics().values()
        },
        "components": {name: component(flow) for name, flow in flows().items()},
        "chains": {
            name: {**component(flow), "parts": [part.name for part in flow.parts]} for name, flow in chains().items()
        },
    }
    return HEAD + yaml.safe_dump(found, sort_keys=True, width=120)
