"""The life of one alert: when it is told, when it ends, and what a wrong clock or an older release has left of it."""

import pytest

from fairwatch.policy.causes import CauseBook
from fairwatch.policy.group_due import due_at
from fairwatch.policy.grouping import AlertGroup
from tests.support.processor_world import MemoryState
from tests.support.records import AT, trigger

S = 1_000_000
WAIT, INTERVAL, RESOLVE, STALE = 2 * S, 30 * S, 600 * S, 7 * 86_400 * S
TIMING = {
    "group_wait": WAIT,
    "group_interval": INTERVAL,
    "repeat_interval": None,
    "resolve_after": RESOLVE,
    "stale_after": STALE,
    "tell_progress": False,
}
FAR = 1 << 62


class Life:
    def __init__(self, **timing):
        self.group = AlertGroup.stored(None, CauseBook(MemoryState(), 0, "g"))
        self.timing = {**TIMING, **timing}

    def take(self, after=0, cause="a", kind="TRACK", state="NEW", *, is_new=True, **fields):
        at = AT + after
        said = trigger("g", at=at, state=state, causes=[{"cause_id": cause, "kind": kind}], device_ids=["cam-1"])
        said |= {"zones": [], "started_at": at, "updated_at": at, **fields}
        return self.group.take(said, at, self.timing, is_new=is_new)

    def told(self, after):
        self.group.pass_time(AT + after)
        alert = self.group.issue(AT + after)
        return alert and alert["state"]

    @property
    def due(self):
        return due_at(self.group.value) - AT


@pytest.fixture
def life():
    return Life()


def test_a_beginning_is_told_after_its_wait_and_going_on_is_no_news(life):
    assert life.group.is_over
    assert life.take() == "taken"
    assert (life.due, life.told(WAIT - 1), life.told(WAIT)) == (WAIT, None, "NEW")
    assert life.take(3 * S) == "goes_on"
    assert (life.due, life.told(100 * S)) == (RESOLVE, None)
    assert (life.told(RESOLVE), life.due) == (None, 3 * S + RESOLVE), "it was heard of since"


@pytest.mark.parametrize(
    ("kind", "patience", "state"),
    [("TRACK", RESOLVE, "ENDED"), ("CONDITION", STALE, "STALE"), ("MOMENT", RESOLVE, None)],
)
def test_what_is_not_heard_of_any_more_is_told_while_others_hold_and_a_moment_only_with_the_next_word(
    life, kind, patience, state
):
    life.take(kind=kind)
    life.take(cause="b", kind="CONDITION", after=5 * S)
    assert life.told(5 * S) == "NEW"
    assert life.told(patience - 1) is None
    life.group.pass_time(AT + patience)
    alert = life.group.issue(AT + patience)
    if state is None:
        assert alert is None
        life.take(cause="c", kind="CONDITION", after=patience + S)
        alert, state = life.group.issue(AT + patience + S), "ENDED"
    assert alert["state"] == "UPDATED"
    assert {one["cause_id"]: one["state"] for one in alert["causes"]}["a"] == state
    assert "a" not in {one["cause_id"] for one in alert["causes"] if one["state"] == "FIRING"}


@pytest.mark.parametrize(
    ("kind", "progress", "news"), [("TRACK", False, "goes_on"), ("TRACK", True, "taken"), ("MOMENT", False, "taken")]
)
def test_each_moment_is_news_and_progress_where_the_rule_says_so(kind, progress, news):
    life = Life(tell_progress=progress)
    life.take(kind=kind)
    life.told(WAIT)
    assert life.take(3 * S, kind=kind) == news
    assert life.told(WAIT + INTERVAL) == (None if news == "goes_on" else "UPDATED")


def test_changes_are_told_an_interval_after_the_last_word(life):
    life.take()
    life.told(WAIT)
    life.take(3 * S, "b")
    assert life.due == WAIT + INTERVAL
    assert (life.told(WAIT + INTERVAL - 1), life.told(WAIT + INTERVAL)) == (None, "UPDATED")
    life.take(500 * S, "c")
    assert life.due == 500 * S, "the interval is over long since"


def test_an_alert_ends_when_the_last_of_its_causes_has(life):
    life.take()
    life.take(1 * S, "b")
    life.told(WAIT)
    assert life.take(3 * S, "a", state="ENDED") == "taken"
    assert life.group.value["ended"] is None
    assert life.take(4 * S, "x", state="ENDED", is_new=False) == "nothing_open"
    assert life.take(5 * S, "b", state="ENDED") == "taken"
    assert life.group.value["alert"]["ended_at"] == AT + 5 * S
    assert (life.told(WAIT + INTERVAL), life.group.is_over) == ("ENDED", True)
    assert life.take(40 * S, "b", state="ENDED", is_new=False) == "nothing_open"


def test_an_end_that_comes_alone_tells_of_its_beginning_where_it_knows_it(life):
    assert life.take(state="ENDED") == "nothing_open", "it says nothing of a beginning"
    assert life.take(state="ENDED", started_at=AT - S, is_new=False) == "nothing_open", "it is known"
    assert life.take(state="CANCELLED", started_at=AT - S) == "nothing_open"
    assert life.take(state="ENDED", started_at=AT - S) == "taken"
    assert [life.told(WAIT), life.told(WAIT + INTERVAL)] == ["NEW", "ENDED"]


def test_what_begins_again_before_its_end_was_told_is_one_alert_that_says_how_often(life):
    life.take()
    life.told(WAIT)
    for after in (3, 5):
        life.take(after * S, state="ENDED")
        life.take((after + 1) * S)
    life.take(8 * S, state="ENDED")
    assert life.told(WAIT + INTERVAL) == "UPDATED", "it was on and off: it is over only when it stays so"
    assert life.due == WAIT + 2 * INTERVAL
    assert (life.told(WAIT + 2 * INTERVAL), life.group.is_over) == ("ENDED", True)


def test_flaps_are_counted_and_begin_anew_with_each_word(life):
    life.take()
    first = life.group.issue(AT + WAIT)
    assert (first["changes"], first["firing"], first["ended_at"]) == (0, 1, None)
    life.take(3 * S, state="ENDED")
    life.take(4 * S)
    second = life.group.issue(AT + WAIT + INTERVAL)
    assert (second["state"], second["changes"], life.group.value["flaps"]) == ("UPDATED", 1, 0)


def test_what_was_taken_back_before_anybody_was_told_was_never_there(life):
    life.take(candidate_id="c")
    life.take(S, state="CANCELLED", candidate_id="c")
    assert (life.told(WAIT), life.group.is_over) == (None, True)


def test_what_was_taken_back_is_told_at_once_and_takes_the_alert_along(life):
    life.take(candidate_id="c")
    life.take(S, "b", candidate_id="c")
    life.told(WAIT)
    life.take(3 * S, state="CANCELLED", candidate_id="c")
    assert (life.due, life.told(3 * S)) == (3 * S, "CANCELLED")


def test_one_of_several_that_is_taken_back_is_counted_no_more_which_is_told_at_once(life):
    life.take(candidate_id="c")
    life.take(S, "b", candidate_id="d")
    assert life.group.issue(AT + WAIT)["count"] == 2
    life.take(3 * S, state="CANCELLED", candidate_id="c")
    assert life.due == 3 * S
    told = life.group.issue(AT + 3 * S)
    assert (told["state"], told["count"], told["firing"]) == ("UPDATED", 1, 1)
    assert [cause["cause_id"] for cause in told["causes"]] == ["b"], "nothing is said of a match that was revoked"


def test_a_match_that_aged_out_is_taken_out_of_the_count_when_it_is_revoked(life):
    life.take(cause="c", kind="MOMENT", candidate_id="c")
    life.take(cause="door", kind="CONDITION", candidate_id=None)
    life.told(WAIT)
    assert life.told(RESOLVE) is None, "the match is over, the door is open"
    life.take(RESOLVE + S, "c", state="CANCELLED", candidate_id="c")
    told = life.group.issue(AT + RESOLVE + S)
    assert (told["state"], told["count"]) == ("UPDATED", 1)
    assert [cause["cause_id"] for cause in told["causes"]] == ["door"]
    assert life.take(RESOLVE + 2 * S, "c", state="CANCELLED", candidate_id="c") == "nothing_open", "only once"


def test_a_revoked_match_that_an_alert_shows_takes_it_along_though_its_cause_aged_out(life):
    life.take(cause="door", kind="CONDITION")
    life.take(cause="c", kind="MOMENT", candidate_id="c")
    life.told(WAIT)
    life.told(RESOLVE)
    life.take(RESOLVE + S, "c", state="CANCELLED", candidate_id="c")
    assert life.told(RESOLVE + S) == "CANCELLED"


def test_what_several_devices_raise_together_names_all_of_them_to_its_end(life):
    life.take(device_ids=["cam-1", "cam-2"], kind="MOMENT")
    life.take(S, device_ids=["cam-2", "cam-3"], kind="MOMENT")
    life.group = AlertGroup.stored(life.group.value, life.group.causes)
    told = [life.group.issue(AT + WAIT)]
    life.group.pass_time(AT + S + RESOLVE)
    told.append(life.group.issue(AT + S + RESOLVE))
    assert [(one["state"], sorted(one["device_ids"])) for one in told] == [
        ("NEW", ["cam-1", "cam-2", "cam-3"]),
        ("ENDED", ["cam-1", "cam-2", "cam-3"]),
    ]


@pytest.mark.parametrize(("kind", "silence", "gone"), [("TRACK", RESOLVE, "ENDED"), ("CONDITION", STALE, "STALE")])
def test_who_is_not_heard_of_any_more_ends_after_its_silence(life, kind, silence, gone):
    life.take(kind=kind)
    life.told(WAIT)
    assert life.due == silence
    assert life.told(silence - 1) is None
    life.group.value["alert"]["device_ids"] = ["whoever raised it first"]
    life.group.pass_time(AT + silence)
    ended = life.group.issue(AT + silence)
    assert (ended["state"], [cause["state"] for cause in ended["causes"]]) == ("ENDED", [gone])
    assert ended["device_ids"] == ["cam-1"], "also where nothing of it goes on"


def test_a_condition_that_has_been_silent_longest_decides(life):
    life.take(kind="CONDITION")
    life.take(5 * S, "b", kind="CONDITION")
    life.take(6 * S, "c")
    assert life.group.value["lasts_from"] == AT
    life.told(WAIT)
    life.told(STALE)
    assert life.group.value["lasts_from"] == AT + 5 * S


def test_what_goes_on_is_repeated_when_nobody_was_told_for_so_long_and_not_once_it_is_answered():
    life = Life(repeat_interval=60 * S)
    life.take()
    life.told(WAIT)
    assert life.due == WAIT + 60 * S
    assert (life.told(WAIT + 60 * S - 1), life.told(WAIT + 60 * S)) == (None, "UPDATED")
    life.group.value["alert"]["acknowledged_by"] = "ann"
    assert life.told(WAIT + 120 * S) is None


def test_a_clock_that_was_ahead_is_set_right_and_one_that_was_not_changes_nothing(life):
    assert life.group.set_right(AT) is False
    life.take(10_000 * S)
    assert life.group.set_right(AT) is True
    assert (life.due, life.group.value["heard_at"]) == (WAIT, AT)
    assert next(iter(life.group.causes)).heard_at == AT
    assert life.group.set_right(AT) is False
    life.told(WAIT)
    life.take(3 * S, "b")
    assert life.group.set_right(AT + 3 * S) is False
    life.group.value["due"] = AT + 500 * S
    assert life.group.set_right(AT + 4 * S) is True
    assert life.due == 4 * S + INTERVAL


def test_traces_of_what_was_folded_in_are_kept_until_the_next_word(life):
    life.take()
    for number in range(12):
        life.group.follow(b"trace-%d" % number)
    assert life.group.traces == tuple(f"trace-{number}" for number in range(4, 12))
    life.told(WAIT)
    assert life.group.traces == ()


def test_what_an_older_release_kept_is_given_what_it_did_not_know():
    book = CauseBook(MemoryState(), 0, "g")
    timing = {name: TIMING[name] for name in TIMING if name not in {"stale_after", "tell_progress"}}
    alert = trigger("g") | {"revision": 0, "count": 2}
    older = {"alert": alert, "timing": timing, "told_at": AT, "due": None, "ended": None}
    assert due_at(older) == 0
    group = AlertGroup.stored({**older, "changed_at": AT + S, "firing": ["cam-1|x", "cam-2|x"]}, book)
    assert group.value["timing"] == {**TIMING, "stale_after": RESOLVE}
    rest = {name: group.value[name] for name in ("heard_at", "lasts_from", "gone", "changes", "flaps")}
    assert rest == {"heard_at": AT + S, "lasts_from": None, "gone": [], "changes": 0, "flaps": 0}
    assert sorted((cause.cause_id, cause.device_id, cause.kind, cause.heard_at) for cause in book) == [
        ("cam-1|x", "cam-1", "MOMENT", AT + S),
        ("cam-2|x", "cam-2", "MOMENT", AT + S),
    ]
    assert AlertGroup.stored({"alert": None}, book).is_over


def test_a_group_in_which_nothing_can_happen_is_never_due():
    assert due_at({**Life().group.value, "gone": [], "due": None, "ended": "ENDED", "told_at": None} | QUIET) == FAR


QUIET = {"timing": TIMING, "alert": {}, "heard_at": None, "lasts_from": None}
