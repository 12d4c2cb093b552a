"""The table and results/<date>.json."""

import json
import os
import platform
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from fairwatch import __version__
from tests.chaos.faults.fault import Happened
from tests.chaos.verdict import BOUND_S, WRONGS, Verdict

RESULTS = Path(__file__).parent / "results"
SHOWN = 10
COUNTS = ("events", "alerts", "webhooks", "repeated", "dead_letters")
KILL_BAR_S = 15.0


def faults(happened: Sequence[Happened]) -> list[dict[str, Any]]:
    """Return name, count, and the longest and the median recovery of each fault; None where one did not recover."""
    by_name: dict[str, list[Happened]] = defaultdict(list)
    for each in happened:
        by_name[each.name].append(each)
    return [_line(name, some) for name, some in sorted(by_name.items())]


def kills(happened: Sequence[Happened]) -> dict[str, Any]:
    """Return how soon everything flowed again after each SIGKILL of a worker, against the bar."""
    times = [each.recovery_s for each in happened if "killed" in each.name and "broker" not in each.name]
    within = [seconds for seconds in times if seconds is not None and seconds <= KILL_BAR_S]
    longest = None if None in times else max((seconds for seconds in times if seconds is not None), default=0.0)
    return {
        "count": len(times),
        "within_bar": len(within),
        "bar_s": KILL_BAR_S,
        "longest_s": longest and round(longest, 1),
    }


def _line(name: str, some: Sequence[Happened]) -> dict[str, Any]:
    times = [each.recovery_s for each in some]
    known = [seconds for seconds in times if seconds is not None]
    whole = len(known) == len(times)
    return {
        "name": name, "count": len(times), "events": sum(each.events for each in some),
        "recovery_s": round(max(known), 1) if whole else None,
        "recovery_median_s": round(median(known), 1) if known else None,
    }  # fmt: skip


def results(verdict: Verdict, happened: Sequence[Happened], run: dict[str, Any]) -> dict[str, Any]:
    """Return the content of the file; `run` holds seed, events and how it was run."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "version": __version__,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()}, **run,
        "wrong": {name: len(getattr(verdict, name)) for name in WRONGS}, "revisions": verdict.states,
        "repeated": verdict.repeated, "alerts": verdict.alerts, "webhooks": verdict.webhooks,
        "dead_letters": verdict.dead_letters, "propagation_bound_s": BOUND_S, "after_sigkill": kills(happened),
        "faults": faults(happened),
    }  # fmt: skip


def write(found: dict[str, Any], path: Path) -> Path:
    """Write the numbers and return where they are."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def show(out: Console, found: dict[str, Any], verdict: Verdict) -> None:
    """Print the table, and the first findings of each kind."""
    table = Table("fault", "times", "events meanwhile", "recovery, longest", "median", title=f"seed {found['seed']}")
    for fault in found["faults"]:
        longest = "not recovered" if fault["recovery_s"] is None else f"{fault['recovery_s']:.1f} s"
        table.add_row(
            fault["name"],
            str(fault["count"]),
            str(fault["events"]),
            longest,
            f"{fault['recovery_median_s'] or 0:.1f} s",
        )
    out.print(table)
    out.print(", ".join(f"{found[key]} {key.replace('_', ' ')}" for key in COUNTS))
    out.print("revisions: " + ", ".join(f"{count} {state}" for state, count in found["revisions"].items()))
    out.print("wrong: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found["wrong"].items()))
    after = found["after_sigkill"]
    out.print(
        f"SIGKILL of a worker: {after['count']}, {after['within_bar']} recovered within {after['bar_s']:g} s,"
        f" the longest took {after['longest_s']} s"
    )
    for name in WRONGS:
        for line in getattr(verdict, name)[:SHOWN]:
            out.print(f"  {name}: {line}", markup=False)
