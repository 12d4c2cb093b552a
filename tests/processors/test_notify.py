"""The delivery ledger: once for each revision and receiver, and never without the people who must confirm."""

import asyncio
from typing import get_args

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.outcome import Skip
from fairwatch.matching.recheck import Recheck
from fairwatch.policy.authorisation import Refusal
from fairwatch.processors.notify import Notify
from fairwatch.sinks.ledger import Ledger
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer, Withheld
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, trigger
from tests.support.timeline import OK, ScriptedSink
from tests.support.watchlist import authorisation, entry, lists, recheck

FACE = {"candidate_id": "c", "entry_id": "e", "authorisation_id": "a", "event_type": "watchlist.face"}
ALLOWED = recheck(entry("e", kind="FACE", authorisation_id="a"), entry("p", authorisation_id="a"), authorisation_id="a")
PEOPLE = {"kind": "FACE", "required_verifications": "2"}


@pytest.fixture
def clock():
    return ManualClock(AT)


def world_of(clock, sink, state=None, asked=ALLOWED, **options):
    receivers = {name: Receiver(name, sink, **options) for name in ("control-room", "patrol")}
    return World(Notify(receivers, state or MemoryState(), clock, Codec(), asked), clock)


async def push(world, *alerts):
    return await world.push(*(world.event("alerts", "Alert", alert, key=alert["group"]) for alert in alerts))


def alert(revision=0, n=0, **fields):
    return trigger(n=n, revision=revision, **fields)


async def test_each_revision_goes_to_each_receiver_once(clock):
    sink = ScriptedSink(clock)
    world = world_of(clock, sink)
    both = {"receivers": ["control-room", "patrol", "patrol"]}
    answers = await push(world, alert(0, **both), alert(0, **both), alert(1, **both), alert(0, **both))
    assert [a["revision"] for _, _, a in sink.taken] == [0, 0, 1, 1]
    assert answers[1] == answers[3] == [Skip("duplicate")] * 2
    assert len({delivery_id for _, delivery_id, _ in sink.taken}) == 4


async def test_after_a_crash_before_the_state_was_saved_the_same_id_comes_again(clock):
    sink, state = ScriptedSink(clock), MemoryState()
    saved = state.snapshot()
    await push(world_of(clock, sink, state), alert())
    state.restore(saved)
    await push(world_of(clock, sink, state), alert())
    assert len({delivery_id for _, delivery_id, _ in sink.taken}) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {**FACE, "verified_by": ["ann"], "parameters": PEOPLE},
        {**FACE, "verified_by": ["ann", " Ann"], "parameters": PEOPLE},
        {**FACE, "verified_by": ["ann", "bo"], "parameters": {**PEOPLE, "required_verifications": "3"}},
        {**FACE, "verified_by": ["ann"], "parameters": {}},
        {**FACE, "verified_by": ["ann"], "parameters": {"kind": "PLATE", "required_verifications": "0"}},
        {**FACE, "verified_by": ["ann", "bo"], "parameters": PEOPLE, "authorisation_id": None},
        {"event_type": "face.seen"},
        {"entry_id": "e"},
    ],
)
async def test_a_match_without_its_people_never_leaves(clock, fields):
    sink = ScriptedSink(clock)
    [answer] = await push(world_of(clock, sink), alert(**fields))
    assert sink.tried == 0
    assert answer[-1] == Skip("unverified")
    [delivery] = emitted([answer], "deliveries")
    assert (delivery["state"], delivery["reason"]) == ("SUPPRESSED", "unverified")


async def test_safety_and_verified_matches_leave(clock):
    sink = ScriptedSink(clock)
    plate = {
        **FACE,
        "entry_id": "p",
        "event_type": "watchlist.plate",
        "parameters": {"kind": "PLATE", "required_verifications": "0"},
    }
    face = {**FACE, "verified_by": ["ann", "bo"], "parameters": PEOPLE}
    await push(world_of(clock, sink), alert(n=1), alert(n=2, **plate), alert(n=3, **face))
    assert len(sink.taken) == 3


async def test_a_receiver_that_nobody_configured_is_a_dead_letter(clock):
    world = world_of(clock, ScriptedSink(clock))
    answers = await push(world, alert(receivers=["nobody"]))
    [letter] = emitted(answers, "alerts-dlq")
    assert letter["reason"] == "undeliverable"
    assert "unknown_receiver" in letter["detail"]
    assert Codec().decode(letter["value"])[1]["alert_id"] == alert()["alert_id"]


async def test_an_alert_that_we_would_not_write_still_becomes_a_dead_letter(clock):
    world = world_of(clock, ScriptedSink(clock))
    answers = await push(world, alert(receivers=["nobody"], geo={"lat": float("nan"), "lon": 0.0}))
    assert emitted(answers, "alerts-dlq")[0]["reason"] == "undeliverable"


async def test_a_dead_letter_can_be_redriven(clock):
    sink = ScriptedSink(clock, {(0, 1): Answer("client_error", status=400)})
    world = world_of(clock, sink)
    assert len(emitted(await push(world, alert()), "alerts-dlq")) == 1
    clock.advance(seconds=2)
    await push(world, alert())
    assert len(sink.taken) == 1
    assert await push(world, alert()) == [[Skip("duplicate")]]


@pytest.mark.parametrize("restarted", [False, True], ids=["went on", "was restarted"])
async def test_every_attempt_at_a_delivery_has_the_same_id(clock, restarted):
    sink, state = ScriptedSink(clock, {(0, 20): Answer("server_error", retryable=True, status=500)}), MemoryState()
    world = world_of(clock, sink, state)
    await push(world, alert(geo={"lat": 48.1, "lon": 11.5}, zones=["quay", "gate"]))
    for _ in range(12):
        await (world_of(clock, sink, state) if restarted else world).tick(5)
    assert sink.tried > 3
    assert len(set(sink.asked)) == len(sink.taken) == 1


async def test_of_what_was_delivered_nothing_but_its_id_is_kept(clock):
    state = MemoryState()
    world = world_of(clock, ScriptedSink(clock), state)
    await push(world, alert())
    assert [key for key, _ in state.items(0) if not key.startswith(HIDDEN)] == []
    assert sum(len(value.get("ids", "")) for _, value in state.items(0)) < 16


class SlowSink:
    """Holds each delivery until released and counts how many are under way."""

    kind = "slow"

    def __init__(self):
        self.under_way, self.most, self.order = 0, 0, []

    async def send(self, delivery_id, alert):
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0.001)
        self.order.append((alert["alert_id"], alert["revision"]))
        self.under_way -= 1
        return OK

    async def close(self):
        pass


async def test_different_groups_go_at_once_within_bounds_and_one_group_in_order(clock):
    sink = SlowSink()
    world = world_of(clock, sink, concurrency=3)
    await push(world, *(alert(revision, n, group=f"g{n}") for revision in range(3) for n in range(6)))
    assert sink.most == 3
    for n in range(6):
        mine = alert(n=n, group=f"g{n}")["alert_id"]
        assert [rev for alert_id, rev in sink.order if alert_id == mine] == [0, 1, 2]


async def test_one_receiver_that_is_away_is_not_asked_for_every_alert(clock):
    sink = ScriptedSink(clock, {(0, 10): Answer("timeout", retryable=True)})
    world = world_of(clock, sink, concurrency=2)
    answers = await push(world, *(alert(n=n, group=f"g{n}") for n in range(50)))
    assert sink.tried <= 2
    assert answers[-1] == [Skip("queued")]
    clock.advance(seconds=10)
    for _ in range(3):
        await world.tick(2)
    assert len(sink.taken) == 50


async def test_a_receiver_that_is_back_is_told_how_an_alert_stands_now_and_what_it_missed(clock):
    sink = ScriptedSink(clock, {(0, 10): Answer("timeout", retryable=True)})
    world = world_of(clock, sink)
    answers = [*await push(world, *(alert(revision) for revision in range(30)))]
    answers += await push(world, *(alert(revision) for revision in range(30, 60)))
    assert [d["reason"] for d in emitted(answers, "deliveries")].count("superseded") == 59
    await world.tick(20)
    assert [(a["revision"], a["parameters"]["skipped_revisions"]) for _, _, a in sink.taken] == [(59, "59")]


async def test_too_many_alerts_of_a_group_lose_the_middle_not_the_newest(clock):
    sink = ScriptedSink(clock, {(0, 10): Answer("timeout", retryable=True)})
    world = world_of(clock, sink)
    answers = await push(world, *(alert(alert_id=f"a{n}") for n in range(60)))
    assert [d["reason"] for d in emitted(answers, "deliveries")].count("overflow") == 10
    await world.tick(20)
    told = [a["alert_id"] for _, _, a in sink.taken]
    assert (told[0], told[-1], len(told)) == ("a0", "a59", 50)


async def test_a_worker_that_starts_anew_asks_nobody_sooner_than_the_last_one_would_have(clock):
    sink, state = ScriptedSink(clock, {(0, 100): Answer("timeout", retryable=True)}), MemoryState()
    await push(world_of(clock, sink, state), alert())
    again = world_of(clock, sink, state)
    await again.tick(0.7)
    assert sink.tried == 1, "it fails for a second"
    await again.tick(0.3)
    assert sink.tried == 2


@pytest.mark.parametrize(("later", "tried"), [(0, 0), (1, 1)])
async def test_what_is_put_off_for_longer_than_any_pause_was_put_off_by_a_wrong_clock(clock, later, tried):
    sink, state = ScriptedSink(clock), MemoryState()
    ledger = Ledger(Ledger.empty(), "patrol")
    ledger.append(alert(receivers=["patrol"]), "patrol", 7, AT, "")
    ledger.postpone(AT + 300_000_000 + later)
    state.put(0, "g|patrol", ledger.value)
    await world_of(clock, sink, state).tick(0)
    assert sink.tried == tried


@pytest.mark.parametrize("restarted", [False, True], ids=["went on", "was restarted"])
async def test_what_a_clock_that_was_ahead_put_off_goes_when_it_is_right_again(clock, restarted):
    """Its signatures are too new for the receiver; the next attempt is noted for a time that is far off."""
    sink, state = ScriptedSink(clock, {(600, 700): Answer("auth_error", retryable=True, status=401)}), MemoryState()
    world = world_of(clock, sink, state)
    clock.advance(seconds=600)
    await push(world, alert())
    await world.tick(0)
    clock.advance(seconds=-600)
    await (world_of(clock, sink, state) if restarted else world).tick(0)
    assert [a["revision"] for _, _, a in sink.taken] == [0]


async def test_a_circuit_that_a_clock_ahead_has_opened_closes_when_it_is_right_again(clock):
    sink = ScriptedSink(clock, {(600, 700): Answer("timeout", retryable=True)})
    world = world_of(clock, sink)
    clock.advance(seconds=600)
    await push(world, alert(n=1))
    await world.tick(0)
    clock.advance(seconds=-600)
    await world.tick(0)
    await push(world, alert(n=2))
    assert len(sink.taken) == 2


VERIFIED = {**FACE, "verified_by": ["dora", "emil"], "parameters": PEOPLE, "site_id": "harbour"}
SHRUNK = [
    ({"state": "REVOKED"}, {}, "mandate_revoked"),
    ({"site_ids": ["airport"]}, {}, "mandate_wrong_place"),
    ({"valid_until": AT}, {}, "mandate_expired"),
    ({"kinds": ["PLATE"]}, {}, "mandate_wrong_kind"),
    ({}, {"kind": "PLATE"}, "mandate_wrong_kind"),
    ({}, {"state": "WITHDRAWN"}, "mandate_withdrawn"),
    ({}, {"authorisation_id": "b"}, "mandate_moved"),
    ({}, {"entry_id": "f"}, "mandate_no_entry"),
]


def references(of_authorisation, of_entry):
    face = {"kind": "FACE", "authorisation_id": "a", **of_entry}
    return lists([entry(**{"entry_id": "e", **face})], [authorisation("a", **of_authorisation)])


@pytest.mark.parametrize(("of_authorisation", "of_entry", "reason"), SHRUNK)
async def test_what_is_no_longer_authorised_is_not_told(clock, of_authorisation, of_entry, reason):
    sink = ScriptedSink(clock)
    world = world_of(clock, sink, asked=Recheck(references(of_authorisation, of_entry)))
    [answer] = await push(world, alert(**VERIFIED))
    assert (sink.tried, answer[-1]) == (0, Skip(reason))
    assert [record["details"]["reason"] for record in emitted([answer], "audit")] == [reason]


async def test_what_shrinks_while_a_receiver_is_away_is_not_told_when_it_is_back(clock):
    sink = ScriptedSink(clock, {(0, 2): Answer("unreachable", retryable=True)})
    known = references({}, {})
    world = world_of(clock, sink, asked=Recheck(known))
    await push(world, alert(**VERIFIED))
    known["authorisations"].put("a", authorisation("a", state="REVOKED"))
    emits = await world.tick(5)
    assert sink.taken == []
    assert [emit.record["reason"] for emit in emits if emit.topic == "deliveries"] == ["mandate_revoked"]
    await push(world, alert(revision=1, state="CANCELLED", **VERIFIED))
    assert [taken["state"] for _, _, taken in sink.taken] == ["CANCELLED"]


def test_every_refusal_of_the_policy_is_a_word_of_deliveries():
    assert {f"mandate_{refusal}" for refusal in get_args(Refusal)} < set(get_args(Withheld))
