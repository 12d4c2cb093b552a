"""Whoever heard of a beginning hears of its end, held back or not; what nothing holds any more is told as it is."""

import pytest

from fairwatch.apps.rehearsal.memory import MemoryState
from fairwatch.domain.agenda import Agenda
from fairwatch.domain.taken_back import LookedThrough
from fairwatch.sinks.holding import GRACE, HELD, Hold, Holding, Release
from tests.support.records import AT, trigger

SECOND = 1_000_000
UNTIL = AT + 3_600 * SECOND
SILENCED, INHIBITED = Hold("silenced", "s", UNTIL, AT), Hold("inhibited", "a-9", UNTIL)
PLACE = (0, "g|patrol")


def lane_of(key, _value):
    return HELD if key.startswith(HELD) else ""


class Room:
    """Holding with one word for all alerts, that tests change."""

    def __init__(self, hold=None):
        self.hold, self.state = hold, MemoryState()
        self.agenda = Agenda(self.state, lambda value: value["next_at"], lane_of)
        self.looked = LookedThrough(self.state)
        self.looked.changed([0], 1)
        self.holding = Holding(self.agenda, lambda alert, now: self.hold, self.looked)

    def take(self, revision=0, state="NEW", now=AT, again=False, place=PLACE, **fields):
        alert = trigger(alert_id="one", revision=revision, state=state, **fields)
        return self.holding.take(place, Release(alert, 7 + revision, "trace"), now, again=again)

    def released(self, now, all_of=()):
        return list(self.holding.released([0], now, all_of=all_of))


def said(release):
    assert isinstance(release, Release)
    return release.alert["revision"], release.offset, release.trace, release.skipped


def test_what_nothing_holds_goes_as_it_came():
    assert said(Room().take(2)) == (2, 9, "trace", 0)


def test_the_newest_revision_is_held_and_says_for_how_many_it_stands_when_it_goes():
    room = Room(SILENCED)
    assert [room.take(revision) for revision in range(3)] == [SILENCED] * 3
    assert room.holding.due_at() == UNTIL
    assert room.released(UNTIL - 1) == []
    room.hold = None
    [(place, release)] = room.released(UNTIL)
    assert (place, said(release)) == (PLACE, (2, 9, "trace", 2))
    assert (room.released(UNTIL), room.holding.due_at()) == ([], None)


def test_a_revision_that_comes_when_nothing_holds_any_more_stands_for_what_was_held():
    room = Room(SILENCED)
    room.take(0)
    room.take(1)
    room.hold = None
    assert said(room.take(2)) == (2, 9, "trace", 2)
    assert room.released(UNTIL, all_of=[0]) == [], "it went with it"


@pytest.mark.parametrize("gone", [False, True], ids=["held still", "held no more"])
def test_the_end_of_what_nobody_heard_of_is_told_to_nobody(gone):
    room = Room(SILENCED)
    room.take(0)
    room.hold = None if gone else SILENCED
    ended = room.take(1, "ENDED", now=AT + 9)
    assert (ended.reason, ended.by, ended.until) == ("silenced", "s", AT + 9)
    assert room.released(UNTIL, all_of=[0]) == []


def test_its_end_is_told_where_it_may_have_been_let_go_in_vain():
    room = Room(SILENCED)
    room.take(0)
    room.state.restore(room.state.snapshot())  # the state went back, and was not looked through since
    assert room.take(1, "ENDED").reason == "silenced", "what holds it still was not let go"
    room.take(0)
    room.state.restore(room.state.snapshot())
    room.hold = None
    assert said(room.take(1, "ENDED")) == (1, 8, "trace", 0)


@pytest.mark.parametrize("state", ["ENDED", "CANCELLED"])
def test_whoever_heard_of_it_before_it_was_held_hears_of_its_end(state):
    room = Room(SILENCED)
    assert room.take(1, "UPDATED") == SILENCED, "its first revision was told"
    assert said(room.take(2, state)) == (2, 9, "trace", 0)


@pytest.mark.parametrize(
    ("again", "received_at", "told"), [(True, AT - 1, True), (True, AT, False), (False, AT - 1, False)]
)
def test_what_comes_again_from_before_it_was_held_may_have_been_told_in_vain(again, received_at, told):
    room = Room(SILENCED)
    room.take(0, again=again, received_at=received_at)
    assert isinstance(room.take(1, "ENDED", received_at=received_at), Release) is told


def test_what_comes_again_and_was_never_held_is_as_new():
    room = Room()
    assert said(room.take(0, again=True, received_at=AT - 1)) == (0, 7, "trace", 0)


def test_another_alert_of_the_group_is_held_by_itself():
    room = Room(SILENCED)
    room.take(0)
    room.hold = None
    other = trigger(alert_id="two", revision=0)
    assert said(room.holding.take(PLACE, Release(other, 9, "trace"), AT)) == (0, 9, "trace", 0)
    room.holding.forget(PLACE, other)
    [(_, release)] = room.released(AT, all_of=[0])
    assert release.alert["alert_id"] == "one"


def test_what_a_receiver_does_not_want_to_hear_of_is_held_no_more():
    room = Room(SILENCED)
    room.take(0)
    room.holding.forget(PLACE, trigger(alert_id="one", revision=1))
    room.hold = None
    assert room.released(UNTIL, all_of=[0]) == []


def test_what_its_source_inhibits_no_more_waits_five_seconds_for_an_end_of_its_own():
    room = Room(INHIBITED)
    room.take(0)
    room.hold, ended = None, AT + 10 * SECOND
    assert room.released(ended, all_of=[0]) == []
    assert room.holding.due_at() == ended + GRACE == AT + 15 * SECOND
    assert room.released(ended + GRACE - 1, all_of=[0]) == []
    [(_, release)] = room.released(ended + GRACE)
    assert said(release) == (0, 7, "trace", 0)


def test_each_revision_meanwhile_waits_with_it_and_prolongs_nothing():
    room = Room(INHIBITED)
    room.take(0)
    room.hold, ended = None, AT + 10 * SECOND
    assert room.take(1, now=ended) == Hold("inhibited", "a-9", ended + GRACE)
    assert room.take(2, now=ended + GRACE - 1) == Hold("inhibited", "a-9", ended + GRACE)
    assert said(room.take(3, now=ended + GRACE)) == (3, 10, "trace", 3)


def test_what_is_extreme_or_was_silenced_waits_for_nothing():
    room = Room(INHIBITED)
    room.take(0)
    room.hold = None
    assert said(room.take(1, severity="EXTREME")) == (1, 8, "trace", 1)
    room = Room(SILENCED)
    room.take(0)
    room.hold = None
    assert said(room.take(1)) == (1, 8, "trace", 1)


def test_what_another_silence_holds_on_is_due_when_that_one_ends():
    room = Room(SILENCED)
    room.take(0)
    room.hold = Hold("silenced", "t", UNTIL + 1, AT)
    assert room.released(UNTIL, all_of=[0]) == []
    assert room.holding.due_at() == UNTIL + 1
    ended = room.take(1, "ENDED")
    assert ended.by == "t"
