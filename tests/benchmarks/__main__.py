"""`make bench`: engine, adapters, pipeline and lanes, on the embedded broker and on Apache Kafka; prints tables.

Writes results/bench-<date>.json; parts that are measured alone (`--only`) join those of the same day. The README's
numbers come from the newest of these files, and from nowhere else.
"""

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

os.environ.setdefault("FAIRWATCH_KAFKA", "1")

from fairwatch import __version__
from tests.benchmarks import adapters, engine, gateways, lanes, pipeline, rules
from tests.benchmarks.pipeline_hub import KAFKA_JVM, started
from tests.benchmarks.tables import hop_tables, verdicts

RESULTS = Path(__file__).parent / "results"
BROKERS = ("embedded", "kafka")
PARTS = ("engine", "adapters", "rules", "gateways", "pipeline", "lanes")


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


def measure(given: argparse.Namespace, out: Console) -> dict[str, Any]:
    """Measure the parts that are asked for."""

    def say(text: str) -> None:
        out.print(text, highlight=False)

    found: dict[str, Any] = {}
    if "engine" in given.only:
        found["engine"] = {}
        for broker in given.brokers:
            say(f"engine, {broker} …")
            with started(broker) as (bootstrap, _):
                found["engine"][broker] = engine.run(bootstrap, broker, say, short=given.short)
    if "adapters" in given.only:
        say("adapters …")
        found["adapters"] = {name: {"events_per_s": round(rate, 1)} for name, rate in adapters.run().items()}
    if "rules" in given.only:
        say("rules …")
        found["rules"] = rules.run(short=given.short)
        for name, value in found["rules"].items():
            say(f"  {name} {value:,} (bar {rules.BARS[name]:,})")
    if "gateways" in given.only:
        for broker in given.brokers:
            say(f"gateways, {broker} …")
            found.setdefault("gateways", {})[broker] = gateways.run(broker, say, short=given.short)
    if "pipeline" in given.only:
        every = pipeline.SHORT if given.short else pipeline.WHOLE
        phases = [one for one in every if any(part in one.name for part in ("warm-up", *given.phases))]
        for broker in given.brokers:
            for shape in given.shapes:
                say(f"pipeline, {broker}, {shape} …")
                of_broker = found.setdefault("pipeline", {}).setdefault(broker, {})
                of_broker[shape] = pipeline.run(broker, pipeline.SHAPES[shape], say, phases=phases)
    if "lanes" in given.only:
        for broker in given.brokers:
            say(f"lanes, {broker} …")
            with started(broker) as (bootstrap, _):
                found.setdefault("lanes", {})[broker] = lanes.run(
                    bootstrap, broker, say, short=given.short, minutes=given.minutes
                )
    return found


def write(found: dict[str, Any]) -> Path:
    """Write the results of today, beside parts that were measured today already."""
    now = datetime.now(UTC)
    path = RESULTS / f"bench-{now.date()}.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    about = {
        "at": now.isoformat(timespec="seconds"),
        "version": __version__,
        "machine": machine(),
        "kafka_jvm": KAFKA_JVM,
    }
    path.write_text(json.dumps({**before, **about, **found}, indent=2) + "\n", encoding="utf-8")
    return path


def main() -> int:
    """Measure and print; a missed bar is marked in the table, since another machine is not a failure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a look in a few minutes; nothing is written")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--brokers", nargs="+", choices=BROKERS, default=BROKERS)
    parser.add_argument("--shapes", nargs="+", choices=pipeline.SHAPES, default=list(pipeline.SHAPES))
    parser.add_argument("--minutes", type=float, help="of alerts in `lanes`; 10 without")
    parser.add_argument(
        "--phases",
        nargs="+",
        metavar="PART",
        default=[""],
        help="of the pipeline, by part of a name: http mqtt sustained",
    )
    given = parser.parse_args()
    out = Console(width=130)
    found = measure(given, out)
    about = machine()
    for table in (verdicts(found, f"{about['cpu']}, {about['cores']} cores"), *hop_tables(found.get("pipeline", {}))):
        out.print(table)
    if not given.short:
        out.print(f"written to {write(found).name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
