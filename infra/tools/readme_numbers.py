"""Write the measured numbers of the latest `make bench` into README.md, between its markers.

Usage: readme_numbers.py [--check]; with --check nothing is written and a difference exits 1. The README stays as it is
where nothing was measured yet.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
START, END = "<!-- numbers:start -->", "<!-- numbers:end -->"
BROKERS = {"embedded": "the embedded broker, at least once", "kafka": "Apache Kafka, in transactions"}
SHAPES = {"apart": "each processor a process", "chains": "chains"}
SUSTAINED = {
    "sustained, http": "an event a request",
    "sustained, viid": "GA/T 1400 with 20 objects a request",
    "sustained, avro": "Avro observations of a producer",
}
RATES = ("http at 100/s", "http at 1,000/s", "mqtt at 100/s")


def engine(results: dict[str, Any]) -> list[str]:
    """Return the engine's rows: medians of rounds in which all competitors took turns."""
    lines = [
        "| engine: decode, set a field, encode, write | events/s, median of rounds | ours is faster by |",
        "|---|---|---|",
    ]
    for broker, speeds in results.items():
        for name, speed in speeds.items():
            rate, ratio = speed["events_per_s"], speed["ratio"]["median"]
            spread = f"{rate['median']:,.0f} ({rate['min']:,.0f} to {rate['max']:,.0f})"
            times = "" if name == "fairwatch" else f"{ratio:.2f} x"
            lines.append(f"| {BROKERS[broker]}: {name.replace('_', ' ')} | {spread} | {times} |")
    return [*lines, ""]


def adapters(results: dict[str, Any]) -> list[str]:
    """Return the adapters' rows."""
    lines = ["| adapter, one core, no event twice | events/s |", "|---|---|"]
    return [*lines, *(f"| `{name}` | {speed['events_per_s']:,.0f} |" for name, speed in results.items()), ""]


def gateways(results: dict[str, Any]) -> list[str]:
    """Return what an event costs at the ways in."""
    lines = [
        "| way in, as fast as it is taken | events/s | us of CPU an event: gateway, broker, devices |",
        "|---|---|---|",
    ]
    for broker, ways in results.items():
        for way, found in ways.items():
            costs = ", ".join(f"{found[name]:,.0f}" for name in ("gateway_us", "broker_us", "devices_us"))
            lines.append(f"| {way}, {BROKERS[broker].partition(',')[0]} | {found['events_per_s']:,.0f} | {costs} |")
    return [*lines, ""]


def pipeline(results: dict[str, Any]) -> list[str]:
    """Return the pipeline's rows: from a device's request to the receiver's."""
    columns = [(broker, shape, phases) for broker, shapes in results.items() for shape, phases in shapes.items()]
    where = " | ".join(f"{BROKERS[broker].partition(',')[0]}, {SHAPES[shape]}" for broker, shape, _ in columns)
    lines = [f"| request to webhook, nine processors | {where} |", "|---" * (len(columns) + 1) + "|"]
    for rate in RATES:
        cells = [f"{phases[rate]['p50_ms']:,.0f} / {phases[rate]['p99_ms']:,.0f}" for _, _, phases in columns]
        lines.append(f"| {rate}: p50 / p99 ms | {' | '.join(cells)} |")
    for name, title in SUSTAINED.items():
        lines.append(f"| sustained, {title} | {' | '.join(_sustained(phases[name]) for _, _, phases in columns)} |")
    return [*lines, ""]


def _sustained(found: dict[str, Any]) -> str:
    cpu = sum(found["cpu_us"].values())
    return f"{found['rate']:,} events/s, 1 in {1 / found['alerts_share']:.0f} an alert, {cpu:,.0f} us of CPU each"


def table(results: dict[str, Any]) -> str:
    """Return the numbers as Markdown."""
    machine = results["machine"]
    measured = f"{results['at'][:10]} ({machine['cpu']}, {machine['cores']} cores, everything on it)"
    if "kafka_jvm" in results:
        measured += f", Kafka's JVM with `{results['kafka_jvm']}`"
    lines = [f"Measured by `make bench` on {measured}:", ""]
    for part, rows in (("engine", engine), ("adapters", adapters), ("gateways", gateways), ("pipeline", pipeline)):
        if part in results:
            lines += rows(results[part])
    return "\n".join(lines).rstrip()


def main() -> int:
    """Write the README, or compare it with --check."""
    measured = max((ROOT / "tests/benchmarks/results").glob("bench-*.json"), default=None)
    if measured is None:
        return 0
    text = README.read_text(encoding="utf-8")
    head, tail = text.partition(START)[0], text.partition(END)[2]
    wanted = f"{head}{START}\n{table(json.loads(measured.read_text(encoding='utf-8')))}\n{END}{tail}"
    if "--check" in sys.argv:
        if text != wanted:
            print("README.md does not show the numbers of the latest bench: run make fix", file=sys.stderr)
        return 0 if text == wanted else 1
    README.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
