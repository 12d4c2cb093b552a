"""Write infra/prometheus/metrics.md, the table of every metric, from the code that names them.

Usage: metrics_table.py [--check]; with --check nothing is written and a difference exits 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from generated_page import write_or_compare

from fairwatch.telemetry.metrics import described

TABLE = Path(__file__).resolve().parents[1] / "prometheus" / "metrics.md"


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
    for one in described():
        labels = ", ".join(f"`{label}`" for label in one.labels)
        lines.append(f"| `{one.name}` | {one.kind} | {labels} | {one.what} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(write_or_compare(TABLE, table()))
