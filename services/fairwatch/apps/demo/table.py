"""The live table of the demo: one row for each stage."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from fairwatch.parts import of_kind

STAGES = (*of_kind("gateway", essential=True), *of_kind("processor", essential=True))


def stage_table(heartbeats: Sequence[Mapping[str, Any]], title: str) -> Table:
    """Return events in, out and dead, lag, and latency from device to stage in milliseconds."""
    table = Table(title=title, title_justify="left")
    table.add_column("stage")
    for heading in ("in", "out", "dead", "lag", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="right")
    by_component = {beat["component"]: beat for beat in heartbeats}
    for stage in STAGES:
        beat = by_component.get(stage)
        if beat is None:
            table.add_row(stage, *["·"] * 6, style="dim")
            continue
        light = "[green]●[/]" if beat.get("ready") else "[yellow]○[/]"
        table.add_row(
            f"{light} {stage}",
            *(f"{beat.get(name) or 0:,}" for name in ("received", "emitted", "dead")),
            "-" if beat.get("lag") is None else f"{beat['lag']:,}",
            *(f"{beat[name]:.0f}" if beat.get(name) else "-" for name in ("p50_ms", "p99_ms")),
        )
    return table
