"""Write the measured numbers of the latest `make bench` into README.md, between its markers.

Usage: readme_numbers.py [--check]; with --check nothing is written and a difference exits 1.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
START, END = "<!-- numbers:start -->", "<!-- numbers:end -->"


def row(what: str, rate: float) -> str:
    """Return one row of the table."""
    return f"| {what} | {rate:,.0f} |"


def table() -> str:
    """Return the numbers as Markdown."""
    path = max((ROOT / "tests/benchmarks/results").glob("[0-9]*.json"))
    results = json.loads(path.read_text(encoding="utf-8"))
    machine, flow = results["machine"], results["pipeline"]
    speed = {name: found["events_per_s"] for name, found in results["engine"].items()}
    lines = [
        f"Measured by `make bench` on {path.stem} ({machine['cpu']}, {machine['cores']} cores, everything on it):",
        "",
        "| what | events/s |",
        "|---|---|",
        row("engine: decode a motion event, set a field, encode, produce; best of three rounds", speed["fairwatch"]),
        *(row(f"… the same work by {name.replace('_', ' ')}", speed[name]) for name in speed if name != "fairwatch"),
        *(row(f"adapter `{name}`, one core", found["events_per_s"]) for name, found in results["adapters"].items()),
        row("pipeline, raw event to alert", flow["events_per_s"]),
        "",
        f"Gateway to alert at half of that rate: p50 {flow['p50_ms']:.0f} ms, p99 {flow['p99_ms']:.0f} ms.",
    ]
    return "\n".join(lines)


def main() -> int:
    """Write the README, or compare it with --check."""
    text = README.read_text(encoding="utf-8")
    head, tail = text.partition(START)[0], text.partition(END)[2]
    wanted = f"{head}{START}\n{table()}\n{END}{tail}"
    if "--check" in sys.argv:
        if text != wanted:
            print("README.md does not show the numbers of the latest bench: run make fix", file=sys.stderr)
        return 0 if text == wanted else 1
    README.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
