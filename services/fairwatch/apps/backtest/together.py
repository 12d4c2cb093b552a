"""What rules of several events would have raised in a history."""

from typing import Any

from fairwatch.apps.backtest.state import QuickState
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Outcome
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.rule_book import RuleBook
from fairwatch.processors.correlate import Correlate

PARTITION = 0
DAY = 86_400_000_000


async def raised_together(tree: RouteTree, steps: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """Return (when, trigger) of what steps come to; they are put into the order in which the hub knew of them."""
    if not steps:
        return []
    steps.sort(key=lambda step: int(step["issued_at"]))
    found: list[tuple[int, dict[str, Any]]] = []
    clock = ManualClock(steps[0]["issued_at"])
    correlate = Correlate(RuleBook(tree), QuickState(), clock)

    def take(outcomes: list[Outcome] | list[Emit]) -> None:
        found.extend((clock.now(), each.record) for each in outcomes if isinstance(each, Emit))

    async def pass_time(until: int) -> None:
        while (due := correlate.due_at()) is not None and due < until:
            clock.advance(seconds=max(0, due - clock.now()) / 1_000_000)
            take([*await correlate.tick([PARTITION])])
            if correlate.due_at() == due:
                break
        clock.advance(seconds=max(0, until - clock.now()) / 1_000_000)

    for number, step in enumerate(steps):
        await pass_time(step["issued_at"])
        event = Event("correlation-steps", "Alert", step, step["group"], partition=PARTITION, offset=number)
        take([*(await correlate.handle([event]))[0]])
    await pass_time(steps[-1]["issued_at"] + DAY)
    return found
