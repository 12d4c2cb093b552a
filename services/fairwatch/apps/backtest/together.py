"""What rules of several events would have raised in a history."""

from collections.abc import Iterable
from typing import Any

from fairwatch.apps.backtest.shelves import Row
from fairwatch.apps.backtest.state import QuickState
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Outcome
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.rule_book import RuleBook
from fairwatch.processors.correlate import Correlate

PARTITION = 0
DAY = 86_400_000_000


async def raised_together(tree: RouteTree, steps: Iterable[Row]) -> list[tuple[int, dict[str, Any]]]:
    """Return (when, trigger) of what steps come to, which are in the order in which the hub knew of them."""
    found: list[tuple[int, dict[str, Any]]] = []
    clock = ManualClock(0)
    correlate = Correlate(RuleBook(tree), QuickState(), clock, is_sole=True)

    def take(outcomes: list[Outcome] | list[Emit]) -> None:
        found.extend((clock.now(), each.record) for each in outcomes if isinstance(each, Emit))

    async def pass_time(until: int) -> None:
        while (due := correlate.due_at()) is not None and due < until:
            clock.move_to(due)
            take([*await correlate.tick([PARTITION])])
            if correlate.due_at() == due:
                break
        clock.move_to(until)

    for number, (at, _, step) in enumerate(steps):
        await pass_time(at)
        event = Event("correlation-steps", "Alert", step, step["group"], partition=PARTITION, offset=number)
        take([*(await correlate.handle([event]))[0]])
    await pass_time(clock.now() + DAY)
    return found
