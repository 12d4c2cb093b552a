"""An alert says what comes next while nobody answers, also to the console where nobody else is told of a change."""

from tests.processors.test_escalation import NIGHT, Watchroom, roster, waiting
from tests.processors.test_escalation_waits import silence
from tests.support.processor_world import emitted
from tests.support.records import AT, trigger

MINUTE = 60_000_000


def due(step: int, minute: int) -> dict:
    return {"policy": "night", "state": "DUE", "step": step, "due_at": AT + minute * MINUTE}


HELD = {"policy": "night", "state": "HELD", "step": 1, "due_at": None}


async def test_each_word_says_the_step_that_comes_next(tmp_path):
    room = Watchroom(tmp_path)
    first = await room.raised()
    assert first["escalation"] == due(1, 5)
    await room.minutes(30)
    assert room.said == [(5, due(2, 10)), (10, due(3, 15)), (15, None)]


async def test_an_answer_says_until_when_it_holds_or_that_nothing_comes(tmp_path):
    room = Watchroom(tmp_path)
    [told] = await room.deed(await room.raised(), "CLAIM")
    assert "escalation" not in told
    other = Watchroom(tmp_path, policies={"night": {**NIGHT, "answer_holds": "30m"}})
    [told] = await other.deed(await other.raised(), "CLAIM")
    assert told["escalation"] == {**due(1, 30), "state": "ANSWERED"}


async def test_nothing_comes_after_the_end(tmp_path):
    room = Watchroom(tmp_path)
    alert = await room.raised()
    ended = trigger(n=1, at=room.clock.now(), state="ENDED", causes=[{**alert["causes"][0], "state": "ENDED"}])
    [told] = emitted(await room.world.push(room.world.event("alert-triggers", "Alert", ended)), "alerts")
    assert (told["state"], told.get("escalation")) == ("ENDED", None)


async def test_the_console_is_told_once_that_steps_stand_still_and_when_they_begin_anew(tmp_path):
    room = Watchroom(tmp_path)
    room.silences.put("works", silence(60))
    await room.raised()
    await room.minutes(66)
    assert room.said == [(5, HELD), (60, due(1, 65)), (65, due(2, 70))]


async def test_the_console_is_told_for_which_shift_a_step_waits(tmp_path):
    roster(tmp_path)
    room = Watchroom(tmp_path, **waiting("wait"))
    await room.raised()
    await room.minutes(31)
    assert room.said == [(5, due(1, 30)), (30, due(2, 35))]
