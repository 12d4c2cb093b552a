"""MQTT subscriber against a real broker: acknowledged after Kafka, sent again when it was not."""

import asyncio
from contextlib import asynccontextmanager

import aiomqtt
import pytest

from fairwatch.apps.embedded_mqtt import start_mqtt
from fairwatch.domain.errors import ConfigurationError, OverloadedError, RetryableError
from fairwatch.edges.mqtt.gateway import MqttAddress
from fairwatch.telemetry import metrics
from tests.support.gateway_world import RecordingPublisher, device, ready, run_gateway, write_devices

USERS = {"gateway": "gate way/pass@word", "camera": "camera pass"}
DEVICES = [
    device("frigate-1", format="frigate", mqtt_topics=["frigate/events", "frigate/reviews"]),
    device("cam-1", mqtt_topics=["cam-1/onvif-ej/#", "cam-1/onvif-mj/#"]),
]


@pytest.fixture
async def mqtt():
    async with start_mqtt(USERS) as broker:
        yield broker


@asynccontextmanager
async def subscribed(mqtt, tmp_path, **options):
    options = {"mqtt_url": mqtt.url("gateway"), "mqtt_client_id": "hub", **options}
    async with run_gateway("mqtt", tmp_path, DEVICES, **options) as gateway:
        await ready(gateway)
        yield gateway


async def send(mqtt, topic, payload, *, qos=1, retain=False):
    async with aiomqtt.Client(mqtt.host, mqtt.port, username="camera", password=USERS["camera"]) as client:
        await client.publish(topic, payload, qos=qos, retain=retain)


def reconnects():
    return metrics.REGISTRY.get_sample_value("fairwatch_gateway_reconnects_total", {"component": "mqtt"}) or 0


async def test_message_is_stored_with_the_device_of_its_topic(mqtt, tmp_path):
    async with subscribed(mqtt, tmp_path) as gateway:
        await send(mqtt, "frigate/events", b'{"type":"new"}')
        await send(mqtt, "cam-1/onvif-ej/RuleEngine/LineDetector/Crossed/&1/2", b'{"UtcTime":""}', qos=0)
        first, second = await gateway.publisher.wait_for(2)
    assert (first["device_id"], first["format"], first["path"]) == ("frigate-1", "frigate", "frigate/events")
    assert (first["gateway"], first["transport"], first["body"]) == ("mqtt", "mqtt", b'{"type":"new"}')
    assert first["headers"] == {"mqtt-qos": "1", "mqtt-retained": "false"}
    assert (second["device_id"], second["format"]) == ("cam-1", None)


async def test_topics_are_followed_as_devices_change(mqtt, tmp_path):
    async with subscribed(mqtt, tmp_path) as gateway:
        write_devices(tmp_path, [device("cam-2", mqtt_topics=["cam-2/#"]), {**DEVICES[1], "enabled": False}])
        sent = 0
        async with asyncio.timeout(10):
            while not gateway.publisher.records:
                await send(mqtt, "cam-2/x", b"%d" % (sent := sent + 1))
                await asyncio.sleep(0.1)
        seen = len(gateway.publisher.records)
        await send(mqtt, "cam-1/onvif-ej/x", b"1")
        await send(mqtt, "frigate/events", b"1")
        await send(mqtt, "cam-2/x", b"last")
        records = await gateway.publisher.wait_for(seen + 1)
    assert {record["device_id"] for record in records} == {"cam-2"}


async def test_retained_state_and_its_deletion_are_told_apart(mqtt, tmp_path):
    topic = "cam-1/onvif-ej/VideoSource/MotionAlarm/&1"
    await send(mqtt, topic, b'{"Data":{"State":"true"}}', retain=True)
    async with subscribed(mqtt, tmp_path) as gateway:
        await gateway.publisher.wait_for(1)
        await send(mqtt, topic, b"", retain=True)
        state, deletion = await gateway.publisher.wait_for(2)
    assert state["headers"]["mqtt-retained"] == "true"
    assert deletion["body"] == b""
    assert deletion["headers"]["mqtt-empty"] == "true"
    assert state["raw_id"] != deletion["raw_id"]


async def test_deletions_of_two_states_are_two_events(mqtt, tmp_path):
    async with subscribed(mqtt, tmp_path) as gateway:
        for number in (1, 2):
            await send(mqtt, f"cam-1/onvif-ej/VideoSource/MotionAlarm/&{number}", b"")
        first, second = await gateway.publisher.wait_for(2)
    assert first["raw_id"] != second["raw_id"]


async def test_message_is_tried_again_until_kafka_has_it(mqtt, tmp_path):
    publisher = RecordingPublisher([RetryableError("broker away"), OverloadedError("busy")])
    async with subscribed(mqtt, tmp_path, publisher=publisher):
        await send(mqtt, "frigate/events", b"1")
        await publisher.wait_for(1)
    assert publisher.attempts == 3


async def test_message_that_kafka_never_took_is_sent_again_to_the_next_gateway(mqtt, tmp_path):
    stuck = RecordingPublisher()
    stuck.gate.clear()
    async with subscribed(mqtt, tmp_path, publisher=stuck, drain_s=0.1):
        await send(mqtt, "frigate/events", b"precious")
        await stuck.attempted.wait()
    assert not stuck.published
    async with subscribed(mqtt, tmp_path) as gateway:
        (record,) = await gateway.publisher.wait_for(1)
    assert record["body"] == b"precious"


async def test_message_that_kafka_took_is_not_sent_again(mqtt, tmp_path):
    async with subscribed(mqtt, tmp_path) as gateway:
        await send(mqtt, "frigate/events", b"first")
        await gateway.publisher.wait_for(1)
    async with subscribed(mqtt, tmp_path) as gateway:
        await send(mqtt, "frigate/events", b"second")
        await gateway.publisher.wait_for(1)
        assert [record["body"] for record in gateway.publisher.records] == [b"second"]


async def test_message_of_while_the_gateway_was_away_is_delivered(mqtt, tmp_path):
    async with subscribed(mqtt, tmp_path):
        pass
    await send(mqtt, "frigate/events", b"missed")
    async with subscribed(mqtt, tmp_path) as gateway:
        (record,) = await gateway.publisher.wait_for(1)
    assert record["body"] == b"missed"


async def test_only_a_window_of_messages_is_on_its_way(mqtt, tmp_path):
    publisher = RecordingPublisher()
    publisher.gate.clear()
    async with subscribed(mqtt, tmp_path, publisher=publisher, mqtt_window=3) as gateway:
        for number in range(8):
            await send(mqtt, "frigate/events", str(number).encode())
        await publisher.attempted.wait()
        await asyncio.sleep(0.2)
        assert publisher.attempts == 3
        publisher.gate.set()
        records = await gateway.publisher.wait_for(8)
    assert [record["body"] for record in records] == [str(number).encode() for number in range(8)]


async def test_more_than_can_wait_is_sent_again_by_the_broker(mqtt, tmp_path):
    publisher = RecordingPublisher()
    publisher.gate.clear()
    async with subscribed(mqtt, tmp_path, publisher=publisher, mqtt_window=2, max_held_bytes=4 << 10) as gateway:
        for number in range(8):
            await send(mqtt, "frigate/events", str(number).encode())
        await asyncio.sleep(0.2)
        publisher.gate.set()
        await gateway.publisher.wait_for(8, different=True)
    assert {record["body"] for record in publisher.records} == {str(number).encode() for number in range(8)}


async def test_large_message_lies_in_the_media_store(mqtt, tmp_path):
    body = b"x" * (600 * 1024)
    async with subscribed(mqtt, tmp_path) as gateway:
        await send(mqtt, "frigate/events", body)
        (record,) = await gateway.publisher.wait_for(1)
        assert await gateway.media.get(record["body_ref"]["uri"]) == body


async def test_gateway_connects_again_after_the_broker_was_away(tmp_path):
    async with start_mqtt(USERS) as mqtt:
        port = mqtt.port
        publisher = RecordingPublisher()
        running = subscribed(mqtt, tmp_path, publisher=publisher)
        gateway = await running.__aenter__()
    async with start_mqtt(USERS, port) as mqtt:
        await ready(gateway)
        async with asyncio.timeout(20):
            while not publisher.published:
                await send(mqtt, "frigate/events", b"back")
                await asyncio.sleep(0.1)
        await running.__aexit__(None, None, None)


async def test_wrong_password_keeps_it_waiting_and_not_ready(mqtt, tmp_path):
    before = reconnects()
    url = f"mqtt://gateway:wrong@{mqtt.host}:{mqtt.port}"
    async with run_gateway("mqtt", tmp_path, DEVICES, mqtt_url=url) as gateway:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await ready(gateway)
    assert reconnects() > before


def test_address_is_taken_apart():
    address = MqttAddress.parse("mqtts://a%40b:p%2Fw@broker")
    assert (address.host, address.port, address.username, address.password) == ("broker", 8883, "a@b", "p/w")
    assert address.tls is not None
    assert "p/w" not in repr(address)


@pytest.mark.parametrize("url", ["broker:1883", "http://broker", "mqtt://", "mqtt://user:secret@"])
def test_address_that_is_none_is_refused_without_showing_the_password(url):
    with pytest.raises(ConfigurationError) as caught:
        MqttAddress.parse(url)
    assert "secret" not in str(caught.value)
