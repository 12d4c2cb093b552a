"""The table and results/<date>.json."""

import json
import os
import platform
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
    """Return how soon a worker worked again after each SIGKILL, against the bar; seconds since the SIGKILL.

    The bar counts where brokers and registry were well. The next expected alert comes later, since it waits for the
    next event of its kind, and for whatever else was wrong.
    """
    killed = [each for each in happened if each.is_kill]
    well = [each for each in killed if not each.disturbed]
    return {
        "count": len(killed),
        "bar_s": KILL_BAR_S,
        "works_again": _times([each.works_s for each in killed]),
        "works_again_brokers_well": _times([each.works_s for each in well]),
        "next_alert": _times([None if each.recovery_s is None else each.held_s + each.recovery_s for each in killed]),
        "above_bar": [
            f"{each.name}: {'never' if each.works_s is None else round(each.works_s, 1)}"
            for each in well
            if each.works_s is None or each.works_s > KILL_BAR_S
        ],
    }


def _times(times: Sequence[float | None]) -> dict[str, Any]:
    known = sorted(seconds for seconds in times if seconds is not None)
    return {
        "count": len(times),
        "never": len(times) - len(known),
        "within_bar": sum(seconds <= KILL_BAR_S for seconds in known),
        "median_s": round(median(known), 1) if known else None,
        "longest_s": round(known[-1], 1) if known else None,
    }


def _line(name: str, some: Sequence[Happened]) -> dict[str, Any]:
    times, works = [each.recovery_s for each in some], [each.works_s for each in some if each.works_s is not None]
    known = [seconds for seconds in times if seconds is not None]
    whole = len(known) == len(times)
    return {
        "name": name, "count": len(times), "events": sum(each.events for each in some),
        "recovery_s": round(max(known), 1) if whole else None,
        "recovery_median_s": round(median(known), 1) if known else None,
        **({"works_again_s": round(max(works), 1)} if works else {}),
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


def not_tried(found: dict[str, Any], wanted: Iterable[str]) -> list[str]:
    """Return the faults for which there was no time."""
    return sorted(set(wanted) - {fault["name"] for fault in found["faults"]})


def failures(
    found: dict[str, Any], verdict: Verdict, wanted: Iterable[str], *, timed: bool = True, whole: bool = True
) -> list[str]:
    """Return why a run has failed; empty where everything that was wanted happened, and nothing wrong came of it.

    Times are judged where `timed`: in a short run faults lie upon each other while every process shares two cores. A
    `whole` run has to have time for every fault.
    """
    reasons = [f"{len(getattr(verdict, name))} {name.replace('_', ' ')}" for name in WRONGS if getattr(verdict, name)]
    reasons += [f"not recovered: {fault['name']}" for fault in found["faults"] if fault["recovery_s"] is None]
    reasons += [f"did not happen in time: {name}" for name in not_tried(found, wanted) if whole]
    reasons += [f"could not be made to happen, or to end: {fault}" for fault in found["failed_faults"]]
    return reasons + [f"above the bar: {line}" for line in found["after_sigkill"]["above_bar"] if timed]


def write(found: dict[str, Any], path: Path) -> Path:
    """Write the numbers and return where they are."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def show(out: Console, found: dict[str, Any], verdict: Verdict) -> None:
    """Print the table, and the first findings of each kind."""
    table = Table(
        "fault", "times", "events meanwhile", "works again, longest", "alerts again, longest", "median",
        title=f"seed {found['seed']}",
    )  # fmt: skip
    for fault in found["faults"]:
        longest = "not recovered" if fault["recovery_s"] is None else f"{fault['recovery_s']:.1f} s"
        works = f"{fault['works_again_s']:.1f} s" if "works_again_s" in fault else ""
        median_s = f"{fault['recovery_median_s'] or 0:.1f} s"
        table.add_row(fault["name"], str(fault["count"]), str(fault["events"]), works, longest, median_s)
    out.print(table)
    out.print(", ".join(f"{found[key]} {key.replace('_', ' ')}" for key in COUNTS))
    out.print("revisions: " + ", ".join(f"{count} {state}" for state, count in found["revisions"].items()))
    out.print("wrong: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found["wrong"].items()))
    for line in _after_sigkill(found["after_sigkill"]):
        out.print(line, markup=False)
    for name in WRONGS:
        for line in getattr(verdict, name)[:SHOWN]:
            out.print(f"  {name}: {line}", markup=False)


def _after_sigkill(after: dict[str, Any]) -> Iterator[str]:
    yield f"SIGKILL of a worker: {after['count']} times; seconds since then"
    for name, what in (
        ("works_again_brokers_well", f"it works again, brokers and registry well (bar {after['bar_s']:g} s)"),
        ("works_again", "it works again, whatever else is wrong"),
        ("next_alert", "the next expected alert, dead letter and console entry of every kind"),
    ):
        found = after[name]
        never = f", {found['never']} never" if found["never"] else ""
        yield (
            f"  {what}: {found['within_bar']} of {found['count']} within the bar{never}; median {found['median_s']} s,"
            f" longest {found['longest_s']} s"
        )
    for line in after["above_bar"]:
        yield f"  ABOVE THE BAR: {line}"
