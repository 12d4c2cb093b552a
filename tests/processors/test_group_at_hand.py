"""Groups of a batch are put back into the state as it goes on; nobody sees that from outside."""

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Skip
from fairwatch.processors.group import AT_HAND, Group
from tests.support.processor_world import MemoryState
from tests.support.records import AT, trigger


async def test_one_batch_of_more_groups_than_are_held_at_a_time_says_what_batches_of_one_say() -> None:
    rounds = [(number, n) for n in range(2) for number in range(AT_HAND + 5)]
    records = [trigger(f"tamper|cam-{number}", n=n) for number, n in rounds]
    events = [Event("alert-triggers", "Alert", one, one["group"], {}, 0, at) for at, one in enumerate(records)]
    at_once, one_by_one = MemoryState(), MemoryState()

    answers = await Group({}, at_once, ManualClock(AT)).handle(events)
    group = Group({}, one_by_one, ManualClock(AT))
    expected = [(await group.handle([event]))[0] for event in events]

    assert [list(answer) for answer in answers] == [list(answer) for answer in expected]
    assert dict(at_once.items(0)) == dict(one_by_one.items(0))
    assert len({event.key for event in events}) > AT_HAND


async def test_what_ends_before_anything_began_is_passed_over_by_name() -> None:
    state = MemoryState()
    group = Group({}, state, ManualClock(AT))
    ends = {**trigger("tamper|cam-1"), "state": "ENDED"}
    event = Event("alert-triggers", "Alert", ends, ends["group"], {}, 0, 0)
    assert [list(answer) for answer in await group.handle([event])] == [[Skip("nothing_open")]]
    assert [list(answer) for answer in await group.handle([event])] == [[Skip("duplicate")]]
