"""The cluster is lost, broker, state and Redis: a new one is given the backup, and everything goes on."""

import asyncio
import base64
import os
import time
from pathlib import Path

import pytest

from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.embedded import start_broker, start_valkey
from fairwatch.apps.export import export
from fairwatch.apps.export_archive import read_key
from fairwatch.apps.export_restore import restore
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.policy.audit_chain import Report, verify
from tests.kafka.pipeline import DEVICE, pipeline, settings_for
from tests.support.records import observation

pytestmark = [pytest.mark.kafka, pytest.mark.broker]
TITLE, PLATE = "Car A", "B MK 7734"


async def _seen(settings: Settings, number: int) -> None:
    """Let the gate read the plate."""
    now = time.time_ns() // 1000
    plate = {"text": PLATE, "raw": PLATE}
    record = observation("plate.read", DEVICE, n=number, at=now, object_class="PLATE", plates=[plate])
    async with producer(settings, "test") as publisher:
        await publisher.publish("observations", DEVICE, record)


async def _verified(settings: Settings, action: str, subject: str) -> Report:
    """Wait until that is chained, and return what a verification of the whole log finds."""
    for _ in range(300):
        records = [record for _, _, record in await asyncio.to_thread(list, read_topic(settings, "audit-chain"))]
        if any((record["action"], record["subject"]) == (action, subject) for record in records):
            return verify(records)
        await asyncio.sleep(0.1)
    raise AssertionError(f"{action} of {subject} was never chained")


def _with_rules(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"config_dir": folder / "config", "media_url": f"file://{folder / 'media'}"})


async def test_a_new_cluster_goes_on_where_the_lost_one_was_backed_up(broker: str, tmp_path: Path):
    backup, key_file = tmp_path / "backup", tmp_path / "key"
    key_file.write_text(base64.b64encode(os.urandom(32)).decode(), encoding="ascii")
    key = read_key(key_file)
    with start_broker() as lost, start_valkey() as redis:
        before = settings_for(lost.address, redis.address)
        async with pipeline(before, tmp_path / "before", {TITLE: PLATE}) as pipes:
            await _seen(before, 1)
            first = await pipes.alert(TITLE)
            chained = await _verified(before, "alert.new", first["alert_id"])
            made = await export(_with_rules(before, tmp_path / "before"), backup, key, lambda _: None)
    assert (chained.faults, made.remarks) == ([], [])
    assert made.counts["audit-chain"] >= chained.records > 0

    with start_valkey() as redis:
        after = settings_for(broker, redis.address, "restored-")
        await asyncio.to_thread(make_topics, after)
        done = await restore(_with_rules(after, tmp_path / "after"), backup, key, lambda _: None)
        assert done.counts == made.counts
        async with pipeline(after, tmp_path / "after") as pipes:
            chain = await _verified(after, "backup.imported", backup.name)
            await _seen(after, 2)
            second = await pipes.alert(TITLE)
            whole = await _verified(after, "alert.new", second["alert_id"])
    assert (chain.faults, whole.faults) == ([], [])
    assert whole.records > chain.records > made.counts["audit-chain"], "the chain goes on in one piece"
    assert second["entry_id"] == first["entry_id"]
    assert second["alert_id"] != first["alert_id"]
