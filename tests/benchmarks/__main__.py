"""`make bench`: engine, adapters and pipeline on one broker; prints a table and writes results/<date>.json."""

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from fairwatch import __version__
from fairwatch.apps.embedded import start_broker
from tests.benchmarks import adapters, engine, pipeline

RESULTS = Path(__file__).parent / "results"
JSON_BAR, XML_BAR = 10_000, 4_000
LOOP_BAR, FAUST_BAR = 0.8, 5.0


def machine() -> dict[str, Any]:
    """Return what the numbers were measured on."""
    model = "unknown"
    for line in (
        Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    ):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = round(psutil.virtual_memory().total / 2**30)
    return {"cpu": model, "cores": os.cpu_count(), "memory_gib": memory, "python": platform.python_version()}


def verdicts(results: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Return (what, measured, bar, held) for every line of the table."""
    speed = results["engine"]
    ours = speed["fairwatch"]["events_per_s"]
    lines = []
    for name, bar in (("aiokafka_loop", LOOP_BAR), ("faust_stock", FAUST_BAR), ("quix_streams", 1.0)):
        ratio = ours / speed[name]["events_per_s"]
        lines.append((f"engine, against {name}", f"{ours:,.0f}/s, {ratio:.2f} x", f"≥ {bar:g} x", ratio >= bar))
    for name, found in results["adapters"].items():
        bar = XML_BAR if name.endswith("xml") else JSON_BAR
        rate = found["events_per_s"]
        lines.append((f"adapter {name}", f"{rate:,.0f}/s", f"≥ {bar:,}/s", rate >= bar))
    flow = results["pipeline"]
    lines.append(("pipeline, raw event to alert", f"{flow['events_per_s']:,.0f}/s", "", True))
    lines.append(("… latency at half of that", f"p50 {flow['p50_ms']:.0f} ms, p99 {flow['p99_ms']:.0f} ms", "", True))
    return lines


def main() -> int:
    """Measure everything; a missed bar is marked in the table, since another machine is not a failure."""
    out = Console()
    with start_broker() as broker:
        out.print("engine: fairwatch, aiokafka loop, stock Faust, Quix Streams …")
        speed = {name: {"events_per_s": rate} for name, rate in engine.run(broker.address).items()}
        out.print("adapters …")
        formats = {name: {"events_per_s": round(rate, 1)} for name, rate in adapters.run().items()}
        out.print("pipeline …")
        flow = pipeline.run(broker.address)
    now = datetime.now(UTC)
    results = {
        "at": now.isoformat(timespec="seconds"), "version": __version__, "machine": machine(),
        "engine": speed, "adapters": formats, "pipeline": flow,
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now.date()}.json"
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    table = Table("", "measured", "bar", "", title=f"{results['machine']['cpu']}, {results['machine']['cores']} cores")
    lines = verdicts(results)
    for what, measured, bar, held in lines:
        table.add_row(what, measured, bar, "" if not bar else "✓" if held else "✗")
    out.print(table)
    out.print(f"written to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
