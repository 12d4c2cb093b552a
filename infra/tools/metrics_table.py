"""Write infra/prometheus/metrics.md, the table of every metric, from the code that names them.

Usage: metrics_table.py [--check]; with --check nothing is written and a difference exits 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import ProcessCollector

from fairwatch.telemetry.metrics import REGISTRY

TABLE = Path(__file__).resolve().parents[1] / "prometheus" / "metrics.md"
SUFFIX = {"counter": "_total"}


def table() -> str:
    """Return the table as Markdown."""
    lines = [
        "# Metrics",
        "",
        "Written by `make fix` from `services/fairwatch/telemetry/metrics.py`. Every component has them at `/metrics`.",
        "",
        "| metric | kind | labels | what |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{name}` | {kind} | {labels} | {what} |" for name, kind, labels, what in sorted(_rows())]
    return "\n".join(lines) + "\n"


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for collector in REGISTRY._collector_to_names:  # noqa: SLF001  # no public way
        labels = ", ".join(f"`{label}`" for label in getattr(collector, "_labelnames", ()))
        for family in collector.collect() if isinstance(collector, ProcessCollector) else collector.describe():
            yield family.name + SUFFIX.get(family.type, ""), family.type, labels, family.documentation


def main() -> int:
    """Write, or with --check compare."""
    made = table()
    if "--check" not in sys.argv[1:]:
        TABLE.write_text(made, encoding="utf-8")
    elif not TABLE.exists() or TABLE.read_text(encoding="utf-8") != made:
        sys.stderr.write(f"{TABLE} is stale: run `make fix`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
