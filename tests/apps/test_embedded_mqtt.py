"""The embedded MQTT broker forgets nothing that it took: whenever a subscriber goes, and however it comes back."""

import asyncio
import random

import pytest

from fairwatch.apps.embedded_mqtt import start_mqtt
from tests.support.mqtt_subscriber import Subscriber

USERS = {"gateway": "gateway password", "camera": "camera password"}
MESSAGES = 1000
SEED = 1
PATIENCE_S = 20


CONNECTIONS = []  # of the test that runs


@pytest.fixture
async def broker():
    async with start_mqtt(USERS) as running:
        yield running
        while CONNECTIONS:
            CONNECTIONS.pop().cut()


async def connect(broker, user="gateway"):
    CONNECTIONS.append(await Subscriber.connect(broker.host, broker.port, user, user, USERS[user]))
    return CONNECTIONS[-1]


async def subscribed(broker):
    subscriber = await connect(broker)
    await subscriber.subscribe("plates")
    return subscriber


async def publish(broker, numbers):
    """Publish and wait until the broker has all."""
    camera = await connect(broker, "camera")
    for number in numbers:
        camera.publish("plates", b"%d" % number, number % 60_000 + 1)
        if number % 20 == 0:
            await asyncio.sleep(0)
    for _ in numbers:
        await camera.acknowledged()
    camera.cut()


async def take(subscriber, count):
    """Acknowledge the next messages; return their numbers."""
    numbers = []
    for _ in range(count):
        message = await asyncio.wait_for(subscriber.message(), PATIENCE_S)
        subscriber.acknowledge(message)
        numbers.append(int(message.payload))
    return numbers


async def nothing_is_left(broker):
    """Return whether a message that is published now is the first to come."""
    subscriber = await connect(broker)
    await publish(broker, [999_999])
    return await take(subscriber, 1) == [999_999]


async def some(subscriber, chance, acknowledged):
    """Take messages until chance says that it is enough, and acknowledge most; return their numbers.

    The last is acknowledged after all others: as long as it comes, all that the broker still has come before it.
    """
    seen, last = [], MESSAGES - 1
    for _ in range(chance.randrange(1, 200)):
        message = await subscriber.message()
        seen.append(int(message.payload))
        if (seen[-1] != last and chance.random() < 0.8) or len(acknowledged) == last:
            subscriber.acknowledge(message)
            acknowledged.add(seen[-1])
        if seen[-1] == last:
            break
    return seen


async def test_each_message_arrives_in_order_wherever_the_connection_is_cut(broker):
    chance, seen, acknowledged = random.Random(SEED), [], set()
    (await subscribed(broker)).cut()
    async with asyncio.timeout(PATIENCE_S):
        publishing = asyncio.create_task(publish(broker, range(MESSAGES)))
        while len(acknowledged) < MESSAGES:
            subscriber = await connect(broker)  # takes the session over where the last connection was not cut
            seen += await some(subscriber, chance, acknowledged)
            if chance.random() < 0.7:
                subscriber.cut()
        await publishing
    assert list(dict.fromkeys(seen)) == list(range(MESSAGES))


async def test_what_is_acknowledged_does_not_come_again(broker):
    subscriber = await subscribed(broker)
    await publish(broker, range(5))
    assert await take(subscriber, 5) == [0, 1, 2, 3, 4]
    await publish(broker, [5])
    assert await take(subscriber, 1) == [5]
    await publish(broker, [])  # so long has the broker time to hear of it
    subscriber.cut()
    assert await nothing_is_left(broker)


async def test_what_was_not_acknowledged_comes_before_what_was_kept_and_what_is_new(broker):
    subscriber = await subscribed(broker)
    await publish(broker, [1, 2])
    first, second = await subscriber.message(), await subscriber.message()
    subscriber.cut()
    await publish(broker, [3])
    subscriber = await connect(broker)
    await publish(broker, [4])
    again = [await subscriber.message() for _ in range(4)]
    assert [int(message.payload) for message in again] == [1, 2, 3, 4]
    assert [message.duplicate for message in again] == [True, True, False, False]
    assert [message.packet_id for message in again[:2]] == [first.packet_id, second.packet_id]
    assert not any(message.retained for message in again)


async def test_a_session_that_was_taken_over_stays_with_the_new_connection(broker):
    old = await subscribed(broker)
    new = await connect(broker)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await old.message()
    await publish(broker, [1])
    assert await take(new, 1) == [1]
    old.cut()
    await publish(broker, [2])
    assert await take(new, 1) == [2]


async def test_more_messages_than_may_be_on_their_way_wait_for_a_subscriber(broker, monkeypatch):
    monkeypatch.setattr("fairwatch.apps.mqtt_delivery.WINDOW", 7)
    (await subscribed(broker)).cut()
    count = 30
    await publish(broker, range(count))
    subscriber = await connect(broker)
    assert await take(subscriber, count) == list(range(count))
    assert await nothing_is_left(broker)


async def test_what_a_camera_was_told_is_taken_arrives_although_it_hangs_up(broker):
    subscriber = await subscribed(broker)
    camera = await connect(broker, "camera")
    for number in range(20):
        camera.publish("plates", b"%d" % number, number + 1)
    for _ in range(20):
        await camera.acknowledged()
    camera.cut()
    assert await take(subscriber, 20) == list(range(20))


async def test_nothing_goes_on_for_connections_that_ended(broker):
    (await subscribed(broker)).cut()
    before = len(asyncio.all_tasks())
    for _ in range(4):
        subscriber = await connect(broker)
        await publish(broker, [1])
        await subscriber.message()
        subscriber.cut()
    async with asyncio.timeout(PATIENCE_S):
        while len(asyncio.all_tasks()) > before:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
