"""A match that was revoked counts no more in a rule of several events, however long after it that is said."""

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.policy.correlation.step import REVOKED
from fairwatch.processors.correlate import Correlate
from fairwatch.processors.group import Group
from fairwatch.processors.route import Route
from tests.support.correlated import SECOND, Played, Seen, book, record_of
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, verdict

OTHER = {"event_types": ["zone.entered"]}


def seen(number: int, s: float, part: str = "first") -> Seen:
    at = AT + int(s * SECOND)
    return Seen(number, at, at, 0, part, number)


def revoked(number: int, s: float, said_s: float) -> Seen:
    """What was seen as `number` at a second is taken back at another one."""
    return Seen(number, AT + int(s * SECOND), AT + int(said_s * SECOND), 0, REVOKED, number)


class Key(Played):
    """One key; a revocation names its match by that number, and is a step of its own."""

    async def hears(self, *steps: Seen) -> list[tuple[str, str]]:
        """Return state and last event of what is raised since."""
        known = len(self.raised)
        for step in steps:
            await self.until(max(step.known_at, self.clock.now()))
            record = record_of(step)
            if step.part == REVOKED:
                record["alert_id"] += "-revoked"
            event = Event("correlation-steps", "Alert", record, "rule|key", partition=0, offset=-1)
            [answer] = await self.processor.handle([event])
            self.raised += [outcome.record for outcome in answer if hasattr(outcome, "record")]
        return [(each["state"], each["triggers"][-1]) for each in self.raised[known:]]


async def test_a_match_that_is_revoked_before_there_are_enough_is_none_of_them() -> None:
    key = Key(book(count=3, within="60s"))
    assert await key.hears(seen(0, 0), seen(1, 1), revoked(0, 0, 20), seen(2, 21)) == []
    assert await key.hears(seen(3, 22)) == [("NEW", "sighting-3")]


async def test_an_alert_that_lacks_events_without_it_is_taken_back_once() -> None:
    key = Key(book(count=2, within="60s"))
    assert await key.hears(seen(0, 0), seen(1, 1)) == [("NEW", "sighting-1")]
    assert await key.hears(revoked(0, 0, 30)) == [("CANCELLED", "sighting-1")]
    assert await key.hears(revoked(0, 0, 30)) == [], "the same step again"
    assert await key.hears(seen(2, 31)) == [("NEW", "sighting-2")], "1 and 2 are two within a minute"


async def test_where_there_are_enough_others_it_goes_on_and_ends_by_them() -> None:
    key = Key(book(count=2, within="10s"))
    assert await key.hears(seen(0, 0), seen(1, 1), seen(2, 8)) == [("NEW", "sighting-1")]
    assert await key.hears(revoked(2, 8, 9)) == []
    await key.until(AT + 60 * SECOND)
    [_, end] = key.raised
    assert (end["state"], end["ended_at"]) == ("ENDED", AT + 11 * SECOND)


async def test_what_only_went_on_by_it_has_ended_and_was_no_error() -> None:
    key = Key(book(count=2, within="10s"))
    later = [seen(number, 6 * number) for number in range(2, 12)]
    assert await key.hears(seen(0, 0), seen(1, 1), *later) == [("NEW", "sighting-1")]
    assert await key.hears(*(revoked(number, 6 * number, 66.5) for number in range(2, 12))) == [("ENDED", "sighting-1")]


@pytest.mark.parametrize("restarts", [False, True])
async def test_then_and_without_forget_it(restarts: bool) -> None:
    for rule, steps, expected in (
        ({"then": OTHER}, (seen(0, 0), revoked(0, 0, 2), seen(1, 3, "second")), []),
        ({"then": OTHER}, (seen(1, 0, "second"), revoked(1, 0, 2), seen(0, 0)), []),
        ({"without": OTHER}, (seen(0, 0), revoked(0, 0, 2)), []),
        ({"without": OTHER, "before": "30s"}, (seen(1, 0, "second"), revoked(1, 0, 2), seen(0, 3)), ["sighting-0"]),
    ):  # fmt: skip
        key = Key(book(**rule, within="10s"))
        for step in steps:
            await key.hears(step)
            if restarts:
                key.restart()
        await key.until(AT + 60 * SECOND)
        assert [each["triggers"][-1] for each in key.raised] == expected, rule


async def test_the_alert_of_two_confirmed_matches_is_cancelled_when_one_is_revoked() -> None:
    rules, clock = (
        book(count=2, within="60s", per=["device_id"], match={"kinds": ["PLATE"]}),
        ManualClock(AT),
    )
    route = World(Route(rules, MemoryReference()), clock)
    correlate = World(Correlate(rules, MemoryState(), clock), clock)
    group = World(Group(rules, MemoryState(), clock), clock)

    async def decided(n: int, outcome: str, *, at: int) -> list[str]:
        record = verdict("PLATE", outcome, n=n, people=("ann", "ben")) | {"decided_at": at}
        steps = emitted(await route.push(route.event("verdicts", "Verdict", record)), "correlation-steps")
        events = [correlate.event("correlation-steps", "Alert", step, step["group"]) for step in steps]
        raised = emitted(await correlate.push(*events), "alert-triggers") if events else []
        told = [group.event("alert-triggers", "Alert", each, each["group"]) for each in raised]
        return [alert["state"] for alert in emitted(await group.push(*told), "alerts")] if told else []

    assert await decided(0, "CONFIRMED", at=AT) == []
    assert await decided(1, "CONFIRMED", at=AT + 1) == ["NEW"]
    assert await decided(0, "REVOKED", at=AT + 40 * SECOND) == ["CANCELLED"]
