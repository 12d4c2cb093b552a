"""What a client that failed still holds: it comes before what is written later, or never."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from fairwatch.apps.embedded import free_port, start_broker
from fairwatch.domain.errors import RetryableError
from fairwatch.wire import producer as producer_module
from fairwatch.wire.producer import Producer
from tests.support.slow_link import SlowLink, slow_link

TOPIC = "observations"
TIMEOUT_S = 1.5
PATIENT = {"request_timeout_ms": 20_000}  # the client does not ask again within a test


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[SlowLink, str]]:
    """Give a broker that clients reach through a link."""
    port = free_port()
    with start_broker(reached_at=port) as server:
        async with slow_link(port, server.address) as link:
            admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}")
            await admin.start()
            try:
                await admin.create_topics([NewTopic(TOPIC, 1, 1)])
            finally:
                await admin.close()
            yield link, f"127.0.0.1:{port}"


async def written(broker: str) -> list[bytes]:
    """Return the values on the topic."""
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=broker, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found = await consumer.getmany(timeout_ms=2000)
        return [record.value for records in found.values() for record in records]
    finally:
        await consumer.stop()


def write(producer: Producer, key: bytes, value: bytes) -> asyncio.Task[None]:
    return asyncio.create_task(producer.send(TOPIC, key, value, {}))


@pytest.mark.broker
async def test_a_write_waits_for_the_one_before_it_that_a_failed_client_still_holds():
    async with linked() as (link, broker), Producer(broker, timeout_s=TIMEOUT_S, client_options=PATIENT) as producer:
        await write(producer, b"cam-1", b"0")
        link.hold()
        failing = write(producer, b"cam-2", b"lost")
        await asyncio.sleep(TIMEOUT_S / 2)
        first = write(producer, b"cam-1", b"1")
        with pytest.raises(RetryableError):
            await failing
        second, other = write(producer, b"cam-1", b"2"), write(producer, b"cam-3", b"other")
        await other
        assert not second.done(), "the first may still be written"
        link.release()
        await asyncio.gather(first, second)
        found = [value for value in await written(broker) if value in b"012"]
    assert found == [b"0", b"1", b"2"]


@pytest.mark.broker
async def test_what_a_client_still_holds_when_it_is_left_is_never_written(monkeypatch):
    monkeypatch.setattr(producer_module, "_STOP_S", 0.3)
    async with linked() as (link, broker):
        async with Producer(broker, timeout_s=TIMEOUT_S, client_options=PATIENT) as producer:
            await write(producer, b"cam-1", b"0")
            link.hold()
            sent = write(producer, b"cam-1", b"sent")  # the broker may find it in a socket one day
            await asyncio.sleep(TIMEOUT_S / 2)
            held = write(producer, b"cam-2", b"held")  # waits for the answer to what was sent
            for failing in (sent, held):
                with pytest.raises(RetryableError):
                    await failing
        tasks = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}
        assert not {name for name in tasks if name.startswith(("Sender.", "MessageAccumulator."))}
        await asyncio.sleep(TIMEOUT_S)  # in which a sender that goes on would have connected again
        assert await written(broker) == [b"0"]
