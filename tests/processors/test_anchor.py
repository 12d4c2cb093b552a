"""The log is anchored by itself; an anchor that takes nothing is retried, counted and told, and stops nothing else."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from yarl import URL

from fairwatch.apps.anchors import anchoring_of
from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit, Skip
from fairwatch.policy.audit_anchor import Held, faults_of
from fairwatch.policy.audit_chain import Head, link
from fairwatch.policy.signatures import PublicKey
from fairwatch.processors.anchor import Anchor, Anchoring
from fairwatch.sinks.anchor_lane import PostedCheckpoints
from fairwatch.sinks.http import HttpClient
from fairwatch.stores.checkpoints import NAME, CheckpointFile
from fairwatch.telemetry.metrics import REGISTRY
from fairwatch.wire.avro import Codec
from tests.support import records
from tests.support.sink_servers import Http
from tests.support.trust import ADMIN

MINUTE = 60


class Log:
    """A log that grows, and the anchor that reads it."""

    def __init__(self, anchor: Anchor, clock: ManualClock) -> None:
        self.anchor, self.clock = anchor, clock
        self.head, self.records = Head(), list[dict[str, Any]]()
        self.told: list[Emit] = []

    async def grow(self, count: int = 1) -> None:
        for _ in range(count):
            record = dict(link(records.audit_record(len(self.records)), "audit-0", self.head))
            self.head = Head(record["sequence"], record["hash"])
            self.records.append(record)
            await self.read([record])

    async def read(self, found: list[dict[str, Any]], anchor: Anchor | None = None) -> None:
        events = [
            Event("audit-chain", "AuditRecord", one, "audit-0", partition=0, offset=n) for n, one in enumerate(found)
        ]
        for answer in await (anchor or self.anchor).handle(events):
            self.told += [outcome for outcome in answer if isinstance(outcome, Emit)]

    async def minutes(self, count: int, anchor: Anchor | None = None) -> None:
        for _ in range(count):
            self.clock.advance(seconds=MINUTE)
            self.told += await (anchor or self.anchor).tick([0])
            for lane in (anchor or self.anchor).lanes:
                await lane.settled()

    def actions(self) -> list[tuple[str, str]]:
        return [(emit.record["action"], emit.record["subject"]) for emit in self.told]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(records.AT)


def opened(folder: Path, clock: ManualClock) -> Anchor:
    return Anchor(anchoring_of(Settings(anchor_dir=folder), clock), clock)


async def test_the_log_is_anchored_within_ten_minutes_with_a_key_of_its_own(tmp_path: Path, clock: ManualClock) -> None:
    log = Log(opened(tmp_path, clock), clock)
    await log.grow(3)
    await log.minutes(9)
    assert not (tmp_path / NAME).exists()
    await log.minutes(1)
    await log.minutes(30)
    [said] = CheckpointFile(tmp_path / NAME).read()
    key = PublicKey.of((tmp_path / "anchor.pub").read_text().strip())
    assert key is not None
    assert list(faults_of([said], [key])) == []
    held = Held([said])
    assert list(held.watch(log.records)) == log.records
    assert (held.end(), held.uncovered.records) == ([], 0)
    assert (tmp_path / "anchor.pem").stat().st_mode & 0o077 == 0


async def test_many_records_are_anchored_sooner(tmp_path: Path, clock: ManualClock) -> None:
    anchoring = Anchoring(ADMIN, [file := CheckpointFile(tmp_path / NAME)], file.each, records=4)
    log = Log(Anchor(anchoring, clock), clock)
    await log.grow(4)
    await log.minutes(1)
    assert [said["chains"]["audit-0"]["sequence"] for said in file.read()] == [4]


async def test_however_many_records_come_a_minute_lies_between_two_checkpoints(
    tmp_path: Path, clock: ManualClock
) -> None:
    anchoring = Anchoring(ADMIN, [file := CheckpointFile(tmp_path / NAME)], file.each, records=2)
    log, made = Log(Anchor(anchoring, clock), clock), []
    for second in range(1, 131):
        await log.grow(2)
        clock.advance(seconds=1)
        await log.anchor.tick([0])
        await log.anchor.lanes[0].settled()
        if len(file.read()) > len(made):
            made.append(second)
    assert made == [60, 120]


async def test_a_chain_that_is_still_read_is_not_taken_for_cut_off_until_nothing_came_for_ten_minutes(
    tmp_path: Path, clock: ManualClock
) -> None:
    log = Log(opened(tmp_path, clock), clock)
    await log.grow(5)
    await log.minutes(10)
    cut = opened(tmp_path, clock)
    await log.minutes(5, cut)
    await log.read(log.records[:3], cut)
    await log.minutes(9, cut)
    assert log.told == []
    await log.minutes(1, cut)
    assert log.actions() == [("audit.broken", "audit-0")]
    assert log.told[0].record["details"]["sequence"] == "4"


async def test_a_restart_holds_the_log_against_its_anchors_and_goes_on(tmp_path: Path, clock: ManualClock) -> None:
    log = Log(opened(tmp_path, clock), clock)
    await log.grow(3)
    await log.minutes(10)
    again = opened(tmp_path, clock)
    await log.read(log.records, again)
    await log.minutes(20, again)
    assert len(CheckpointFile(tmp_path / NAME).read()) == 1
    log.anchor = again
    await log.grow(2)
    await log.minutes(10)
    assert [said["chains"]["audit-0"]["sequence"] for said in CheckpointFile(tmp_path / NAME).read()] == [3, 5]
    assert log.told == []


async def test_a_log_that_was_rewritten_or_cut_off_is_told_and_anchored_no_further(
    tmp_path: Path, clock: ManualClock
) -> None:
    log = Log(opened(tmp_path, clock), clock)
    await log.grow(5)
    await log.minutes(10)
    cut = opened(tmp_path, clock)
    await log.read(log.records[:3], cut)
    await log.minutes(30, cut)
    assert log.actions() == [("audit.broken", "audit-0")]
    assert REGISTRY.get_sample_value("fairwatch_audit_broken_chains") == 1
    log.told.clear()
    other, head = opened(tmp_path, clock), Head()
    for number in range(9):
        record = dict(link(records.audit_record(number, action="another.story"), "audit-0", head))
        head = Head(record["sequence"], record["hash"])
        await log.read([record], other)
    await log.minutes(30, other)
    assert log.actions() == [("audit.broken", "audit-0")]
    assert log.told[0].record["details"]["kind"] == "edited"
    Codec().encode("AuditRecord", log.told[0].record)
    assert len(CheckpointFile(tmp_path / NAME).read()) == 1


async def test_an_anchor_that_answers_500_for_a_day_is_retried_counted_and_told_and_the_other_goes_on(
    tmp_path: Path, clock: ManualClock
) -> None:
    server = Http()
    port = await server.start()
    server.status = 500
    client = HttpClient(URL(f"http://127.0.0.1:{port}/"), clock)
    file = CheckpointFile(tmp_path / NAME)
    log = Log(Anchor(Anchoring(ADMIN, [file, PostedCheckpoints(client)], file.each), clock), clock)
    refused = ("fairwatch_audit_anchorings_total", {"anchor": "webhook", "outcome": "server_error"})
    before = REGISTRY.get_sample_value(*refused) or 0
    for _ in range(24):
        await log.grow()
        await log.minutes(60)
    assert len(file.read()) == 24
    assert log.actions() == [("anchor.failing", "anchor:webhook")]
    tries = (REGISTRY.get_sample_value(*refused) or 0) - before
    assert 24 * 12 * 0.8 <= tries == len(server.bodies) <= 24 * 12 + 10
    assert REGISTRY.get_sample_value("fairwatch_audit_unanchored_records", {"anchor": "webhook"}) == 24
    assert REGISTRY.get_sample_value("fairwatch_audit_unanchored_records", {"anchor": "file"}) == 0
    server.status, server.bodies[:] = 204, []
    await log.minutes(12)
    assert log.actions()[1:] == [("anchor.recovered", "anchor:webhook")]
    assert [orjson.loads(body) for body in server.bodies] == file.read()
    assert list(faults_of(file.read(), [ADMIN.public])) == []
    await client.close()
    await server.stop()


async def test_a_full_volume_stops_nothing_and_what_was_to_be_written_is_written_when_there_is_room(
    tmp_path: Path, clock: ManualClock
) -> None:
    folder = tmp_path / "volume"
    folder.write_text("no folder yet")
    file = CheckpointFile(folder / NAME)
    log = Log(Anchor(Anchoring(ADMIN, [file], list), clock), clock)
    for _ in range(3):
        await log.grow()
        await log.minutes(10)
    assert log.actions() == [("anchor.failing", "anchor:file")]
    folder.unlink()
    await log.minutes(10)
    assert [said["chains"]["audit-0"]["sequence"] for said in file.read()] == [1, 2, 3]


async def test_two_that_anchor_into_one_file_take_turns_and_the_file_stays_sound(
    tmp_path: Path, clock: ManualClock
) -> None:
    log = Log(opened(tmp_path, clock), clock)
    other = opened(tmp_path, clock)
    await log.grow(2)
    await log.read(log.records, other)
    await log.minutes(10)
    await log.grow(2)
    await log.read(log.records[2:], other)
    await log.minutes(12, other)
    await log.minutes(12)
    said = CheckpointFile(tmp_path / NAME).read()
    key = PublicKey.of((tmp_path / "anchor.pub").read_text().strip())
    assert key is not None
    assert list(faults_of(said, [key])) == []
    assert said[-1]["chains"]["audit-0"]["sequence"] == 4


async def test_what_is_broken_is_told_whole_and_shown_until_the_next_start(tmp_path: Path, clock: ManualClock) -> None:
    log = Log(opened(tmp_path, clock), clock)
    await log.grow(2)
    await log.minutes(10)
    other = opened(tmp_path, clock)
    forged = dict(link(records.audit_record(0, action="another.story"), "audit-0", Head()))
    later = dict(link(records.audit_record(1), "audit-0", Head(1, forged["hash"])))
    await log.read([forged, later], other)
    [told] = [emit.record for emit in log.told]
    assert told == {
        "audit_id": stable_id("audit", "audit.broken", "audit-0", clock.now(), *told["details"].values()),
        "action": "audit.broken", "actor": "anchor", "at": clock.now(), "subject": "audit-0",
        "authorisation_id": None, "details": told["details"],
    }  # fmt: skip
    assert (told["details"]["kind"], told["details"]["sequence"]) == ("edited", "2")
    assert told["details"]["detail"]
    assert REGISTRY.get_sample_value("fairwatch_audit_broken_chains") == 1
    opened(tmp_path, clock)
    assert REGISTRY.get_sample_value("fairwatch_audit_broken_chains") == 0


async def test_what_is_as_it_was_is_held_and_what_is_deleted_passed_over(tmp_path: Path, clock: ManualClock) -> None:
    record = dict(link(records.audit_record(0), "audit-0", Head()))
    events = [Event("audit-chain", "AuditRecord", said, "audit-0", partition=0) for said in (record, None)]
    assert await opened(tmp_path, clock).handle(events) == [[Skip("held")], [Skip("tombstone")]]
