"""Plays a history through sets of rules, in one process or in several.

Each process looks through its share of the history; then each takes shelves, which no other needs, and folds what lies
there. What comes out does not depend on how many they are.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from fairwatch.apps.backtest.history import History
from fairwatch.apps.backtest.replay import Alerted, Seen, alerts_of, look_through, shown
from fairwatch.apps.backtest.shelves import Writer, filled, rows_of, shelf_name
from fairwatch.apps.backtest.together import raised_together
from fairwatch.domain.ports import Reference
from fairwatch.policy.routing import RouteTree, Rule

DAY = 86_400_000_000
LATER = 10**19  # added to the number of what a rule of several events raises: it comes after what it is raised by
Answer = TypeVar("Answer")
Mapped = Callable[[Callable[..., Answer], Sequence[Any]], Iterator[Answer]]
_PLAYED: list["_Play"] = []  # what a process that was forked off works on


@dataclass(frozen=True)
class _Play:
    trees: Sequence[RouteTree]
    rules: Sequence[Mapping[str, Rule]]
    history: History
    sites: Reference
    devices: Reference
    since: int
    until: int
    folder: Path
    processes: int

    def look(self, process: int) -> Seen:
        share = self.history.share(process, self.processes)
        with Writer(self.folder, str(process)) as out:
            return look_through(share, self.trees, self.sites, self.since, self.until, out, self.devices)

    def correlate(self, place: tuple[int, int]) -> tuple[int, int]:
        """Write what the steps of one shelf raise; return the set of rules and when the last of it was."""
        tree, shelf = place
        last = 0
        with Writer(self.folder, f"together-{shelf}") as out:
            raised = asyncio.run(raised_together(self.trees[tree], rows_of(self.folder, shelf_name("steps", *place))))
            for number, (at, trigger) in enumerate(raised):
                out.put("triggers", tree, (at, LATER + number, trigger))
                last = max(last, at)
        return tree, last

    def fold(self, task: tuple[int, int, int, int]) -> tuple[int, list[Alerted]]:
        tree, shelf, until, heard_until = task
        rows = rows_of(self.folder, shelf_name("triggers", tree, shelf))
        armed = self.trees[tree].armed
        return tree, asyncio.run(alerts_of(self.rules[tree], armed, rows, until, heard_until, self.sites, self.devices))


def play(
    trees: Sequence[RouteTree],
    history: History,
    sites: Reference,
    since: int,
    until: int,
    processes: int,
    devices: Reference,
) -> tuple[Seen, list[list[Alerted]]]:
    """Return what was seen between two times, and for each set of rules its alerts in the order of their beginning.

    Raises:
        ConfigurationError, RetryableError: As the history does.
    """
    if history.is_small or not sys.platform.startswith("linux"):  # elsewhere a process cannot be forked off safely
        processes = 1
    with TemporaryDirectory(prefix="fairwatch-backtest-") as folder:
        rules = [shown(tree) for tree in trees]
        work = _Play(trees, rules, history, sites, devices, since, until, Path(folder), processes)
        with _uncollected(), _pool(work) as mapped:
            seen = Seen([0] * len(trees))
            for share in mapped(_look, range(processes)):
                seen.add(share)
            places = range(len(trees))
            for tree, last in mapped(_correlate, filled(work.folder, "steps", places)):
                seen.raised[tree] = max(seen.raised[tree], last)
            alerts: list[list[Alerted]] = [[] for _ in trees]
            shelves = filled(work.folder, "triggers", places)
            tasks = [(*place, seen.raised[place[0]] + DAY, seen.heard_until) for place in shelves]
            for tree, found in mapped(_fold, tasks):
                alerts[tree] += found
    return seen, [_in_order(tree, found) for tree, found in zip(trees, alerts, strict=True)]


def _in_order(tree: RouteTree, alerts: Iterable[Alerted]) -> list[Alerted]:
    rank = {name: number for number, name in enumerate(tree.rules)}
    return sorted(alerts, key=lambda alert: (alert.first["issued_at"], rank[alert.first["rule"]], alert.alert_id))


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let the garbage collector rest: there are millions of dicts that live long, and no cycles."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def _pool(work: _Play) -> Iterator[Mapped[Any]]:
    _PLAYED.append(work)
    try:
        if work.processes == 1:
            yield map
            return
        with ProcessPoolExecutor(work.processes, get_context("fork")) as pool:
            yield pool.map
    finally:
        _PLAYED.remove(work)


def _look(process: int) -> Seen:
    return _PLAYED[-1].look(process)


def _correlate(place: tuple[int, int]) -> tuple[int, int]:
    return _PLAYED[-1].correlate(place)


def _fold(task: tuple[int, int, int, int]) -> tuple[int, list[Alerted]]:
    return _PLAYED[-1].fold(task)
