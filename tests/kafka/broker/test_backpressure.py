"""Kafka stands still: HTTP senders are told when to come again, MQTT keeps what nobody acknowledged, none is lost."""

import asyncio
import time
from collections.abc import Iterator

import aiohttp
import aiomqtt
import pytest

from fairwatch.apps.demo.cameras.hikvision import TAMPER, now
from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.embedded_mqtt import start_mqtt
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import RetryableError
from fairwatch.edges.mqtt.client import OVERHEAD
from fairwatch.telemetry import metrics
from tests.edges.test_backpressure import USERS, gateway_process
from tests.support.engine_lab import until
from tests.support.gateway_world import KEY, device, ready, run_gateway
from tests.support.kafka_cluster import Broker, one_broker

SENDERS, EACH = 20, 10
MESSAGES, SIZE, HELD = 30, 400, 6000
PAUSED_S = 14.0  # longer than the producer waits for an acknowledgement
CAUGHT_UP_S = 3.0


@pytest.fixture(scope="module")
def kafka() -> Iterator[Broker]:
    """Give a broker that a test may pause, with all topics."""
    with one_broker() as running:
        make_topics(Settings(kafka_bootstrap=running.address, max_partitions=2))
        yield running


async def insist(session: aiohttp.ClientSession, url: str, number: int, answers: list[tuple[int, str | None]]) -> None:
    """Send one event until it is taken, as a device does that heeds `Retry-After`."""
    body = TAMPER.format(mac="44:19:b6:00:00:01", time=now(), name=f"camera {number}").encode()
    while True:
        async with session.post(url, data=body, headers={"Content-Type": "application/xml"}) as response:
            await response.read()
            answers.append((response.status, response.headers.get("Retry-After")))
            if response.status == 200:
                return
            await asyncio.sleep(float(response.headers.get("Retry-After", "1")))


async def test_http_senders_are_told_503_and_when_to_come_again(kafka: Broker, tmp_path, record_property) -> None:
    answers: list[tuple[int, str | None]] = []
    timeout, connector = aiohttp.ClientTimeout(60), aiohttp.TCPConnector(limit=0)
    async with (
        gateway_process(tmp_path, kafka.address, FAIRWATCH_EMBEDDED="false") as (_, url),
        aiohttp.ClientSession(headers={"X-Api-Key": KEY}, connector=connector, timeout=timeout) as session,
    ):

        async def sender(place: int) -> None:
            for number in range(place * EACH, (place + 1) * EACH):
                await insist(session, url, number, answers)
                await asyncio.sleep(0.1)

        senders = [asyncio.create_task(sender(place)) for place in range(SENDERS)]
        while len(answers) < SENDERS:  # noqa: ASYNC110  # until all are at it
            await asyncio.sleep(0.02)
        kafka.pause()
        await asyncio.sleep(PAUSED_S)
        kafka.resume()
        began = time.monotonic()
        await asyncio.wait_for(asyncio.gather(*senders), 90)
        caught_up_s = time.monotonic() - began
    refused = [wait for status, wait in answers if status == 503]
    found = read_topic(Settings(kafka_bootstrap=kafka.address), "raw-events")
    stored = [record for _, _, record in found if record["device_id"] != "mqtt-1"]
    record_property(
        f"Kafka paused for {PAUSED_S:.0f} s, {SENDERS} HTTP senders",
        f"{len(refused)} times 503; all {SENDERS * EACH} events stored {caught_up_s:.1f} s after it went on, "
        f"{len(stored) - len({record['raw_id'] for record in stored})} of them twice under one id",
    )
    assert {status for status, _ in answers} == {200, 503}
    assert all(wait is not None and int(wait) >= 1 for wait in refused)
    assert len({record["raw_id"] for record in stored}) == SENDERS * EACH


async def test_what_mqtt_can_send_again_waits_at_its_broker(kafka: Broker, tmp_path, record_property) -> None:
    settings = Settings(kafka_bootstrap=kafka.address)
    bodies = [f"{number:03d}".encode() + b"x" * SIZE for number in range(MESSAGES)]
    async with (
        start_mqtt(USERS) as mqtt,
        producer(settings, "gateway/mqtt") as publisher,
        run_gateway(
            "mqtt", tmp_path, [device("mqtt-1", mqtt_topics=["mqtt-1/#"])], publisher=publisher,
            mqtt_url=mqtt.url("gateway"), max_held_bytes=HELD,
        ) as gateway,
        aiomqtt.Client(mqtt.host, mqtt.port, username="camera", password=USERS["camera"]) as camera,
    ):  # fmt: skip
        await ready(gateway)
        kafka.pause()
        for body in bodies:
            await camera.publish("mqtt-1/e", body, qos=1)
        await asyncio.sleep(PAUSED_S)
        held = metrics.GATEWAY_HELD.labels("mqtt").collect()[0].samples[0].value
        kafka.resume()
        began = time.monotonic()
        await until(lambda: len(_bodies(settings)) >= MESSAGES, 90)
        found = _bodies(settings)
        caught_up_s = time.monotonic() - began
    record_property(
        f"Kafka paused for {PAUSED_S:.0f} s, {MESSAGES} MQTT messages",
        f"{held:.0f} bytes held, all stored {caught_up_s:.1f} s after it went on",
    )
    assert 0 < held <= HELD + len(bodies[0]) + OVERHEAD, "the rest stayed where it came from"
    assert found == bodies, "in the order in which they were sent"
    assert caught_up_s <= CAUGHT_UP_S


def _bodies(settings: Settings) -> list[bytes]:
    """Return what was stored of the MQTT device, each once, in order; nothing while the broker does not answer yet."""
    try:
        records = [record for _, _, record in read_topic(settings, "raw-events")]
    except RetryableError:
        return []
    return list(dict.fromkeys(record["body"] for record in records if record["device_id"] == "mqtt-1"))
