"""Devices come in by real gateways, and send the same bytes again until they are taken."""

import asyncio

import aiohttp
import pytest

from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import RetryableError
from fairwatch.edges.device_index import load_devices
from fairwatch.edges.edge import Started, options_of, serve
from fairwatch.stores.media import MediaStore
from tests.chaos.doors import Doors, message_broker, write_devices
from tests.chaos.leaders import placing
from tests.chaos.stories import Act
from tests.chaos.world import Event
from tests.support.gateway_world import GatewayConfig, RecordingPublisher

READY_S = 10


@pytest.fixture
def publisher() -> RecordingPublisher:
    return RecordingPublisher()


async def _through(kind: str, folder, publisher: RecordingPublisher, events: list[Event]) -> Doors:
    """Send events through a gateway of that kind and return once all are taken."""
    write_devices(folder)
    (folder / "media").mkdir()
    media, stop = MediaStore.open(f"file://{folder / 'media'}"), asyncio.Event()
    started: asyncio.Future[Started] = asyncio.get_running_loop().create_future()
    async with message_broker(folder) as mqtt, asyncio.timeout(30):
        config = GatewayConfig(devices_file=folder / "devices.yaml", drain_s=1)
        options = options_of(kind)(**({"mqtt_url": mqtt.url("gateway")} if kind == "mqtt" else {}))
        serving = serve(
            kind, config, publisher, media, SystemClock(), options=options, stop=stop, started=started.set_result
        )
        task = asyncio.create_task(serving)
        ports = await started
        await _ready(ports.health_port)
        doors = Doors({kind: f"http://127.0.0.1:{ports.port}", "mqtt": mqtt.url("recorder")}, set())
        for event in events:
            doors.send(event)
        await doors.finish()
        await publisher.wait_for(len(events))
        stop.set()
        await task
    return doors


async def _ready(port: int) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(READY_S):
        while True:
            async with session.get(f"http://127.0.0.1:{port}/ready") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.05)


def test_the_gateways_take_the_devices_file(tmp_path):
    write_devices(tmp_path)
    assert load_devices(tmp_path / "devices.yaml").topics == ["recorder-0/events", "recorder-1/events"]


@pytest.mark.parametrize(("kind", "device"), [("http", "http-1"), ("viid", "viid-camera")])
async def test_plates_come_in_order_and_what_failed_comes_again(kind, device, tmp_path, publisher):
    publisher.failures.append(RetryableError("no broker"))
    events = [Event(number, "plain", raw=True, device=device, door=kind) for number in range(3)]
    doors = await _through(kind, tmp_path, publisher, events)
    assert doors.taken == {kind: 3}
    assert doors.resent == {0}
    assert len({record["raw_id"] for record in publisher.records}) == 3


async def test_an_object_comes_and_goes_by_mqtt(tmp_path, publisher):
    events = [
        Event(step, "story", raw=False, device="recorder-0", door="mqtt", act=Act(0, step, deed))
        for step, deed in enumerate(("begin", "begin", "end"))
    ]
    doors = await _through("mqtt", tmp_path, publisher, events)
    assert doors.taken == {"mqtt": 3}
    assert [record["body"][:14] for record in publisher.records] == [
        b'{"type":"new",', b'{"type":"updat', b'{"type":"end",'
    ]  # fmt: skip


def test_the_last_broker_leads_state_and_nothing_else():
    partitions = [("fairwatch-group-state", 0), ("alerts", 0), ("alerts", 1), ("__consumer_offsets", 3)]
    assert [each["replicas"][0] for each in placing(partitions)] == [3, 1, 2, 2]
