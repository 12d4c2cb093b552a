"""Random timelines of one key: what is told is what a model says that forgets nothing; a replay changes nothing.

`FAIRWATCH_TIMELINES=100000 pytest tests/processors/test_correlate_timelines.py` tries as many.
"""

import asyncio
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.policy.correlation.pattern import Times
from tests.support.correlated import (
    SECOND,
    Played,
    Told,
    book,
    of_count,
    of_dwell,
    of_then,
    of_without,
    record_of,
    seen,
)

TRIES = int(os.environ.get("FAIRWATCH_TIMELINES", "15"))
OTHER = {"event_types": ["zone.entered"]}
RULES = {
    "three within 10 s": ({"count": 3, "within": "10s"}, ("first",), of_count),
    "two different ones within 5 s": ({"count": 2, "within": "5s", "distinct": "device_id"}, ("first",), of_count),
    "then": ({"then": OTHER, "within": "6s"}, ("first", "second"), of_then),
    "without": ({"without": OTHER, "within": "6s", "before": "3s"}, ("first", "second"), of_without),
    "goes on until its end": ({"dwell": "8s"}, ("first", "end"), of_dwell),
    "goes on while it is told": ({"dwell": "8s", "gap": "4s"}, ("first", "end"), of_dwell),
}
LATENESS = 4


def timelines(parts):
    told = st.builds(
        Told, st.integers(0, 5), st.integers(0, LATENESS + 2), st.integers(0, 2), st.sampled_from(parts),
        st.integers(0, 3),
    )  # fmt: skip
    return st.lists(told, min_size=1, max_size=40)


@pytest.mark.parametrize("name", RULES)
def test_what_is_told_is_what_a_model_says_that_remembers_everything(name):
    options, parts, model = RULES[name]
    rules = book(**options, lateness=f"{LATENESS}s")
    times = Times.of(rules.tree.correlations["rule"])

    @settings(max_examples=TRIES, deadline=None)
    @given(timelines(parts), st.sets(st.integers(0, 40), max_size=4), st.integers(0, 3))
    def law(timeline, restarts, again):
        steps = seen(timeline)
        asyncio.run(_play(rules, times, model, steps, restarts, again))

    law()


async def _play(rules, times, model, steps, restarts, again):
    played, end = Played(rules), steps[-1].known_at + 200 * SECOND
    kept, offset = None, 0
    for number, step in enumerate(steps):
        await played.until(step.known_at)
        if number in restarts:
            kept = (number, played.state.snapshot(), played.clock.now(), len(played.raised))
            played.restart()
            await played.show(steps[max(0, number - again) : number], offset)  # delivered twice, under other offsets
            offset += again
        reasons = await played.show([step], offset)
        offset += 1
        late = step.known_at - step.latest > times.lateness
        assert ("late" in reasons) == late
    await played.until(end)
    timely = [step for step in steps if step.known_at - step.latest <= times.lateness]
    assert sorted(played.told) == sorted(model(times, timely, end))
    assert len({each["alert_id"] for each in played.raised}) == len(played.raised)
    if kept is not None:
        await _again(rules, played, steps, kept, end)


async def _again(rules, played, steps, kept, end):
    """Go on once more from what was saved at some point: everything is raised as before."""
    number, state, now, raised = kept
    second = Played(rules)
    second.state.restore(state)
    second.clock.advance(seconds=(now - second.clock.now()) / SECOND)
    second.restart()
    for offset, step in enumerate(steps[number:], 1_000):
        await second.until(step.known_at)
        await second.show([step], offset)
    await second.until(end)
    assert second.raised == played.raised[raised:]


async def test_a_hot_key_holds_little_however_much_comes():
    rules = book(count=3, within="1m", distinct="device_id")
    played = Played(rules)
    steps = seen([Told(0, 0, 1, "first", 1)] * 600)
    await played.until(steps[0].known_at)
    for first in range(0, 600, 300):
        await played.show(steps[first : first + 300], first)
    [value] = [value for key, value in played.state.items(0) if key == record_of(steps[0])["group"]]
    assert len(value["memory"]["rows"]) <= 64
