"""Signs of life: told at a change and at most once a minute a device, through every way in."""

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import RetryableError
from fairwatch.edges.intake import Arrival, Intake
from fairwatch.edges.status import AT_MOST, EVERY, DeviceStatuses
from tests.support.records import AT

SECOND = 1_000_000


class Publisher:
    def __init__(self):
        self.told, self.failures = [], []

    async def publish(self, topic, key, record, headers=None):
        if topic != "device-status":
            return
        if self.failures:
            raise self.failures.pop()
        self.told.append((record["state"], record["at"], record["since"]))


@pytest.fixture
def clock():
    return ManualClock(AT)


@pytest.fixture
def publisher():
    return Publisher()


@pytest.fixture
def statuses(publisher, clock):
    return DeviceStatuses(publisher, "http", clock)


async def test_a_device_that_sends_all_the_time_is_told_once_a_minute_and_since_when_it_is_there(
    statuses, publisher, clock
):
    for _ in range(125):
        await statuses.heard("cam-1")
        clock.advance(seconds=1)
    assert publisher.told == [("ALIVE", AT + n * EVERY, AT) for n in range(3)]


async def test_one_that_goes_is_told_at_once_and_once_and_one_that_comes_and_goes_is_not_told_each_time(
    statuses, publisher, clock
):
    await statuses.heard("cam-1")
    clock.advance(seconds=AT_MOST / SECOND)
    await statuses.gone("cam-1", "silent")
    for _ in range(100):
        clock.advance(seconds=0.01)
        await statuses.heard("cam-1")
        await statuses.gone("cam-1", "silent")
    assert [state for state, _, _ in publisher.told] == ["ALIVE", "GONE"]
    clock.advance(seconds=2 * EVERY / SECOND)
    await statuses.gone("cam-1", "silent")
    await statuses.heard("cam-1")
    assert [state for state, _, _ in publisher.told] == ["ALIVE", "GONE", "ALIVE"]


async def test_what_the_broker_does_not_take_is_told_with_the_next_sign_and_stops_no_event(statuses, publisher, clock):
    publisher.failures = [RetryableError("the broker is away")]
    intake = Intake(publisher, None, clock, statuses=statuses)
    await intake.accept(Arrival("http", "cam-1", b"Heartbeat"))
    assert publisher.told == []
    await intake.accept(Arrival("http", "cam-1", b"Heartbeat"))
    assert publisher.told == [("ALIVE", AT, AT)]


@pytest.mark.parametrize(
    ("body", "headers", "alive"),
    [
        (b"Heartbeat", {}, True),
        (b"", {"mqtt-retained": "false"}, True),
        (b"online", {"mqtt-retained": "true"}, False),
        (b" Offline\n", {"mqtt-retained": "false"}, False),
    ],
)
async def test_what_an_mqtt_broker_says_in_the_place_of_a_device_is_no_sign_of_life(
    statuses, publisher, clock, body, headers, alive
):
    intake = Intake(publisher, None, clock, statuses=statuses)
    await intake.accept(Arrival("mqtt", "nvr", body, headers=headers, transport="mqtt"))
    assert bool(publisher.told) == alive
