"""Write infra/prometheus/metrics.md, the table of every metric, from the code that names them.

Usage: metrics_table.py [--check]; with --check nothing is written and a difference exits 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

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
