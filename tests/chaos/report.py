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
from tests.chaos.verdict import BOUND_S, Verdict

RESULTS = Path(__file__).parent / "results"
SHOWN = 10
COUNTS = (
    "events", "alerts", "lost", "doubled", "revoked_alerts", "dead_letters", "unexplained_dead_letters",
    "disordered_devices", "audit_chain_faults", "repeated",
)  # fmt: skip


def faults(happened: Sequence[Happened]) -> list[dict[str, Any]]:
    """Return name, count, and the longest and the median recovery of each fault; None where one did not recover."""
    by_name: dict[str, list[float | None]] = defaultdict(list)
    for each in happened:
        by_name[each.name].append(each.recovery_s)
    return [_line(name, times) for name, times in sorted(by_name.items())]


def _line(name: str, times: Sequence[float | None]) -> dict[str, Any]:
    known = [seconds for seconds in times if seconds is not None]
    whole = len(known) == len(times)
    return {
        "name": name, "count": len(times), "recovery_s": round(max(known), 1) if whole else None,
        "recovery_median_s": round(median(known), 1) if known else None,
    }  # fmt: skip


def results(verdict: Verdict, happened: Sequence[Happened], run: dict[str, Any]) -> dict[str, Any]:
    """Return the content of the file; `run` holds seed, events and how it was run."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "version": __version__,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()}, **run,
        "lost": len(verdict.lost), "doubled": len(verdict.doubled), "revoked_alerts": len(verdict.revoked_alerts),
        "unexplained_dead_letters": len(verdict.unexplained), "disordered_devices": len(verdict.disordered),
        "audit_chain_faults": len(verdict.chain),
        "repeated": verdict.repeated, "alerts": verdict.alerts, "dead_letters": verdict.dead_letters,
        "propagation_bound_s": BOUND_S, "faults": faults(happened),
    }  # fmt: skip


def write(found: dict[str, Any], path: Path) -> Path:
    """Write the numbers and return where they are."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def show(out: Console, found: dict[str, Any], verdict: Verdict) -> None:
    """Print the table, and the first findings of each kind."""
    table = Table("fault", "times", "recovery, longest", "median", title=f"seed {found['seed']}")
    for fault in found["faults"]:
        longest = "not recovered" if fault["recovery_s"] is None else f"{fault['recovery_s']:.1f} s"
        table.add_row(fault["name"], str(fault["count"]), longest, f"{fault['recovery_median_s'] or 0:.1f} s")
    out.print(table)
    out.print(", ".join(f"{found[key]} {key.replace('_', ' ')}" for key in COUNTS))
    for name in ("lost", "doubled", "revoked_alerts", "unexplained", "disordered", "chain"):
        for line in getattr(verdict, name)[:SHOWN]:
            out.print(f"  {name}: {line}", markup=False)
