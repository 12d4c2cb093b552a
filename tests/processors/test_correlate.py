"""`Correlate`: what is no step, what comes too late, rules that change, and steps that nobody has read yet."""

import pytest

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Reject, Skip
from fairwatch.policy.correlation.step import ERROR, PART
from fairwatch.processors.correlate import Correlate
from fairwatch.telemetry.metrics import REGISTRY
from tests.support.correlated import SECOND, Played, Seen, Told, book, record_of, seen
from tests.support.processor_world import World
from tests.support.records import AT

OTHER = {"event_types": ["zone.entered"]}


def step(number=0, *, at=AT, known_at=None, part="first"):
    return Seen(number, at, at if known_at is None else known_at, 0, part, number)


async def answer(record, **rule):
    played = Played(book(**(rule or {"count": 2, "within": "10s"})))
    world = World(played.processor, played.clock)
    [[outcome]] = await world.push(world.event("correlation-steps", "Alert", record, "rule|key"))
    return outcome


@pytest.mark.parametrize(
    "said",
    [
        {},
        {PART: "third", ERROR: "0"},
        {PART: "first", ERROR: "-1"},
        {PART: "first", ERROR: "99999999999999999999"},
        {PART: "first", ERROR: "\u0661"},
    ],
)
async def test_what_is_no_step_is_a_dead_letter(said):
    outcome = await answer({**record_of(step()), "parameters": said})
    assert isinstance(outcome, Reject)
    assert (outcome.reason, outcome.field) == ("invalid_field", "parameters")


async def test_a_step_of_no_plausible_time_is_a_dead_letter():
    outcome = await answer({**record_of(step()), "updated_at": -5})
    assert isinstance(outcome, Reject)
    assert outcome.field == "updated_at"


async def test_a_step_of_a_rule_that_is_gone_or_asks_for_something_else_now_is_skipped():
    assert await answer({**record_of(step()), "rule": "gone"}) == Skip("no_such_rule")
    assert await answer({**record_of(step()), "group": "other|key"}) == Skip("no_such_rule")
    assert await answer(record_of(step(part="second"))) == Skip("no_such_rule")


async def test_what_was_on_its_way_for_too_long_or_lies_in_the_future_does_not_count():
    assert await answer(record_of(step(known_at=AT + 5 * SECOND))) == Skip("too_few")
    assert await answer(record_of(step(known_at=AT + 5 * SECOND + 1))) == Skip("late")
    assert await answer(record_of(step(at=AT + 61 * SECOND, known_at=AT))) == Skip("future")


async def test_more_than_a_key_can_hold_is_said():
    played = Played(book(without=OTHER, within="1m"))
    steps = seen([Told(0, 0, 0, "first", 0)] * 65)
    await played.until(AT)
    assert (await played.show(steps, 0)).count("full") == 1


async def test_what_goes_on_under_a_rule_that_is_gone_is_ended_and_nothing_else_is_told():
    played = Played(book(count=2, within="10s"))
    await played.until(AT)
    await played.show([step(0), step(1)], 0)
    gone = Correlate(book(name="other", count=2, within="10s"), played.state, played.clock)
    played.clock.advance(seconds=100)
    [end] = await gone.tick([0])
    assert (end.record["state"], end.record["causes"][0]["state"]) == ("ENDED", "ENDED")
    assert gone.due_at() is None


async def test_the_end_of_what_goes_on_is_not_waited_for_under_a_rule_that_is_gone():
    played = Played(book(dwell="8s"))
    await played.until(AT)
    await played.show([step(0)], 0)
    await played.until(AT + 60 * SECOND)
    assert [state for state, _, _ in played.told] == ["NEW"]
    played.rules = book(name="other", dwell="8s")
    played.restart()
    await played.until(AT + 61 * SECOND)
    assert [state for state, _, _ in played.told] == ["NEW", "ENDED"]
    assert played.processor.due_at() is None


async def test_a_rule_that_asks_for_something_else_under_its_name_begins_anew():
    played = Played(book(count=2, within="10s"))
    await played.until(AT)
    await played.show([step(0), step(1)], 0)
    played.rules = book(without=OTHER, within="10s")
    played.restart()
    await played.show([step(2, at=AT + SECOND)], 2)
    await played.until(AT + 60 * SECOND)
    assert [state for state, _, _ in played.told] == ["NEW", "ENDED", "NEW"]


async def test_nobody_is_told_that_something_is_missing_which_lies_unread():
    played = Played(book(without=OTHER, within="10s"))
    unread: dict[int, int | None] = {0: None}
    played.processor = Correlate(played.rules, played.state, played.clock, lambda numbers: unread[numbers[0]])
    world = World(played.processor, played.clock)
    played.clock.advance(seconds=3600)
    await world.push(world.event("correlation-steps", "Alert", record_of(step(0)), "rule|key"))
    for known in (None, 3):
        unread[0] = known
        assert await world.tick(seconds=30) == []
    await world.push(
        world.event("correlation-steps", "Alert", record_of(step(1, at=AT + 2 * SECOND, part="second")), "rule|key")
    )
    unread[0] = 0
    assert await world.tick(seconds=1) == []


async def test_a_trigger_is_what_route_would_have_written_and_says_what_it_follows_from():
    played = Played(book(count=2, within="10s"))
    world = World(played.processor, played.clock)
    events = [world.event("correlation-steps", "Alert", record_of(step(n)), "rule|key") for n in range(2)]
    [_, [emit]] = await world.push(*events)
    assert isinstance(emit, Emit)
    assert (emit.topic, emit.key) == ("alert-triggers", "rule|key")
    assert emit.record["triggers"] == ["sighting-0", "sighting-1"]
    assert emit.record["parameters"] == {"devices": "cam-0, cam-1", "events": "2"}
    assert emit.record["causes"][0]["kind"] == "CONDITION"


async def test_a_tick_reads_only_what_is_due_however_many_partitions_there_are():
    played = Played(book(count=2, within="10s"))
    partitions = range(3)
    await played.processor.tick(partitions)
    for partition in partitions:
        record = record_of(step(partition))
        await played.processor.handle([Event("correlation-steps", "Alert", record, "rule|key", partition, partition)])
    read = []
    items = played.state.items
    played.state.items = lambda partition: read.append(partition) or items(partition)
    for _ in range(3):
        played.clock.advance(seconds=1)
        await played.processor.tick(partitions)
    assert read == []


@pytest.mark.parametrize(
    ("rule", "parts", "site", "states"),
    [
        ({"count": 2}, ("first", "first"), "harbour", ["NEW", "ENDED"]),
        ({"then": OTHER}, ("first", "second"), "harbour", ["NEW"]),
        ({"without": OTHER}, ("first",), "harbour", ["NEW"]),
        ({"count": 2}, ("first", "first"), None, ["NEW", "ENDED"]),
    ],
)
async def test_what_is_raised_says_at_which_site_it_happened_at_its_end_too(rule, parts, site, states):
    played = Played(book(**rule, within="10s"))
    world = World(played.processor, played.clock)
    await played.until(AT)
    steps = [record_of(step(number, part=part)) | {"site_id": site} for number, part in enumerate(parts)]
    answers = await world.push(*(world.event("correlation-steps", "Alert", one, "rule|key") for one in steps))
    raised = [one.record for answer in answers for one in answer if isinstance(one, Emit)]
    await played.until(AT + 100 * SECOND)
    raised += played.raised
    assert [one["state"] for one in raised] == states
    assert [one.get("site_id") for one in raised] == [site] * len(states)


async def test_what_is_raised_is_counted_by_rule_and_state_and_so_are_the_keys_that_something_is_known_of():
    def counted(state):
        return REGISTRY.get_sample_value("fairwatch_correlated_total", {"rule": "rule", "state": state}) or 0

    before = {state: counted(state) for state in ("NEW", "ENDED")}
    played = Played(book(count=2, within="10s"))
    await played.until(AT)
    await played.show([step(0), step(1)], 0)
    await played.processor.tick([0])
    assert REGISTRY.get_sample_value("fairwatch_correlation_keys") == 1
    await played.until(AT + 60 * SECOND)
    await played.processor.tick([0])
    assert {state: counted(state) - before[state] for state in before} == {"NEW": 1, "ENDED": 1}
    assert REGISTRY.get_sample_value("fairwatch_correlation_keys") == 0


async def test_a_step_that_comes_again_and_one_that_was_taken_away_change_nothing():
    played = Played(book(count=3, within="10s"))
    world = World(played.processor, played.clock)
    events = [world.event("correlation-steps", "Alert", one, "rule|key") for one in (record_of(step()),) * 2]
    gone = world.event("correlation-steps", "Alert", None, "rule|key")
    assert await world.push(*events, gone) == [[Skip("too_few")], [Skip("duplicate")], [Skip("tombstone")]]
