"""The producer writes what was given, once, in order, and says in bounded time when it cannot."""

import asyncio
import time

import pytest
from aiokafka import AIOKafkaConsumer

import fairwatch
from fairwatch.apps.embedded import free_port, start_broker
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import ConfigurationError, OverloadedError, RejectedError, RetryableError
from fairwatch.wire import headers
from fairwatch.wire.avro import Codec
from fairwatch.wire.producer import Producer

NOW = 1_767_225_600_000_000
OBSERVATION = {
    "observation_id": "9d6c2f5e-0000-5000-8000-000000000001",
    "event_type": "line.crossed",
    "device_id": "cam-1",
    "source": {"format": "onvif-event"},
    "occurred_at": NOW - 7,
    "received_at": NOW - 5,
}
RAW = {
    "raw_id": "1",
    "device_id": "cam-1",
    "gateway": "http",
    "transport": "http",
    "received_at": NOW,
    "sha256": "0" * 64,
    "size": 1,
}


async def read(broker, topic, count):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return [await asyncio.wait_for(consumer.getone(), 20) for _ in range(count)]
    finally:
        await consumer.stop()


@pytest.mark.broker
async def test_observation_arrives_with_its_headers_under_its_device(broker, make_topics):
    prefix = make_topics("observations")
    async with fairwatch.Producer(broker, topic_prefix=prefix, clock=ManualClock(NOW)) as producer:
        await producer.observe(OBSERVATION)
    (message,) = await read(broker, f"{prefix}observations", 1)
    assert message.key == b"cam-1"
    kind, record = Codec().decode(message.value)
    assert (kind, record["device_id"], record["removed_fields"]) == ("Observation", "cam-1", 0)
    described = headers.from_kafka(message.headers)
    assert described["ce_type"] == b"fairwatch.Observation"
    assert described["ce_source"] == b"fairwatch/sdk"
    assert described["ce_time"] == b"2026-01-01T00:00:00.000000Z"
    assert described["ce_dataschema"] == b"urn:fairwatch:schema:observation:v2"
    assert headers.recorded_at(described) == NOW - 5


@pytest.mark.broker
async def test_sdk_removes_protected_attributes_and_counts_them(broker, make_topics):
    prefix = make_topics("observations")
    face = {"gender": {"system": "x", "code": "1"}, "age_years": {"min": 30.0}, "glasses": "YES"}
    given = OBSERVATION | {"extensions": {"Face/EthicCode": "11", "lane": "2"}, "face": face, "removed_fields": 1}
    async with Producer(broker, topic_prefix=prefix) as producer:
        await producer.observe(given)
        await producer.observe(OBSERVATION)
    written = [Codec().decode(message.value)[1] for message in await read(broker, f"{prefix}observations", 2)]
    assert [record["removed_fields"] for record in written] == [4, 0]
    assert written[0]["extensions"] == {"lane": "2"}
    assert (written[0]["face"]["gender"], written[0]["face"]["age_years"], written[0]["face"]["glasses"]) == (
        None,
        None,
        "YES",
    )


@pytest.mark.broker
async def test_many_writes_at_once_keep_the_order_of_a_key(broker, make_topics):
    prefix = make_topics("audit")
    async with Producer(broker, topic_prefix=prefix) as producer:
        records = [
            {"audit_id": str(number), "action": "test.ran", "actor": "me", "at": NOW, "subject": "s"}
            for number in range(300)
        ]
        await asyncio.gather(*(producer.publish("audit", "s", record) for record in records))
    messages = await read(broker, f"{prefix}audit", 300)
    assert [Codec().decode(message.value)[1]["audit_id"] for message in messages] == [str(n) for n in range(300)]


@pytest.mark.broker
async def test_tombstone_and_headers_of_the_caller_are_written(broker, make_topics):
    prefix = make_topics("devices")
    async with Producer(broker, topic_prefix=prefix) as producer:
        await producer.publish("devices", "cam-1", None, {"traceparent": b"00-1", "ce_recordedtime": b"5"})
    (message,) = await read(broker, f"{prefix}devices", 1)
    assert message.value is None
    described = headers.from_kafka(message.headers)
    assert headers.carried(described) == {"traceparent": b"00-1", "ce_recordedtime": b"5"}


@pytest.mark.broker
async def test_too_large_a_value_is_rejected_and_the_next_goes_through(broker, make_topics):
    prefix = make_topics("raw-events")
    async with Producer(broker, topic_prefix=prefix) as producer:
        with pytest.raises(RejectedError, match="too_large"):
            await producer.publish("raw-events", "cam-1", RAW | {"body": bytes(1 << 20)})
        await producer.publish("raw-events", "cam-1", RAW | {"body": bytes(512 << 10)})
    (message,) = await read(broker, f"{prefix}raw-events", 1)
    assert len(Codec().decode(message.value)[1]["body"]) == 512 << 10


@pytest.mark.broker
async def test_wrong_field_is_named_before_anything_is_sent(broker):
    async with Producer(broker) as producer:
        with pytest.raises(RejectedError, match="received_at"):
            await producer.observe(OBSERVATION | {"received_at": "now"})
        with pytest.raises(ConfigurationError, match="observationz"):
            await producer.publish("observationz", "k", OBSERVATION)


async def test_broker_away_is_an_error_in_bounded_time():
    before = time.monotonic()
    with pytest.raises(RetryableError):
        async with Producer(f"127.0.0.1:{free_port()}", timeout_s=1.0):
            pass
    assert time.monotonic() - before < 8


AUDIT = {"audit_id": "1", "action": "test.ran", "actor": "me", "at": NOW, "subject": "s"}


@pytest.mark.broker
async def test_full_buffer_overloads(broker, make_topics):
    prefix = make_topics("audit")
    async with Producer(broker, topic_prefix=prefix, max_pending=2) as producer:
        writes = (producer.publish("audit", "s", AUDIT) for _ in range(3))
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), OverloadedError]


@pytest.mark.broker
async def test_lost_broker_is_retryable_in_bounded_time_and_the_producer_recovers():
    with start_broker() as server:
        producer = Producer(server.address, timeout_s=2.0)
        await producer.__aenter__()
        await producer.publish("audit", "s", AUDIT)
    before = time.monotonic()
    with pytest.raises(RetryableError):
        await producer.publish("audit", "s", AUDIT)
    assert time.monotonic() - before < 4
    with start_broker(server.port):
        for left in reversed(range(5)):  # the broker may answer before it can write
            try:
                await producer.publish("audit", "s", AUDIT)
                break
            except RetryableError:
                assert left
        await producer.__aexit__(None, None, None)


async def test_a_text_of_another_kind_is_refused_before_anything_is_sent() -> None:
    """`enrich` would refuse it too, but its producer would not hear of it."""
    with pytest.raises(RejectedError, match="event_type is not of the kind") as told:
        await Producer("127.0.0.1:1").observe(OBSERVATION | {"event_type": "a woman with a hijab"})
    assert told.value.field == "event_type"


@pytest.mark.broker
@pytest.mark.parametrize("size", [10, 9_000], ids=["small ones", "ones that fill batches"])
async def test_writes_begun_while_it_connects_keep_the_order_of_a_key(broker, make_topics, size):
    prefix = make_topics("audit")
    producer, under_way = Producer(broker, topic_prefix=prefix), list[asyncio.Task[None]]()
    number = 0
    while not (under_way and under_way[0].done()) and number < 1500:
        record = {"audit_id": f"{number:{size}}", "action": "test.ran", "actor": "me", "at": NOW, "subject": "s"}
        under_way.append(asyncio.create_task(producer.publish("audit", "s", record)))
        number += 1
        await asyncio.sleep(0.0005)
    await asyncio.gather(*under_way)
    await producer.close()
    messages = await read(broker, f"{prefix}audit", number)
    assert [int(Codec().decode(each.value)[1]["audit_id"]) for each in messages] == list(range(number))
