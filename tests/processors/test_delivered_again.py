"""However much is delivered again, under the old offsets or new ones, it is done once.

Through the engine's own state, whose values are bytes; a batch grows to 4,000 events in a backlog.
"""

import asyncio
from datetime import timedelta

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.memory import DAY, HIDDEN
from fairwatch.domain.outcome import Skip
from fairwatch.engine.state import Held, PartitionedState
from fairwatch.policy.audit_chain import verify
from fairwatch.policy.routing import Options
from fairwatch.processors.audit import Audit
from fairwatch.processors.group import Group
from fairwatch.processors.notify import Notify
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.wire.avro import Codec
from tests.support.processor_world import emitted
from tests.support.records import AT, CONFIRMED_FACE, audit_record, trigger
from tests.support.timeline import ScriptedSink
from tests.support.watchlist import face_recheck

BATCH = 4_000
DUPLICATE = [Skip("duplicate")]
AGAIN = pytest.mark.parametrize("moved", [0, 1_000_000, None], ids=["same offsets", "new offsets", "no offsets"])


class Hub:
    """Processors with the engine's state: what is handed over comes in batches."""

    def __init__(self, **options):
        self.clock = ManualClock(AT)
        self.sink = ScriptedSink(self.clock)
        self.states = {name: PartitionedState() for name in ("audit", "group", "notify")}
        for state in self.states.values():
            state.restore({0: Held({})})
        rules = {"tamper": Options(**{name: timedelta(seconds=s) for name, s in options.items()})}
        receivers = {"control-room": Receiver("control-room", self.sink)}
        self.audit = Audit(self.states["audit"], self.clock)
        self.group = Group(rules, self.states["group"], self.clock)
        self.notify = Notify(receivers, self.states["notify"], self.clock, Codec(), face_recheck())

    async def hand(self, processor, type_, records, *, first=0, batch=BATCH):
        topic, answers = processor.spec.reads[0], []
        events = [
            Event(topic, type_, record, partition=0, offset=-1 if first is None else first + n)
            for n, record in enumerate(records)
        ]
        for start in range(0, len(events), batch):
            answers += await processor.handle(events[start : start + batch])
        return answers

    async def alarm(self, triggers, *, first=0, batch=BATCH):
        """Hand triggers to `group`, let a minute go by, hand what it wrote to `notify`."""
        answers = await self.hand(self.group, "Alert", triggers, first=first, batch=batch)
        self.clock.advance(seconds=60)
        alerts = emitted([*answers, await self.group.tick([0])], "alerts")
        await self.tell(alerts, first=None)
        return answers

    async def tell(self, alerts, *, first=0):
        """Hand alerts to `notify` and let it tick until nothing is due or on its way, however slow the machine is."""
        answers = await self.hand(self.notify, "Alert", alerts, first=first)
        ticked, dispatch, now = [], self.notify._dispatch, self.clock.now()
        while dispatch.has_work(now) or ((due := self.notify.due_at()) is not None and due <= now):
            ticked += await self.notify.tick([0])
            await asyncio.sleep(0)
        return [*answers, ticked]

    def rows(self, name):
        return {key: len(value) for key, value in self.states[name]._partitions[0].rows.items()}


@AGAIN
@pytest.mark.parametrize(("records", "batch"), [(2_000, 500), (2_000, 2_000), (BATCH, BATCH), (600, 1)])
async def test_audit_records_are_chained_once(moved, records, batch):
    hub, written = Hub(), [audit_record(n) for n in range(records)]
    chained = await hub.hand(hub.audit, "AuditRecord", written, batch=batch)
    assert await hub.hand(hub.audit, "AuditRecord", written, first=moved, batch=batch) == [DUPLICATE] * records
    chained += await hub.hand(hub.audit, "AuditRecord", [audit_record(-1)], first=3_000_000)
    report = verify(emitted(chained, "audit-chain"))
    assert (report.records, report.repeats, report.faults) == (records + 1, 0, [])


async def test_audit_records_of_half_a_year_ago_are_chained_once_when_somebody_resets_the_offsets():
    hub = Hub()
    written = [audit_record(n) for n in range(1_000)]
    await hub.hand(hub.audit, "AuditRecord", written)
    for day in range(1, 180):
        hub.clock.advance(seconds=86_400)
        written.append(audit_record(-day, at=hub.clock.now()))
        await hub.hand(hub.audit, "AuditRecord", written[-1:], first=len(written) - 1)
    assert await hub.hand(hub.audit, "AuditRecord", written) == [DUPLICATE] * len(written)
    assert len(hub.rows("audit")) < 40, "ids of long ago are not kept"


async def test_the_first_records_of_an_audit_topic_that_was_made_anew_are_chained():
    hub = Hub()
    await hub.hand(hub.audit, "AuditRecord", [audit_record(n) for n in range(1_000)])
    hub.clock.advance(seconds=100 * 86_400)
    now = hub.clock.now()
    fresh = await hub.hand(hub.audit, "AuditRecord", [audit_record(n, at=now) for n in range(2_000, 2_100)])
    assert len(emitted(fresh, "audit-chain")) == 100


async def test_audit_ids_that_begin_alike_are_not_the_same():
    hub = Hub()
    written = [audit_record(n, audit_id=f"written-by-somebody-else-{n}") for n in range(10)]
    assert len(emitted(await hub.hand(hub.audit, "AuditRecord", written), "audit-chain")) == 10


@pytest.mark.parametrize(
    ("many", "batch", "moved"),
    [
        (600, 600, 0),
        (600, 50, None),
        (600, 50, 1_000_000),
        (BATCH, BATCH, 0),
        (BATCH, 500, 1_000_000),
        (100_000, BATCH, 1_000_000),
    ],
)
async def test_triggers_are_counted_once_and_told_once(many, batch, moved):
    hub, triggers = Hub(resolve_after=10**6), [trigger(n=n) for n in range(many)]
    await hub.alarm(triggers, batch=batch)
    told = len(hub.sink.taken)
    assert (told, hub.sink.taken[-1][2]["count"]) == (2, many)
    assert await hub.alarm(triggers, first=moved, batch=batch) == [DUPLICATE] * many
    assert len(hub.sink.taken) == told
    assert hub.states["group"].get(0, "tamper:cam-1")["alert"]["count"] == many
    assert max(hub.rows("group").values()) < 65_536


async def test_a_trigger_of_an_alert_that_is_over_opens_none_weeks_later():
    hub = Hub(resolve_after=30)
    await hub.alarm([trigger(n=1)])
    assert [alert["state"] for _, _, alert in hub.sink.taken] == ["NEW", "ENDED"]
    assert not [key for key in hub.rows("group") if not key.startswith(HIDDEN)], "a group that is over leaves no value"
    for _ in range(30):
        hub.clock.advance(seconds=86_400)
        assert await hub.alarm([trigger(n=1)], first=9_000) == [DUPLICATE]
    assert len(hub.sink.taken) == 2


async def test_triggers_of_a_topic_that_was_made_anew_are_alerts():
    hub = Hub(resolve_after=30)
    await hub.alarm([trigger(n=n) for n in range(500)])
    before = len(hub.sink.taken)
    await hub.alarm([trigger(n=n, at=hub.clock.now()) for n in range(500, 510)])
    assert hub.sink.taken[before][2]["state"] == "NEW"
    assert hub.sink.taken[-1][2]["count"] == 10


async def test_the_end_of_what_is_over_ends_nothing_when_it_comes_again():
    hub = Hub(resolve_after=10**6)
    first, end, second = trigger(n=1), trigger(n=2, state="ENDED"), trigger(n=3)
    await hub.alarm([end, first, end, second])
    assert [alert["state"] for _, _, alert in hub.sink.taken] == ["NEW", "UPDATED"]


async def test_an_alert_lasts_until_the_last_of_many_devices_has_ended():
    hub, cameras = Hub(resolve_after=10**6), range(1_000)
    begin = [trigger(n=n, device_ids=[f"cam-{n}"]) for n in cameras]
    end = [trigger(n=10_000 + n, device_ids=[f"cam-{n}"], state="ENDED") for n in cameras]
    await hub.alarm(begin)
    await hub.alarm(end[1:])
    assert "ENDED" not in [alert["state"] for _, _, alert in hub.sink.taken]
    await hub.alarm(end[:1])
    assert hub.sink.taken[-1][2]["state"] == "ENDED"


async def test_a_device_that_says_twice_that_it_begins_has_ended_when_it_says_so_once():
    hub = Hub(resolve_after=10**6)
    await hub.alarm([trigger(n=1), trigger(n=2), trigger(n=3, state="ENDED")])
    assert [alert["state"] for _, _, alert in hub.sink.taken] == ["NEW", "ENDED"]


@AGAIN
async def test_alerts_are_told_once(moved):
    hub, alerts = Hub(), [trigger(n=n, revision=n % 7) for n in range(BATCH)]
    await hub.tell(alerts)
    assert len(hub.sink.taken) == BATCH
    assert (await hub.tell(alerts, first=moved))[:-1] == [DUPLICATE] * BATCH
    assert len(hub.sink.taken) == BATCH
    assert set(hub.rows("notify")) == {key for key in hub.rows("notify") if key.startswith(HIDDEN)}


async def test_alerts_of_two_months_ago_are_told_once_when_somebody_resets_the_offsets():
    hub, alerts = Hub(), [trigger(n=n) for n in range(100)]
    await hub.tell(alerts)
    for day in range(60):
        hub.clock.advance(seconds=DAY / 1e6)
        await hub.tell([trigger(n=1_000 + day, at=hub.clock.now())], first=100 + day)
    assert (await hub.tell(alerts))[:-1] == [DUPLICATE] * 100


async def test_alerts_that_waited_for_two_months_are_told_to_everybody():
    hub = Hub()
    hub.clock.advance(seconds=60 * 86_400)
    receivers = {name: Receiver(name, hub.sink) for name in ("control-room", "patrol")}
    hub.notify = Notify(receivers, hub.states["notify"], hub.clock, Codec())
    await hub.tell([trigger(n=n, receivers=["control-room", "patrol"]) for n in range(3)])
    assert len(hub.sink.taken) == 6


async def test_a_hundred_refused_revisions_can_all_be_driven_again():
    hub, alerts = Hub(), [trigger(revision=n) for n in range(100)]
    hub.sink.script = {(0, 1): Answer("client_error", status=400)}
    answers = await hub.tell(alerts)
    assert len(emitted(answers, "alerts-dlq")) == 100
    hub.clock.advance(seconds=2)
    await hub.tell(alerts, first=1_000)
    assert [alert["revision"] for _, _, alert in hub.sink.taken] == list(range(100))
    assert (await hub.tell(alerts, first=2_000))[:-1] == [DUPLICATE] * 100


async def test_a_revision_whose_number_came_twice_with_other_content_is_told_as_well():
    """`group` died between writing 1 and saving that it had: the number comes again, for the cancellation."""
    hub = Hub()
    update, cancelled = trigger(revision=1, state="UPDATED"), trigger(revision=1, state="CANCELLED")
    await hub.tell([trigger(), update])
    await hub.tell([cancelled, {**update, "issued_at": AT + 1}], first=2)
    assert [alert["state"] for _, _, alert in hub.sink.taken] == ["NEW", "UPDATED", "CANCELLED"]
    assert len({delivery_id for _, delivery_id, _ in hub.sink.taken}) == 3


async def test_a_cancellation_under_a_number_that_was_used_leaves_and_is_audited():
    """The real `group`, killed after its outputs were acknowledged and before its state was."""
    hub = Hub(resolve_after=10**6, group_interval=5)
    await hub.alarm([trigger(n=1, **CONFIRMED_FACE)])
    saved = dict(hub.states["group"]._partitions[0].rows)
    lost = await hub.hand(hub.group, "Alert", [trigger(n=2, **CONFIRMED_FACE | {"candidate_id": "c-2"})], first=1)
    hub.clock.advance(seconds=10)
    lost += [await hub.group.tick([0])]
    hub.states["group"].restore({0: Held(saved)})
    hub.group = Group(hub.group._rules, hub.states["group"], hub.clock)
    found = await hub.hand(hub.group, "Alert", [trigger(n=3, state="CANCELLED", **CONFIRMED_FACE)], first=2)
    [before], [after] = emitted(lost, "alerts"), emitted(found, "alerts")
    assert before["revision"] == after["revision"], "the number that this is about"
    assert emitted(lost, "audit")[0]["audit_id"] != emitted(found, "audit")[0]["audit_id"]
    await hub.tell([before, after], first=None)
    assert [alert["state"] for _, _, alert in hub.sink.taken] == ["NEW", before["state"], "CANCELLED"]
