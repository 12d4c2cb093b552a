"""A back-test from files of rules and a history."""

from collections.abc import Mapping
from typing import Any

from fairwatch.apps.backtest.history import History
from fairwatch.apps.backtest.play import play
from fairwatch.apps.backtest.report import Backtest, Tally, differences, tallies
from fairwatch.apps.rehearsal.memory import MemoryReference
from fairwatch.policy.routing import RouteTree

ALWAYS = 1 << 62


def backtest(
    old: RouteTree,
    new: RouteTree,
    history: History,
    sites: Mapping[str, Any],
    since: int = 0,
    until: int = ALWAYS,
    processes: int = 1,
) -> Backtest:
    """Return what new rules would have done beside the old ones, between two times in microseconds."""
    seen, (was, now) = play((old, new), history, MemoryReference(sites), since, until, processes)
    told = differences([alert for alert in was if _tells(old, alert)], [alert for alert in now if _tells(new, alert)])
    judged = seen.judged
    return Backtest(seen, tallies(old, was, judged), tallies(new, now, judged), told)


def estimate(
    tree: RouteTree, history: History, sites: Mapping[str, Any], since: int, processes: int = 1
) -> tuple[float, dict[str, Tally]]:
    """Return how many days a history covers, and what each rule would have come to in them."""
    seen, (alerts,) = play((tree,), history, MemoryReference(sites), since, ALWAYS, processes)
    return seen.days, tallies(tree, alerts, seen.judged)


def _tells(tree: RouteTree, alert: Any) -> bool:
    return not tree.rules[alert.first["rule"]].shadow
