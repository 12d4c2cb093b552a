"""All three gateways with the real producer: what a sender was told is stored is on the topic."""

import asyncio

import aiohttp
import aiomqtt
import pytest
from aiokafka import AIOKafkaConsumer

from fairwatch.apps.embedded import free_port, start_broker
from fairwatch.apps.embedded_mqtt import start_mqtt
from fairwatch.wire.avro import Codec
from fairwatch.wire.producer import Producer
from tests.edges.test_viid_gateway import DEVICES as PLATFORMS
from tests.edges.test_viid_gateway import FACES, Platform
from tests.support.gateway_world import KEY, device, keyed, ready, run_gateway

pytestmark = pytest.mark.broker


async def read(broker, topic, count):
    """Return the first records of a topic with their headers."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            messages = [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
    codec = Codec()
    return [(message.key.decode(), *codec.decode(message.value), dict(message.headers)) for message in messages]


async def test_what_was_accepted_is_on_the_topic(broker, make_topics, tmp_path):
    prefix = make_topics("raw-events", partitions=1)
    users = {"gateway": "gateway password", "camera": "camera password"}
    for name in ("http", "viid", "mqtt"):
        (tmp_path / name).mkdir()
    async with (
        Producer(broker, topic_prefix=prefix, source="gateway/test") as producer,
        start_mqtt(users) as mqtt,
        run_gateway("http", tmp_path / "http", [keyed()], publisher=producer) as http,
        run_gateway("viid", tmp_path / "viid", PLATFORMS, publisher=producer) as viid,
        run_gateway(
            "mqtt",
            tmp_path / "mqtt",
            [device("frigate-1", mqtt_topics=["frigate/#"])],
            publisher=producer,
            mqtt_url=mqtt.url("gateway"),
        ) as subscriber,
        aiohttp.ClientSession(headers={"X-Api-Key": KEY}) as session,
        aiomqtt.Client(mqtt.host, mqtt.port, username="camera", password=users["camera"]) as camera,
    ):
        async with session.post(f"{http.url}/v1/push/cam-1", data=b"<a/>") as response:
            assert response.status == 200
        platform = Platform(viid)
        await platform.register()
        assert (await platform.post("/Faces", FACES))[0] == 200
        await ready(subscriber)
        await camera.publish("frigate/events", b"{}", qos=1)
        found = await read(broker, f"{prefix}raw-events", 3)
    assert [(key, kind, record["gateway"]) for key, kind, record, _ in found] == [
        ("cam-1", "RawEvent", "http"),
        ("gat-platform", "RawEvent", "viid"),
        ("frigate-1", "RawEvent", "mqtt"),
    ]
    for _, _, record, headers in found:
        assert headers["ce_recordedtime"] == str(record["received_at"]).encode()
        assert record["size"] == len(record["body"])


async def test_broker_that_is_away_is_503(tmp_path):
    producer = Producer("127.0.0.1:1", timeout_s=0.3)  # connects at the first write
    async with (
        run_gateway("http", tmp_path, [keyed()], publisher=producer) as gateway,
        aiohttp.ClientSession(headers={"X-Api-Key": KEY}) as session,
        session.post(f"{gateway.url}/v1/push/cam-1", data=b"<a/>") as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (503, "1")


async def test_a_gateway_starts_without_kafka_and_is_ready_once_it_was_reached(tmp_path):
    port = free_port()
    producer = Producer(f"127.0.0.1:{port}", timeout_s=1.0)
    async with (
        run_gateway("http", tmp_path, [keyed()], publisher=producer, connect=producer.connect) as gateway,
        aiohttp.ClientSession(headers={"X-Api-Key": KEY}) as session,
    ):
        async with session.get(f"{gateway.health}/ready") as response:
            assert (response.status, await response.text()) == (503, "no connection to Kafka yet\n")
        async with session.post(f"{gateway.url}/v1/push/cam-1", data=b"<a/>") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
        with start_broker(port):
            await ready(gateway)
        async with session.get(f"{gateway.health}/ready") as response:
            assert response.status == 200, "it says 503 with Retry-After to devices, and must stay reachable"
        await producer.close()
