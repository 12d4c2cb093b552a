"""`make chaos`: faults at random, with a printed seed, while events flow whose answers are known.

The table goes to standard output, the numbers to results/<date>.json; logs stay in a folder below the temporary one.
"""

import argparse
import asyncio
import logging
import os
import secrets
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from tests.chaos import report
from tests.chaos.faults import catalogue
from tests.chaos.faults.workers import Jump
from tests.chaos.run import Plan, run
from tests.chaos.workers import EACH_ALONE, FAKETIME

WHOLE = 100_000  # events
ENDED = 143  # as a shell calls the end by SIGTERM


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few faults in six minutes")
    parser.add_argument("--events", type=int, help="at least so many")
    parser.add_argument("--rate", type=float, help="events a second")
    parser.add_argument("--minutes", type=float, help="no fault begins later")
    parser.add_argument("--seed", type=int, help="of an earlier run")
    parser.add_argument("--only", help="faults whose name holds one of these texts, comma separated")
    parser.add_argument("--no-registry", action="store_true", help="single-object encoding; the registry is not needed")
    parser.add_argument("--processes", help="processors by process, comma separated, e.g. normalize+enrich,match,…")
    given = parser.parse_args()
    os.environ["FAIRWATCH_KAFKA"] = "1"
    for name in ("aiokafka", "kafka", "amqtt"):  # that brokers are away is what we want
        logging.getLogger(name).setLevel(logging.CRITICAL)
    plan = _plan(given)
    if not FAKETIME and any(isinstance(fault, Jump) for fault in plan.faults):
        parser.error("no clock can be made to jump: install libfaketime")
    out = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="fairwatch-chaos-"))

    def say(text: str) -> None:
        out.print(f"{datetime.now(UTC):%H:%M:%S} {text}", markup=False)

    try:
        done = asyncio.run(run(plan, folder, say))
    except asyncio.CancelledError:
        out.print("ended from outside; everything that was started is ended")
        return ENDED
    found = report.results(done.verdict, done.happened, done.facts)
    report.show(out, found, done.verdict)
    wanted, whole = [fault.name for fault in plan.faults], not (given.short or given.only or given.minutes)
    failed = report.failures(found, done.verdict, wanted, timed=not given.short, whole=whole)
    found |= {"whole": whole and plan.events >= WHOLE, "failures": failed}
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    path = report.write(found, (folder if given.short or given.only else report.RESULTS) / f"{date}.json")
    out.print(f"written to {path}")
    for name in [] if whole else report.not_tried(found, wanted):
        out.print(f"not tried, no time was left: {name}", markup=False)
    for reason in failed:
        out.print(f"FAILED: {reason}", markup=False)
    return 1 if failed else 0


def _plan(given: argparse.Namespace) -> Plan:
    small = given.short
    registry = not (small or given.no_registry)
    faults = [
        fault
        for fault in (catalogue.short() if small else catalogue.every())
        if (registry or fault.part != "registry") and any(text in fault.name for text in (given.only or "").split(","))
    ]
    return Plan(
        seed=secrets.randbelow(1_000_000) if given.seed is None else given.seed,
        events=given.events or (4_000 if small else WHOLE),
        rate=given.rate or (40.0 if small else 80.0),
        minutes=given.minutes or (2.5 if small else 40.0),
        registry=registry,
        faults=faults,
        partition=tuple(given.processes.split(",")) if given.processes else EACH_ALONE,
    )


if __name__ == "__main__":
    sys.exit(main())
