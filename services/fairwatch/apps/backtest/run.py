"""A back-test from files of rules and a history."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairwatch.apps.backtest.history import History
from fairwatch.apps.backtest.play import play
from fairwatch.apps.backtest.replay import Seen
from fairwatch.apps.backtest.report import Backtest, Tally, differences, tallies
from fairwatch.apps.rehearsal.memory import MemoryReference
from fairwatch.policy.device_status import is_of_devices
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
    devices: Mapping[str, Any] | None = None,
) -> Backtest:
    """Return what new rules would have done beside the old ones, between two times in microseconds."""
    known = MemoryReference(sites), MemoryReference(devices)
    seen, (was, now) = play((old, new), history, known[0], since, until, processes, known[1])
    told = differences([alert for alert in was if _tells(old, alert)], [alert for alert in now if _tells(new, alert)])
    judged = seen.judged
    notes = tuple(dict.fromkeys([*unheard(old, seen), *unheard(new, seen)]))
    return Backtest(seen, tallies(old, was, judged), tallies(new, now, judged), told, notes)


def estimate(
    tree: RouteTree,
    history: History,
    sites: Mapping[str, Any],
    since: int,
    processes: int = 1,
    devices: Mapping[str, Any] | None = None,
) -> tuple[float, dict[str, Tally], list[str]]:
    """Return how many days a history covers, what each rule would have come to in them, and what that leaves out."""
    known = MemoryReference(sites), MemoryReference(devices)
    seen, (alerts,) = play((tree,), history, known[0], since, ALWAYS, processes, known[1])
    return seen.days, tallies(tree, alerts, seen.judged), list(unheard(tree, seen))


def unheard(tree: RouteTree, seen: Seen) -> Iterator[str]:
    """Yield which rules of what is not heard would have heard more than the history holds."""
    for absent in tree.routes.absent:
        if absent.match.event_types or not is_of_devices(tree.rules[absent.name]):
            continue
        if not seen.statuses:
            yield f"{absent.name}: heartbeats (device-status) are not in this history: who saw nothing counts as silent"
        elif seen.unknown:
            yield (
                f"{absent.name}: heartbeats of {len(seen.unknown)} devices that reference.yaml does not name do not"
                " count: they are silent while they see nothing"
            )


def _tells(tree: RouteTree, alert: Any) -> bool:
    return not tree.rules[alert.first["rule"]].shadow
