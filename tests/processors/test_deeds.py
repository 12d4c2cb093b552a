"""What people do to an alert: it is taken once, told at once, and refused with a reason where it cannot be taken."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.outcome import Skip
from fairwatch.policy.deeds import make
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, trigger

HOUR = 3600
OPEN_DOOR = {"cause_id": "door", "kind": "CONDITION", "state": "FIRING", "device_id": "door-1",
             "event_type": "io.input", "started_at": AT, "updated_at": AT}  # fmt: skip


class Room:
    """One group with an alert that was told, and people who do things to it."""

    def __init__(self, **options) -> None:
        self.clock, self.state = ManualClock(AT), MemoryState()
        self.rules = {"tamper": Options(**options)}
        self.restart()

    def restart(self) -> None:
        self.world = World(Group(self.rules, self.state, self.clock), self.clock)

    async def raised(self, n: int = 0, **fields) -> dict:
        answers = await self.world.push(self.event(trigger(n=n, at=self.clock.now(), site_id="harbour", **fields)))
        return emitted(answers, "alerts")[-1]

    def event(self, record):
        kind = ("alert-actions", "AlertAction") if "action_id" in record else ("alert-triggers", "Alert")
        return self.world.event(*kind, record)

    async def deed(self, alert, action, actor="ann", role="operator", **more):
        """Return (alerts told, audit records, reasons why not)."""
        record = make(alert, action, actor, role, self.clock.now(), **more)
        [answer] = await self.world.push(self.event(record))
        refused = [outcome.reason for outcome in answer if isinstance(outcome, Skip)]
        return emitted([answer], "alerts"), emitted([answer], "audit"), refused


async def test_acknowledgement_is_told_at_once_with_who_and_when():
    room = Room()
    alert = await room.raised()
    room.clock.advance(seconds=7)
    [told], audit, refused = await room.deed(alert, "ACKNOWLEDGE")
    assert (told["acknowledged_by"], told["acknowledged_at"]) == ("ann", AT + 7_000_000)
    assert (told["state"], told["revision"], told["addressed_to"]) == ("UPDATED", 1, None)
    assert [(line["action"], line["actor"]) for line in told["deeds"]] == [("ACKNOWLEDGE", "ann")]
    assert [record["action"] for record in audit] == ["alert.acknowledge", "alert.updated"]
    assert refused == []


async def test_deed_does_not_move_the_time_at_which_a_change_is_told():
    room = Room(group_interval=timedelta(seconds=30))
    alert = await room.raised()
    room.clock.advance(seconds=10)
    await room.world.push(room.event(trigger(n=1, at=room.clock.now())))
    room.clock.advance(seconds=10)
    [told], _, _ = await room.deed(alert, "ACKNOWLEDGE")
    assert told["revision"] == 1
    assert emitted([await room.world.tick(9.5)], "alerts") == []
    assert [each["revision"] for each in emitted([await room.world.tick(1)], "alerts")] == [2]


async def test_of_two_who_claim_at_once_one_is_told_no():
    room = Room()
    alert = await room.raised()
    first = make(alert, "CLAIM", "ann", "operator", room.clock.now())
    second = make(alert, "CLAIM", "ben", "operator", room.clock.now())
    answers = await room.world.push(room.event(first), room.event(second))
    assert [each["claimed_by"] for each in emitted(answers, "alerts")] == ["ann"]
    assert answers[1][-1] == Skip("claimed")
    assert [record["action"] for record in emitted(answers, "audit")][-1] == "alert.deed_refused"


async def test_only_who_is_at_it_hands_it_over():
    room = Room()
    alert = await room.raised()
    await room.deed(alert, "CLAIM")
    assert (await room.deed(alert, "HAND_OVER", "ben", to="cleo"))[2] == ["not_yours"]
    [told], _, _ = await room.deed(alert, "HAND_OVER", "ann", to="ben")
    assert told["claimed_by"] == "ben"


async def test_comment_is_shown_and_sent_to_no_receiver():
    room = Room()
    alert = await room.raised()
    [told], _, _ = await room.deed(alert, "COMMENT", note="The gate is being mended.")
    assert told["addressed_to"] == []
    assert told["deeds"][-1]["text"] == "The gate is being mended."
    assert told.get("acknowledged_by") is None


async def test_hundred_comments_leave_the_newest_twenty():
    room = Room()
    alert = await room.raised()
    for n in range(100):
        room.clock.advance(seconds=1)
        [told], _, _ = await room.deed(alert, "COMMENT", note=f"{n} " + "x" * 5_000)
    assert len(told["deeds"]) == 20
    assert told["deeds"][-1]["text"].startswith("99 ")
    assert max(len(line["text"]) for line in told["deeds"]) == 1_000


async def test_person_closes_a_state_whose_end_never_comes():
    room = Room()
    alert = await room.raised(causes=[OPEN_DOOR])
    room.clock.advance(seconds=5 * HOUR)
    [told], _, _ = await room.deed(alert, "CLOSE", outcome="FALSE", note="The contact is broken.")
    assert (told["state"], told["closed_by"], told["outcome"], told["firing"]) == ("ENDED", "ann", "FALSE", 0)
    assert [cause["state"] for cause in told["causes"]] == ["ENDED"]
    assert emitted([await room.world.tick(5 * HOUR)], "alerts") == []


async def test_end_beats_an_acknowledgement_that_comes_late():
    room = Room(group_interval=timedelta(0))
    alert = await room.raised(causes=[OPEN_DOOR])
    over = {**OPEN_DOOR, "state": "ENDED"}
    await room.world.push(room.event(trigger(n=1, state="ENDED", causes=[over])))
    assert (await room.deed(alert, "ACKNOWLEDGE"))[2] == ["not_open"]


async def test_acknowledgement_of_june_says_nothing_about_october():
    room = Room()
    june = await room.raised()
    await room.deed(june, "CLOSE", outcome="TRUE")
    room.clock.advance(seconds=120 * 24 * HOUR)
    october = await room.raised(n=1)
    assert october["alert_id"] != june["alert_id"]
    told, _, refused = await room.deed(june, "ACKNOWLEDGE", "ben")
    assert (told, refused) == ([], ["not_open"])
    [told], _, _ = await room.deed(october, "COMMENT", note="Nobody has said that they saw it.")
    assert told.get("acknowledged_by") is None


async def test_same_deed_again_changes_nothing_also_after_a_restart():
    room = Room()
    alert = await room.raised()
    record = make(alert, "COMMENT", "ann", "operator", room.clock.now(), note="Once.")
    await room.world.push(room.event(record))
    room.restart()
    assert await room.world.push(room.event(record)) == [[Skip("duplicate")]]


@pytest.mark.parametrize(
    ("reason", "deed"),
    [
        ("no_right", {"action": "ACKNOWLEDGE", "role": "auditor"}),
        ("no_right", {"action": "CLOSE", "role": "link", "outcome": "TRUE"}),
        ("other_site", {"action": "ACKNOWLEDGE", "sites": ["airport"]}),
        ("no_note", {"action": "COMMENT", "note": " "}),
        ("no_outcome", {"action": "CLOSE"}),
        ("nobody", {"action": "HAND_OVER"}),
    ],
)
async def test_what_cannot_be_taken_is_refused_by_name_and_audited(reason, deed):
    room = Room()
    told, audit, refused = await room.deed(await room.raised(), **deed)
    assert (told, refused) == ([], [reason])
    assert [(record["action"], record["details"]["reason"]) for record in audit] == [("alert.deed_refused", reason)]


async def test_deed_on_what_nobody_was_told_of_yet_is_refused():
    room = Room(group_wait=timedelta(seconds=10))
    await room.world.push(room.event(trigger()))
    unborn = {"alert_id": "guessed", "group": "tamper:cam-1", "revision": 0}
    assert (await room.deed(unborn, "ACKNOWLEDGE"))[2] == ["not_open"]


async def test_what_is_acknowledged_is_not_repeated():
    room = Room(repeat_interval=timedelta(minutes=1), resolve_after=timedelta(hours=1))
    alert = await room.raised()
    assert len(emitted([await room.world.tick(61)], "alerts")) == 1
    await room.deed(alert, "ACKNOWLEDGE")
    assert emitted([await room.world.tick(61)], "alerts") == []


PEOPLE, DEEDS = ("ann", "ben", "cleo"), ("ACKNOWLEDGE", "CLAIM", "HAND_OVER", "COMMENT", "CLOSE")
deeds = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(DEEDS), st.sampled_from(PEOPLE), st.booleans(), st.booleans()),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(deeds)
async def test_whatever_people_do_in_whatever_order_is_what_a_naive_book_says(done):
    room = Room()
    alert = await room.raised(causes=[OPEN_DOOR])
    told, book = [alert], {"seen": None, "holder": None, "open": True}
    for person, action, to, again, restart in done:
        room.clock.advance(seconds=1)
        if restart:
            room.restart()
        record = make(alert, action, person, "operator", room.clock.now(), to=to, outcome="TRUE", note="x")
        for _ in range(2 if again else 1):
            told += emitted(await room.world.push(room.event(record)), "alerts")
        _write_down(book, person, action, to)
        assert told[-1].get("acknowledged_by") == book["seen"]
        assert told[-1].get("claimed_by") == book["holder"]
        assert (told[-1]["state"] != "ENDED") == book["open"]
    assert [each["revision"] for each in told] == list(range(len(told))), "told once each, in order"


def _write_down(book, person, action, to):
    refused = {
        "ACKNOWLEDGE": book["seen"] is not None,
        "CLAIM": book["holder"] is not None,
        "HAND_OVER": book["holder"] not in (None, person),
    }
    if not book["open"] or refused.get(action):
        return
    if action != "COMMENT":
        book["seen"] = book["seen"] or person
    if action in ("CLAIM", "HAND_OVER"):
        book["holder"] = to if action == "HAND_OVER" else person
    book["open"] = action != "CLOSE"
