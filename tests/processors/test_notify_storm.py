"""Ten thousand alerts in ten seconds: few messages, the worst at once, none lost."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit
from fairwatch.policy.quiet import Quiet, StormLimit
from fairwatch.processors.notify import Notify
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.storm import KEPT, StormControl
from fairwatch.sinks.webhook import Webhook
from fairwatch.wire.avro import Codec
from tests.support.processor_world import MemoryReference, MemoryState, assert_valid
from tests.support.records import AT, trigger
from tests.support.timeline import ScriptedSink

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
PARTITIONS = range(12)
ROOM = {"storm": [{"most": 20, "within": "1m"}]}


class Room:
    """Notify on a clock moved by hand; `said` holds what became of each delivery."""

    def __init__(self, clock, sink, quiet=ROOM, *, state=None, partitions=0, others=(), **more):
        self.clock, self.said, self.state = clock, [], state or MemoryState()
        self._receivers = {one.name: one for one in (Receiver("room", sink, **more), *others)}
        self._offset = 0
        self.begin_anew(quiet, partitions)

    def begin_anew(self, quiet, partitions=0):
        quiet = Quiet.model_validate(quiet)
        self.notify = Notify(self._receivers, self.state, self.clock, Codec(), quiet=quiet, partitions=partitions)

    async def push(self, *alerts, partition=0):
        events = []
        for alert in alerts:
            self._offset += 1
            events.append(Event("alerts", "Alert", alert, alert["group"], partition=partition, offset=self._offset))
        for answer in await self.notify.handle(events):
            self._note(answer)

    async def tick(self, seconds=0.0, partitions=PARTITIONS):
        self.clock.advance(seconds=seconds)
        self._note(await self.notify.tick(list(partitions)))

    def deliveries(self, reason):
        return [record for record in self.said if record["reason"] == reason]

    def _note(self, outcomes):
        self.said += [one.record for one in outcomes if isinstance(one, Emit) and one.topic == "deliveries"]


def alert(n, **fields):
    fields = {"group": f"g{n}", "alert_id": f"alert-{n}", "receivers": ["room"], "rule": f"rule-{n % 7}", **fields}
    return trigger(n=n, **fields)


def digests_of(sink):
    return [told for _, _, told in sink.taken if told["rule"] == "storm-control"]


async def test_ten_thousand_alerts_are_twenty_messages_a_minute_each_extreme_one_at_once_and_none_is_lost():
    clock, got = ManualClock(AT), []

    async def take(request):
        got.append((clock.now(), await request.json()))
        return web.Response(status=204)

    app = web.Application(client_max_size=8 << 20)
    app.router.add_post("/", take)
    async with TestServer(app) as server:
        room = Room(clock, Webhook(str(server.make_url("/")), SECRET, clock))
        raised = {}
        for step in range(20):
            for partition in PARTITIONS:
                numbers = range(step * 500 + partition, (step + 1) * 500, 12)
                mine = [alert(n, severity="EXTREME" if n % 1_250 == 7 else "SEVERE") for n in numbers]
                raised |= {one["alert_id"]: (clock.now(), one["severity"]) for one in mine}
                await room.push(*mine, partition=partition)
            await room.tick(0.5)
        for _ in range(180):
            await room.tick(1)
        await room.notify.close()
    assert len(raised) == 10_000
    single = {told["alert_id"]: at for at, told in got if told["rule"] != "storm-control"}
    for alert_id, (at, severity) in raised.items():
        if severity == "EXTREME":
            assert single[alert_id] - at <= 1_000_000
    calm = [at for at, told in got if told["severity"] != "EXTREME" or told["rule"] == "storm-control"]
    assert max(len([at for at in calm if since <= at < since + 60_000_000]) for since in calm) <= 20
    digests = [told for _, told in got if told["rule"] == "storm-control"]
    assert sum(told["count"] for told in digests) + len(single) == 10_000
    assert sum(len(told["parameters"]["named"].splitlines()) for told in digests) >= 50
    assert max(len(str(told)) for told in digests) < 64_000
    held = room.deliveries("storm")
    assert {record["alert_id"] for record in held} | set(single) == set(raised)
    assert {record["held_by"] for record in held} == {part for told in digests for part in told["triggers"]}


@pytest.fixture
def clock():
    return ManualClock(AT)


async def test_a_digest_says_how_many_of_what_and_names_the_worst_first(clock):
    sink = ScriptedSink(clock)
    room = Room(clock, sink, {"storm": [{"most": 2}]})
    await room.push(*(alert(n, site_id="harbour") for n in range(4)), alert(9, severity="SEVERE", title="Gate forced"))
    assert len(sink.taken) == 1
    await room.tick(9)
    assert len(sink.taken) == 1
    await room.tick(1)
    [digest] = digests_of(sink)
    assert_valid({name: value for name, value in digest.items() if name != "parameters"} | {"parameters": {}})
    assert (digest["title"], digest["count"], digest["severity"]) == ("4 messages held back", 4, "SEVERE")
    assert digest["parameters"]["by_severity"] == "MODERATE: 3, SEVERE: 1"
    assert digest["parameters"]["by_site_id"] == "harbour: 3, (none): 1"
    assert digest["parameters"]["named"].splitlines()[0] == "SEVERE NEW Gate forced (alert-9)"


async def test_after_a_storm_an_alert_is_told_as_ever_and_its_end_too(clock):
    sink = ScriptedSink(clock)
    room = Room(clock, sink, {"storm": [{"most": 2}]})
    await room.push(alert(1), alert(2))
    await room.tick(10)
    await room.tick(60)
    await room.push(alert(2, revision=1, state="ENDED"))
    assert [(told["rule"], told["state"]) for _, _, told in sink.taken] == [
        ("rule-1", "NEW"),
        ("storm-control", "NEW"),
        ("rule-2", "ENDED"),
    ]


async def test_each_rule_and_site_has_a_limit_of_its_own(clock):
    sink = ScriptedSink(clock)
    room = Room(clock, sink, {"storm": [{"per": ["rule", "site_id"], "most": 3}]})
    await room.push(*(alert(n, rule="noisy", site_id="a") for n in range(10)))
    await room.push(alert(20, rule="noisy", site_id="b"), alert(21, rule="calm", site_id="a"))
    assert [told["alert_id"] for _, _, told in sink.taken] == ["alert-0", "alert-1", "alert-20", "alert-21"]


async def test_what_was_collected_survives_a_restart(clock):
    sink, state = ScriptedSink(clock), MemoryState()
    room = Room(clock, sink, {"storm": [{"most": 2}]}, state=state)
    await room.push(*(alert(n) for n in range(5)))
    again = Room(clock, sink, {"storm": [{"most": 2}]}, state=state)
    await again.tick(10)
    assert [one["count"] for one in digests_of(sink)] == [4]


async def test_a_worker_that_starts_anew_goes_on_counting_and_one_that_takes_a_partition_over_too(clock):
    sink, state = ScriptedSink(clock), MemoryState()
    quiet = {"storm": [{"most": 4}]}
    room = Room(clock, sink, quiet, state=state)
    await room.push(alert(0), alert(1), partition=1)
    await room.push(alert(2), partition=2)
    again = Room(clock, sink, quiet, state=state)
    await again.tick(5, partitions=[1, 2])
    await again.push(alert(3), partition=1)
    await again.push(alert(4), partition=2)
    assert len(sink.taken) == 3, "three were told before, and one place is the digest's"
    other = Room(clock, sink, quiet, state=state)
    await other.tick(1, partitions=[2])
    await other.push(alert(5), alert(6), alert(7), partition=2)
    assert len(sink.taken) == 5, "of its own partition one was told, and what the other's told is not its own"
    clock.advance(seconds=62)
    later = Room(clock, sink, {"storm": [{"most": 4, "within": "1m"}]}, state=MemoryState())
    await later.push(alert(8))
    assert len(sink.taken) == 6


async def test_a_worker_that_starts_anew_tells_the_next_digest_no_sooner(clock):
    sink, state, quiet = ScriptedSink(clock), MemoryState(), {"storm": [{"most": 2}]}
    room = Room(clock, sink, quiet, state=state)
    await room.push(alert(0), alert(1))
    await room.tick(10)
    assert len(digests_of(sink)) == 1
    again = Room(clock, sink, quiet, state=state)
    await again.push(alert(2))
    await again.tick(30)
    assert len(digests_of(sink)) == 1
    await again.tick(31)
    assert len(digests_of(sink)) == 2


async def test_windows_that_are_over_do_not_stay_in_the_state(clock):
    sink, state = ScriptedSink(clock), MemoryState()
    await Room(clock, sink, ROOM, state=state).push(alert(0))
    assert [key for key, _ in state.items(0) if key.startswith(KEPT)]
    clock.advance(seconds=120)
    other = {"storm": [{"per": ["rule"], "most": 20}]}
    await Room(clock, sink, other, state=state).push(alert(1))
    assert len([key for key, _ in state.items(0) if key.startswith(KEPT)]) == 1, "only that of the limit that there is"


async def test_what_a_batch_that_failed_had_counted_is_not_counted(clock):
    storm = StormControl([StormLimit(most=3)])
    assert storm.admits(alert(0), "room", clock.now())
    storm.save()
    assert storm.admits(alert(1), "room", clock.now())
    storm.begin()
    assert storm.admits(alert(1), "room", clock.now())
    assert not storm.admits(alert(2), "room", clock.now())


async def test_what_a_batch_that_failed_had_collected_is_in_the_digest_once(clock):
    sink = ScriptedSink(clock)
    room = Room(clock, sink, {"storm": [{"most": 2}]})
    before = room.state.snapshot()
    with pytest.raises(KeyError):
        await room.push(alert(0), alert(1), {"receivers": ["room"], "group": "odd"})
    room.state.restore(before)
    await room.push(alert(0), alert(1))
    await room.tick(10)
    assert [one["count"] for one in digests_of(sink)] == [1]


async def test_a_receiver_that_is_away_gets_one_digest_of_all_of_it(clock):
    sink = ScriptedSink(clock, {(0, 100): Answer("timeout", retryable=True)})
    room = Room(clock, sink, {"storm": [{"most": 2}]})
    for minute in range(5):
        await room.push(*(alert(minute * 10 + n) for n in range(10)))
        for _ in range(30):
            await room.tick(2)
    for _ in range(300):
        await room.tick(2)
    digests = digests_of(sink)
    assert sum(one["count"] for one in digests) + len(sink.taken) - len(digests) == 50
    assert len(digests) <= 4


async def test_of_a_limit_each_worker_has_the_share_of_its_partitions(clock):
    sink = ScriptedSink(clock)
    room = Room(clock, sink, partitions=12)
    await room.tick(0, partitions=[0, 1, 2])
    await room.push(*(alert(n) for n in range(30)))
    assert len(sink.taken) == 4, "a quarter of 20, one of them kept for the digest"


async def test_what_a_silence_lets_go_all_at_once_is_a_storm_too(clock):
    sink = ScriptedSink(clock)
    silence = {
        "silence_id": "s", "author": "bo", "role": "operator", "reason": "x", "matchers": ['rule=~"rule-.*"'],
        "starts_at": AT, "expires_at": AT + 60_000_000,
    }  # fmt: skip
    receivers = {"room": Receiver("room", sink)}
    quiet = Quiet.model_validate(ROOM)
    silences = MemoryReference({"s": silence})
    room = Room(clock, sink)
    room.notify = Notify(receivers, room.state, clock, Codec(), silences=silences, quiet=quiet)
    await room.push(*(alert(n) for n in range(100)))
    await room.tick(60)
    await room.tick(10)
    assert len(sink.taken) == 20
    assert [one["count"] for one in digests_of(sink)] == [81]


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ({"most": 1}, "most"),
        ({}, "most"),
        ({"most": 5, "within": "0s"}, "within"),
        ({"most": 5, "per": ["colour"]}, "per"),
        ({"most": 5, "per": []}, "per"),
        ({"most": 5, "bypass": "UNKNOWN"}, "bypass"),
    ],
)
def test_odd_limits_are_refused_when_they_are_read(limit, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Quiet.model_validate({"storm": [limit]})
