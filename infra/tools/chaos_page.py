"""Writes infra/docs/chaos.md: what the last whole run of `make chaos` found; or compares."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from generated_page import write_or_compare

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "infra" / "docs" / "chaos.md"
RESULTS = ROOT / "tests" / "chaos" / "results"
HEAD = """# Faults while events flow

`make chaos` lets things go wrong at random on three brokers while events flow whose answers are known:
[what is sent, what is counted, how it is checked](../../tests/chaos/README.md). This page is the last whole run that is
kept in `tests/chaos/results`; `make fix` writes it.

"""
NONE = "No whole run is recorded yet.\n"
COUNTS = ("events", "alerts", "webhooks", "repeated", "dead_letters")


def last(folder: Path) -> dict[str, Any] | None:
    """Return the newest whole run, or None; runs of a form that does not say whether they were whole are left out."""
    runs = [json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")]
    return max((run for run in runs if run.get("whole")), key=lambda run: str(run["at"]), default=None)


def page(run: Mapping[str, Any] | None) -> str:
    """Return the page."""
    return HEAD + (NONE if run is None else "\n".join(_lines(run)) + "\n")


def _lines(run: Mapping[str, Any]) -> Iterator[str]:
    failures = run["failures"]
    yield f"{run['at'][:10]}, seed {run['seed']}, {run['machine']['cores']} cores: " + (
        "**passed**." if not failures else "**failed**: " + "; ".join(failures) + "."
    )
    yield ""
    yield from _table(("", *(_said(name) for name in COUNTS)), [("in all", *(f"{run[name]:,}" for name in COUNTS))])
    yield from _table(("wrong", "how many"), [(_said(name), f"{count:,}") for name, count in run["wrong"].items()])
    after = run["after_sigkill"]
    times = after["works_again_brokers_well"]
    yield (
        f"A worker that got SIGKILL works again, brokers and registry well: {times['within_bar']} of {times['count']}"
        f" within {after['bar_s']:g} s, median {times['median_s']} s, longest {times['longest_s']} s."
    )
    yield ""
    head = ("fault", "times", "works again, longest", "alerts again, longest", "median")
    yield from _table(head, [_fault(fault) for fault in run["faults"]])


def _fault(fault: Mapping[str, Any]) -> tuple[str, ...]:
    times = (fault.get(name) for name in ("works_again_s", "recovery_s", "recovery_median_s"))
    works, longest, middle = ("" if seconds is None else f"{seconds:.1f} s" for seconds in times)
    return fault["name"], str(fault["count"]), works, longest or "not recovered", middle


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""


def _said(name: str) -> str:
    return name.replace("_", " ")


if __name__ == "__main__":
    sys.exit(write_or_compare(PAGE, page(last(RESULTS))))
