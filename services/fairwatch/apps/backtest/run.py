"""A back-test from files of rules and a history."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from fairwatch.apps.backtest.history import Record
from fairwatch.apps.backtest.replay import alerts_of, look_through
from fairwatch.apps.backtest.report import Backtest, Tally, differences, tallies
from fairwatch.apps.rehearsal.memory import MemoryReference
from fairwatch.policy.routing import RouteTree

ALWAYS = 1 << 62


def backtest(
    old: RouteTree,
    new: RouteTree,
    history: Iterable[Record],
    sites: Mapping[str, Any],
    since: int = 0,
    until: int = ALWAYS,
) -> Backtest:
    """Return what new rules would have done beside the old ones, between two times in microseconds."""
    seen = look_through(history, (old, new), MemoryReference(sites), since, until)
    was, now = (asyncio.run(alerts_of(tree, raised)) for tree, raised in zip((old, new), seen.triggers, strict=True))
    told = differences([alert for alert in was if _tells(old, alert)], [alert for alert in now if _tells(new, alert)])
    return Backtest(seen, tallies(old, was, seen.judged), tallies(new, now, seen.judged), told)


def estimate(
    tree: RouteTree, history: Iterable[Record], sites: Mapping[str, Any], since: int
) -> tuple[float, dict[str, Tally]]:
    """Return how many days a history covers, and what each rule would have come to in them."""
    seen = look_through(history, (tree,), MemoryReference(sites), since, ALWAYS)
    return seen.days, tallies(tree, asyncio.run(alerts_of(tree, seen.triggers[0])), seen.judged)


def _tells(tree: RouteTree, alert: Any) -> bool:
    return not tree.rules[alert.first["rule"]].shadow
