"""Times of rules of several events hold to the microsecond, also for what was on its way for as long as it may be."""

import pytest

from fairwatch.domain.outcome import Skip
from fairwatch.processors.correlate import AHEAD
from tests.processors.test_correlate import answer
from tests.support.correlated import SECOND, Played, Seen, book, record_of
from tests.support.records import AT

OTHER = {"event_types": ["zone.entered"]}
LATE = 5 * SECOND  # what a rule waits for unless it says otherwise
TEN = 10 * SECOND


async def told(rule, *steps, until=3600):
    """Return (state, event, when that was known) of what a rule of one device tells of (part, at, delay)."""
    played = Played(book(**rule, per=["device_id"]))
    for number, (part, at, delay) in enumerate(steps):
        known_at = AT + at + delay
        await played.until(max(known_at, played.clock.now()))
        await played.show([Seen(number, AT + at, known_at, 0, part, 0)], number)
    await played.until(AT + until * SECOND)
    return [(state, int(event.rpartition("-")[2]), at - AT) for state, event, at in played.told]


@pytest.mark.parametrize(("at", "states"), [(TEN, ["NEW", "ENDED"]), (TEN + 1, [])])
@pytest.mark.parametrize("delay", [0, LATE])
async def test_so_many_within_a_time_lie_no_further_apart_however_late_the_last_one_comes(at, delay, states):
    said = await told({"count": 2, "within": "10s"}, ("first", 0, 0), ("first", at, delay))
    assert [state for state, _, _ in said] == states
    if states:
        assert [known for _, _, known in said] == [at + delay, at + TEN + LATE]


async def test_what_prolongs_what_goes_on_may_come_until_it_is_over_and_not_then():
    steps = [("first", 0, 0), ("first", SECOND, 0)]
    prolonged = [*steps, ("first", SECOND + TEN, LATE - 1)]
    assert [known for *_, known in await told({"count": 2, "within": "10s"}, *prolonged)] == [
        SECOND,
        SECOND + TEN + TEN + LATE,
    ]
    over = [*steps, ("first", SECOND + TEN, LATE)]
    assert [(state, event) for state, event, _ in await told({"count": 2, "within": "10s"}, *over)] == [
        ("NEW", 1),
        ("ENDED", 1),
        ("NEW", 2),
        ("ENDED", 2),
    ]


@pytest.mark.parametrize(("at", "paired"), [(-1, False), (0, True), (TEN, True), (TEN + 1, False)])
@pytest.mark.parametrize("delay", [0, LATE])
async def test_the_second_follows_the_first_within_the_time_and_does_not_precede_it(at, delay, paired):
    said = await told({"then": OTHER, "within": "10s"}, ("first", 0, 0), ("second", at, max(delay, -at)))
    assert [(state, event) for state, event, _ in said] == ([("NEW", 1)] if paired else [])


@pytest.mark.parametrize(("at", "paired"), [(0, True), (1, False)])
async def test_a_second_waits_for_a_first_that_is_on_its_way(at, paired):
    said = await told({"then": OTHER, "within": "10s"}, ("second", 0, 0), ("first", at, LATE - at))
    assert [(state, event, known) for state, event, known in said] == ([("NEW", 0, LATE)] if paired else [])


@pytest.mark.parametrize(("at", "excused"), [(0, True), (TEN, True), (TEN + 1, False)])
async def test_what_follows_in_time_excuses_and_nothing_later_does(at, excused):
    said = await told({"without": OTHER, "within": "10s"}, ("first", 0, 0), ("second", at, 0))
    assert said == ([] if excused else [("NEW", 0, TEN + LATE)])


@pytest.mark.parametrize(("delay", "excused"), [(LATE - 1, True), (LATE, False)])
async def test_it_is_told_that_something_is_missing_when_it_cannot_come_any_more(delay, excused):
    said = await told({"without": OTHER, "within": "10s"}, ("first", 0, 0), ("second", TEN, delay))
    assert said == ([] if excused else [("NEW", 0, TEN + LATE)])


@pytest.mark.parametrize(("at", "excused"), [(3 * SECOND, True), (3 * SECOND + 1, False)])
@pytest.mark.parametrize("delay", [0, LATE])
async def test_what_came_shortly_before_excuses_too(at, delay, excused):
    rule = {"without": OTHER, "within": "10s", "before": "3s"}
    said = await told(rule, ("second", 0, 0), ("first", at, delay))
    assert [event for _, event, _ in said] == ([] if excused else [1])


MINUTE = 60 * SECOND


@pytest.mark.parametrize(("ends", "states"), [(MINUTE - 1, []), (MINUTE, ["NEW", "ENDED"])])
async def test_what_goes_on_for_as_long_as_the_rule_says_is_told_and_nothing_shorter(ends, states):
    said = await told({"dwell": "1m"}, ("first", 0, 0), ("end", ends, 0))
    assert [state for state, _, _ in said] == states
    if states:
        assert {known for *_, known in said} == {MINUTE + LATE}


@pytest.mark.parametrize(("again", "states"), [(MINUTE, ["NEW", "ENDED"]), (MINUTE + 1, [])])
async def test_what_is_seen_again_after_the_gap_goes_on_and_after_more_it_began_anew(again, states):
    said = await told({"dwell": "100s", "gap": "1m"}, ("first", 0, 0), ("first", again, 0), ("first", 100 * SECOND, 0))
    assert [state for state, _, _ in said] == states


async def test_what_never_ends_is_given_up_a_day_after_it_was_last_heard_of():
    rule, steps = {"dwell": "1m"}, (("first", 0, 0), ("first", 7 * SECOND, 0))
    last = 7 + 86_400 + 5
    assert [state for state, _, _ in await told(rule, *steps, until=last)] == ["NEW"]
    assert [state for state, _, _ in await told(rule, *steps, until=last + 1)] == ["NEW", "ENDED"]


async def test_a_time_may_lie_as_far_ahead_as_clocks_may():
    early = Seen(0, AT + AHEAD, AT, 0, "first", 0)
    assert await answer(record_of(early)) == Skip("too_few")
    assert await answer(record_of(Seen(0, AT + AHEAD + 1, AT, 0, "first", 0))) == Skip("future")
