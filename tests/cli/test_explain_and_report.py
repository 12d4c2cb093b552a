"""`fairwatch explain` and `report` on the embedded broker: records are found by id and time, and it is audited."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from fairwatch.apps import settings as settings_module
from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.kafka import codec, producer
from fairwatch.apps.lineage.window import Finder
from fairwatch.apps.publishing import key_of
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.bonds import BOND, Bonds
from fairwatch.wire.topics import topics
from tests.support import records

pytestmark = pytest.mark.broker
MINUTE = 60_000_000


@pytest.fixture
def hub(broker, topic_prefix, tmp_path, monkeypatch):
    told = {
        "KAFKA_BOOTSTRAP": broker, "TOPIC_PREFIX": topic_prefix, "EMBEDDED": "true", "MAX_PARTITIONS": "2",
        "CONFIG_DIR": str(tmp_path),
    }  # fmt: skip
    for name, value in told.items():
        monkeypatch.setenv(f"FAIRWATCH_{name}", value)
    settings_module.settings.cache_clear()
    made = Settings()
    make_topics(made)
    yield made
    settings_module.settings.cache_clear()


async def written(hub, now):
    raw = records.raw_event(b"<event/>", received_at=now)
    seen = records.sighting(occurred_at=now, observation={"raw_sha256": raw["sha256"]})
    places = [{"topic": "sightings", "partition": partition, "offset": 0} for partition in (0, 1)]
    alert = records.trigger(at=now, triggers=[seen["sighting_id"]], follows=places)  # one of them holds the sighting
    async with producer(hub, "cli") as publisher:
        for topic, record in (("raw-events", raw), ("sightings", seen), ("alerts", alert)):
            await publisher.publish(topic, key_of(topics()[topic], record), record)
    return alert["alert_id"], seen["sighting_id"], raw["sha256"]


def test_an_alert_is_explained_from_its_bytes_and_whoever_looks_is_in_the_audit_also_where_there_is_none(hub):
    now = time.time_ns() // 1000
    alert_id, sighting_id, digest = asyncio.run(written(hub, now))
    result = CliRunner().invoke(build(["explain"]), ["explain", alert_id, "--json"])
    chain = {one["step"]: one for one in json.loads(result.stdout)["chain"]}
    assert (chain["bytes"]["facts"][0]["sha256"], chain["enrichment"]["facts"][0]["sighting_id"]) == (
        digest,
        sighting_id,
    )
    assert chain["deliveries"]["status"] == "missing"
    assert sorted(one["there"] for one in chain["places"]["facts"]) == ["NOTHING LIES THERE", "fits"]
    missing = CliRunner().invoke(build(["explain"]), ["explain", "no-such-alert"])
    assert "holds no alert 'no-such-alert'" in str(missing.exception)
    looks = [record for _, _, record in read_topic(hub, "audit")]
    assert [(one["action"], one["subject"]) for one in looks] == [
        ("alert.explained", alert_id), ("alert.explained", "no-such-alert"),
    ]  # fmt: skip
    find = Finder(hub)
    assert find("sightings", [sighting_id], now - MINUTE, now + MINUTE)
    assert find("sightings", [sighting_id], now + MINUTE, now + 2 * MINUTE) == []
    assert find("sightings", [sighting_id], now - 2 * MINUTE, now - MINUTE) == []


def test_what_nobody_of_the_hub_wrote_is_no_part_of_a_chain_where_the_secret_is_here(hub, monkeypatch):
    now = time.time_ns() // 1000
    alert = records.trigger(at=now, title="Fire in hall 3")
    forged = {**alert, "revision": 99, "title": "All is well", "state": "CANCELLED"}
    bonds = Bonds(b"secret of the processors")

    async def write():
        async with producer(hub, "cli") as publisher:
            for record, bound in ((alert, True), (forged, False)):
                key = key_of(topics()["alerts"], record)
                value = codec(hub).encode("Alert", record)
                bond = {BOND: bonds.header("group", "alerts", key.encode(), b"1", value)} if bound else {}
                await publisher.publish("alerts", key, record, {"ce_id": b"1", **bond})

    asyncio.run(write())
    said = []
    for secret in ("", "secret of the processors"):
        monkeypatch.setenv("FAIRWATCH_CHAIN_KEY", secret)
        settings_module.settings.cache_clear()
        result = CliRunner().invoke(build(["explain"]), ["explain", alert["alert_id"], "--json"])
        told = json.loads(result.stdout)
        said.append((told["title"], next(one for one in told["chain"] if one["step"] == "writers")))
    (believed, unchecked), (genuine, checked) = said
    assert (believed, unchecked["status"]) == ("All is well", "not checked")
    assert "FAIRWATCH_CHAIN_KEY" in unchecked["why"]
    assert (genuine, checked["facts"]) == ("Fire in hall 3", [{"topic": "alerts", "left_out": 1}])


async def logged(hub, at):
    chained = records.audit_record(
        at=at, action="candidate.created", details={"kind": "PLATE"}, chain="audit-0", sequence=1
    )
    async with producer(hub, "cli") as publisher:
        await publisher.publish("audit-chain", "audit-0", chained)
        await publisher.publish("devices", "cam-1", records.device(site_id="harbour"))


def test_a_report_counts_what_the_log_says_of_the_period_and_is_in_the_audit_itself(hub, tmp_path):
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    before = today - timedelta(days=2)
    asyncio.run(logged(hub, round((today - timedelta(hours=1)).timestamp() * 1_000_000)))
    period = ["--from", f"{before:%Y-%m-%d}", "--to", f"{today:%Y-%m-%d}"]
    made = CliRunner().invoke(build(["report"]), ["report", "transparency", *period, "--json"])
    report = json.loads(made.stdout)
    assert (report["counts"]["candidates"], report["cameras"][0]["devices"]) == ({"PLATE": 1}, 1)
    again = tmp_path / "again.md"
    assert (
        CliRunner().invoke(build(["report"]), ["report", "transparency", *period, "--out", str(again)]).exit_code == 0
    )
    assert "| candidate.created | 1 |" in again.read_text()
    assert CliRunner().invoke(build(["report"]), ["report", "impact"]).stdout.startswith("# Impact report")
    future = CliRunner().invoke(
        build(["report"]), ["report", "transparency", "--from", "2026-01-01", "--to", "2999-01-01"]
    )
    assert isinstance(future.exception, ConfigurationError)
    subjects = [record["subject"] for _, _, record in read_topic(hub, "audit")]
    assert subjects == ["report:transparency", "report:transparency", "report:impact"]
