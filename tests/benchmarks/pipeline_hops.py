"""Where the time between a device and a receiver goes, hop by hop."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.benchmarks.pipeline_world import Kind, Numbers, event_of

PATHS: dict[Kind, tuple[tuple[str, str, str], ...]] = {
    "plate": (
        ("gateway", "", "raw-events"), ("normalize", "raw-events", "observations"),
        ("enrich", "observations", "sightings"), ("match", "sightings", "candidates"),
        ("verify", "candidates", "verdicts"), ("route", "verdicts", "alert-triggers"),
        ("group", "alert-triggers", "alerts"), ("notify", "alerts", ""),
    ),
    "line": (
        ("gateway", "", "raw-events"), ("normalize", "raw-events", "observations"),
        ("enrich", "observations", "sightings"), ("route", "sightings", "alert-triggers"),
        ("group", "alert-triggers", "alerts"), ("notify", "alerts", ""),
    ),
}  # fmt: skip
SAMPLE = re.compile(
    r"^fairwatch_batch_(?:step_)?seconds_(?P<of>sum|count){(?P<labels>[^}]*)} (?P<value>\S+)$", re.MULTILINE
)
LABEL = re.compile(r'(\w+)="([^"]*)"')
Steps = dict[tuple[str, str], tuple[float, float]]


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return p50 and p99 in milliseconds, and of how many."""
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return {"p50_ms": round(float(p50), 1), "p99_ms": round(float(p99), 1), "events": len(seconds)}


def hops(
    numbers: Numbers,
    seen: Mapping[str, Any],
    entries: Mapping[str, int],
    ends: tuple[dict[int, float], dict[int, float]],
) -> dict[str, dict[str, dict[str, float]]]:
    """Return by kind of event and processor: the whole hop, and its two parts as far as topics tell them.

    `to_made`: from where its reader could see an event to where the processor had made the output (waiting and
    handling); `to_readable`: from there to where the next reader could see that (acknowledgements, or the
    transaction). Medians, in milliseconds.

    Args:
        numbers: The events of the phase.
        seen: What the observer wrote.
        entries: Event by id of its listed entry.
        ends: When each event was sent, and when its alert arrived.
    """
    recorded = {event_of(alert, entries): key for key, alert in seen["alerts"].items()}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for kind, path in PATHS.items():
        times: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
        for number in numbers.of(kind):
            if (key := recorded.get(number)) is not None:
                _follow(path, seen["topics"], key, (ends[0][number], ends[1][number]), times)
        if times:
            found[kind] = {name: _row(rows) for name, rows in times.items()}
    return found


def _follow(
    path: Sequence[tuple[str, str, str]], topics: Mapping[str, Any], key: str, ends: tuple[float, float], times: Any
) -> None:
    for name, reads, writes in path:
        began = topics.get(reads, {}).get(key, (None,))[0] if reads else ends[0]
        readable, made = topics.get(writes, {}).get(key, (None, None)) if writes else (ends[1], ends[1])
        if began is not None and readable is not None:
            times[name].append((readable - began, made - began, readable - made))


def _row(rows: Sequence[tuple[float, float, float]]) -> dict[str, float]:
    whole, to_made, to_readable = (list(column) for column in zip(*rows, strict=True))
    middle = {"to_made_ms": float(np.median(to_made)) * 1000, "to_readable_ms": float(np.median(to_readable)) * 1000}
    return {**percentiles(whole), **{name: round(value, 1) for name, value in middle.items()}}


def steps(exposition: str) -> Steps:
    """Return (seconds, batches) by component and step of a batch from what a worker's /metrics says.

    The step `batch` is all of it; the others are there where the worker measures them.

    >>> steps('fairwatch_batch_step_seconds_sum{component="match",step="handle"} 2.5')
    {('match', 'handle'): (2.5, 0.0)}
    """
    found: Steps = {}
    for sample in SAMPLE.finditer(exposition):
        labels = dict(LABEL.findall(sample["labels"]))
        place = labels["component"], labels.get("step", "batch")
        seconds, count = found.get(place, (0.0, 0.0))
        value = float(sample["value"])
        found[place] = (value, count) if sample["of"] == "sum" else (seconds, value)
    return found


def step_means(before: Steps, after: Steps) -> dict[str, dict[str, float]]:
    """Return by component and step how long it took on average, in milliseconds, between two looks."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for place, (seconds, count) in after.items():
        seconds_before, count_before = before.get(place, (0.0, 0.0))
        if count > count_before:
            found[place[0]][place[1]] = round((seconds - seconds_before) / (count - count_before) * 1000, 2)
    return dict(found)
