"""Write the Grafana dashboards that the chart brings: helm/fairwatch/files/dashboards.

Usage: generate.py [--check]; with --check nothing is written and a difference exits 1. A panel about a metric that the
code does not have is an error.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from pages import DASHBOARDS

from fairwatch.telemetry.metrics import described

FILES = Path(__file__).resolve().parents[2] / "helm/fairwatch/files/dashboards"


def unknown() -> list[str]:
    """Return each panel whose metrics do not exist."""
    known = {series for metric in described() for series in metric.series}
    return [
        f"{dashboard.name}: {panel.title}: {name}"
        for dashboard in DASHBOARDS
        for panel in dashboard.panels
        for query in panel.queries.values()
        for name in re.findall(r"\b(?:fairwatch|process)_\w+", query)
        if name not in known
    ]


def wanted() -> dict[Path, str]:
    """Return the content of every file."""
    return {FILES / f"{page.name}.json": json.dumps(page.json(), indent=1) + "\n" for page in DASHBOARDS}


def main() -> int:
    """Write, or with --check compare."""
    if missing := unknown():
        sys.stderr.write("no such metric: " + "; ".join(missing) + "\n")
        return 1
    stale = []
    for path, content in wanted().items():
        if path.exists() and path.read_text(encoding="utf-8") == content:
            continue
        stale.append(path.name)
        if "--check" not in sys.argv[1:]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    if stale and "--check" in sys.argv[1:]:
        sys.stderr.write(f"stale: {', '.join(stale)}; run infra/grafana/generate.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
