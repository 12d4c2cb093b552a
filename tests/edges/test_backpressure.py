"""A broker that is slow or away: senders are told when to come again, nothing is lost, memory stays bounded."""

import asyncio
import os
import signal
import sys
import time
from contextlib import asynccontextmanager

import aiohttp
import aiomqtt
import psutil
import pytest
from paho.mqtt.client import MQTTMessage

from fairwatch.apps.embedded import free_port, start_broker
from fairwatch.apps.embedded_mqtt import start_mqtt
from fairwatch.apps.kafka import admin
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import apply, differences
from fairwatch.domain.errors import RetryableError
from fairwatch.edges.mqtt.client import OVERHEAD, Held, LateAckClient
from fairwatch.telemetry import metrics
from tests.support.gateway_world import KEY, RecordingPublisher, device, keyed, ready, run_gateway, write_devices

USERS = {"gateway": "gateway password", "camera": "camera password"}
MIB = 1 << 20


@asynccontextmanager
async def gateway_process(folder, bootstrap, **more):
    """Run `fairwatch run http` as a deployment does; give its process and address."""
    write_devices(folder, [keyed(f"cam-{number}") for number in range(1, 2)])
    port, health = free_port(), free_port()
    environment = {
        "FAIRWATCH_KAFKA_BOOTSTRAP": bootstrap, "FAIRWATCH_EMBEDDED": "true", "FAIRWATCH_CONFIG_DIR": str(folder),
        "FAIRWATCH_MEDIA_URL": f"file://{folder / 'media'}", "FAIRWATCH_PORT": str(port),
        "FAIRWATCH_HEALTH_PORT": str(health), "FAIRWATCH_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fairwatch", "run", "http", env={**os.environ, **environment, **more}
    )
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(60):
            while True:
                try:
                    async with session.get(f"http://127.0.0.1:{health}/ready") as answer:
                        if answer.status == 200:
                            break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)
        yield process, f"http://127.0.0.1:{port}/v1/push/cam-1"
    finally:
        process.terminate()
        await process.wait()


async def post(session, url, body):
    async with session.post(url, data=body) as answer:
        await answer.read()
        return answer.status, answer.headers.get("Retry-After")


@pytest.mark.broker
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("held", "senders", "limit"), [("24", 300, 300), ("2", 40, 144)], ids=["default", "small-site"]
)
async def test_a_flood_while_the_broker_does_not_answer(tmp_path, held, senders, limit):
    body = b"<a>" + b"x" * 400_000 + b"</a>"
    with start_broker() as broker:
        settings = Settings(kafka_bootstrap=broker.address, embedded=True, max_partitions=1)
        with_admin = admin(settings)
        apply(with_admin, differences(with_admin, "", 1), "", 1)
        with_admin.close()
        async with (
            gateway_process(tmp_path, broker.address, FAIRWATCH_HELD_MIB=held) as (process, url),
            aiohttp.ClientSession(
                headers={"X-Api-Key": KEY}, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(60)
            ) as session,
        ):
            assert (await post(session, url, body))[0] == 422  # stored, and its sender told that nobody understands it
            os.kill(broker.pid, signal.SIGSTOP)
            flood = [asyncio.create_task(post(session, url, body)) for _ in range(senders)]
            most = 0
            while not all(task.done() for task in flood):
                most = max(most, psutil.Process(process.pid).memory_info().rss)
                await asyncio.sleep(0.1)
            answers = [task.result() for task in flood]
            os.kill(broker.pid, signal.SIGCONT)
            again = [(await post(session, url, body))[0] for _ in range(5)]
    assert {status for status, _ in answers} == {503}
    assert all(int(wait) >= 1 for _, wait in answers)
    assert 422 in again, again
    print(f"at most {most / MIB:.0f} MiB")  # noqa: T201  # how near it came
    assert most < limit * MIB, f"{most / MIB:.0f} MiB"


@asynccontextmanager
async def stuck_subscriber(tmp_path, **bounds):
    """Run an MQTT gateway whose Kafka does not answer, and a camera."""
    publisher = RecordingPublisher()
    publisher.gate.clear()
    async with (
        start_mqtt(USERS) as mqtt,
        run_gateway(
            "mqtt", tmp_path, [device("cam-1", mqtt_topics=["cam-1/#"])], publisher=publisher,
            mqtt_url=mqtt.url("gateway"), **bounds,
        ) as gateway,
        aiomqtt.Client(mqtt.host, mqtt.port, username="camera", password=USERS["camera"]) as camera,
    ):  # fmt: skip
        await ready(gateway)
        yield publisher, camera


async def test_what_mqtt_can_send_again_waits_at_its_broker_and_arrives(tmp_path):
    async with stuck_subscriber(tmp_path, mqtt_window=2, max_held_bytes=3000) as (publisher, camera):
        for number in range(8):
            await camera.publish("cam-1/e", str(number).encode() * 400, qos=1)
        await asyncio.sleep(0.3)
        assert publisher.attempts == 2
        assert metrics.GATEWAY_HELD.labels("mqtt").collect()[0].samples[0].value == 2 * (400 + OVERHEAD)
        publisher.gate.set()
        await publisher.wait_for(8, different=True)
    order = dict.fromkeys(record["body"][:1] for record in publisher.records)
    assert list(order) == [str(number).encode() for number in range(8)]


async def test_what_the_mqtt_broker_kept_is_fetched_by_one_connection_after_another(tmp_path):
    async with stuck_subscriber(tmp_path, mqtt_window=2, max_held_bytes=3000) as (publisher, camera):
        for number in range(12):
            await camera.publish("cam-1/e", str(number).encode() * 400, qos=1)
        await publisher.attempted.wait()
        publisher.gate.set()
        began = time.monotonic()
        await publisher.wait_for(12, different=True)
    assert time.monotonic() - began < 3.0, "six connections, each for two messages"


async def test_all_messages_of_a_device_are_stored_soon_after_kafka_is_back(tmp_path):
    messages = 60
    async with stuck_subscriber(tmp_path) as (publisher, camera):
        publisher.failures += [RetryableError("away")] * messages
        for number in range(messages):
            await camera.publish("cam-1/e", str(number).encode(), qos=1)
        async with asyncio.timeout(10):
            while publisher.attempts < messages:  # noqa: ASYNC110  # all have begun
                await asyncio.sleep(0.01)
        began = time.monotonic()
        publisher.gate.set()
        records = await publisher.wait_for(messages)
    assert time.monotonic() - began < 3.0, "one pause for all, not one for each"
    assert [record["body"] for record in records] == [str(number).encode() for number in range(messages)]


async def test_what_cannot_be_sent_again_is_counted_and_costs_no_connection():
    # The embedded MQTT broker delivers everything with QoS 1, so that messages of QoS 0 are handed over here.
    held = Held(3000)
    client = LateAckClient("127.0.0.1", 1, held=held)
    for _ in range(8):
        message = MQTTMessage(topic=b"cam-1/e")
        message.payload = b"x" * 400
        client._on_message(client._client, None, message)
    assert (held.size, client.left_out) == (2 * (400 + OVERHEAD), 6)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.room_again(), 0.05)
    assert client.forget() == 2
    assert held.size == 0


async def test_a_message_larger_than_the_bound_passes_alone(tmp_path):
    async with stuck_subscriber(tmp_path, max_held_bytes=1000) as (publisher, camera):
        publisher.gate.set()
        await camera.publish("cam-1/e", b"x" * 5000, qos=1)
        (record,) = await publisher.wait_for(1)
    assert record["size"] == 5000


async def test_no_message_overtakes_one_of_its_device_that_is_tried_again(tmp_path):
    async with stuck_subscriber(tmp_path) as (publisher, camera):
        publisher.failures += [RetryableError("away"), RetryableError("still away")]
        for number in range(3):
            await camera.publish("cam-1/e", str(number).encode(), qos=1)
        async with asyncio.timeout(10):
            while publisher.attempts < 3:  # noqa: ASYNC110  # all have begun
                await asyncio.sleep(0.01)
        publisher.gate.set()
        await asyncio.sleep(0.1)
        await camera.publish("cam-1/e", b"3", qos=1)
        await publisher.wait_for(4, different=True)
    first_two_failed = [record["body"] for record in publisher.records if record["body"] in {b"0", b"1", b"3"}]
    assert list(dict.fromkeys(first_two_failed)) == [b"0", b"1", b"3"]
