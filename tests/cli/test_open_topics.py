"""tail, dlq and export read what anybody wrote: every codec, and past what cannot be opened."""

import asyncio
import json

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from fairwatch.apps import settings as settings_module
from fairwatch.apps.export import Summary, last_values
from fairwatch.cli.main import build
from fairwatch.domain.errors import RejectedError
from fairwatch.wire.avro import Codec
from fairwatch.wire.dead_letter import UNREADABLE, Raw, dead_letter
from fairwatch.wire.producer import Producer
from fairwatch.wire.topics import topics
from tests.support.broken_batches import BROKEN, write

pytestmark = pytest.mark.broker
CODECS = ("gzip", "snappy", "lz4", "zstd")
DEVICE = {"device_id": "d", "site_id": "s", "updated_at": 1_767_225_600_000_000}


@pytest.fixture
def run(broker, topic_prefix, monkeypatch):
    """Give a function that runs the command against the test's own topics and returns its JSON lines."""
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", broker)
    monkeypatch.setenv("FAIRWATCH_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("FAIRWATCH_EMBEDDED", "true")
    settings_module.settings.cache_clear()

    def run(*arguments):
        result = CliRunner().invoke(build(list(arguments)), list(arguments))
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")], result.stderr

    yield run
    settings_module.settings.cache_clear()


async def compressed(broker, topic):
    for codec in CODECS:
        async with AIOKafkaProducer(bootstrap_servers=broker, acks="all", compression_type=codec) as producer:
            value = Codec().encode("Device", {**DEVICE, "device_id": codec})
            await producer.send_and_wait(topic, value, key=codec.encode(), partition=0)


def test_tail_and_export_read_every_codec_and_past_what_cannot_be_opened(run, broker, make_topics, topic_prefix):
    make_topics("devices", partitions=1)
    asyncio.run(write(broker, f"{topic_prefix}devices", list(BROKEN.values())))
    asyncio.run(compressed(broker, f"{topic_prefix}devices"))
    lines, _ = run("tail", "devices", "--from", "beginning", "--until-end", "--json")
    lost = [line for line in lines if line.get("reason") == UNREADABLE]
    assert len(lost) == len(BROKEN)
    assert lost[0]["offset"] == 2
    assert "cannot be opened (crc)" in lost[0]["detail"]
    assert [line["record"]["device_id"] for line in lines if line["record"]] == list(CODECS)
    summary = Summary()
    found = last_values(settings_module.settings(), topics()["devices"], summary)
    assert [record["device_id"] for record in found] == list(CODECS)
    assert len([remark for remark in summary.remarks if "cannot be opened" in remark]) == len(BROKEN)


def test_dead_letters_are_listed_past_what_cannot_be_opened_and_redriven_where_they_hold_bytes(
    run, broker, make_topics, topic_prefix
):
    make_topics("observations", "observations-dlq", partitions=1)

    def letter(offset, reason):
        raw = Raw("observations", 0, offset, b"k", b"junk" if reason == "malformed" else None)
        error = RejectedError(reason, "it is broken")
        return dead_letter(raw, error, processor="enrich", version="1", at=1_767_225_600_000_000 + offset)

    async def fill():
        await write(broker, f"{topic_prefix}observations-dlq", [BROKEN["zstd that is none"]])
        async with Producer(broker, topic_prefix=topic_prefix) as producer:
            for one in (letter(1, "malformed"), letter(2, UNREADABLE)):
                await producer.publish("observations-dlq", "k", one)

    asyncio.run(fill())
    lines, _ = run("dlq", "list", "observations", "--json")
    assert [line["reason"] for line in lines] == ["malformed", UNREADABLE]
    _, said = run("dlq", "redrive", "--all", "--topic", "observations")
    assert "1 left out" in said
    assert "1 redriven" in said
