"""Sends observations of its own into a running hub and counts the alerts that come of them."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from aiokafka.errors import KafkaError

from fairwatch.apps.kafka import client_options, codec, producer, require_broker, unreachable
from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError, RejectedError, RetryableError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import Observation
from fairwatch.engine.open_consumer import OpenConsumer
from fairwatch.wire.producer import Producer

_LOOK_S = 0.2


@dataclass
class Report:
    """What became of the observations; each had a device of its own, and so should have one new alert.

    Attributes:
        published: When the broker had it, by device; monotonic seconds.
        alerts: New alerts by device.
        seconds: From then to its first alert, by device.
    """

    published: dict[str, float] = field(default_factory=dict)
    alerts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        """Return how many observations have no alert."""
        return sum(device not in self.alerts for device in self.published)

    @property
    def doubled(self) -> int:
        """Return how many alerts there are beyond one for each observation."""
        return sum(count - 1 for count in self.alerts.values())

    def numbers(self) -> Mapping[str, float]:
        """Return what a program wants to know."""
        took = sorted(self.seconds.values()) or [0.0]
        median, longest = round(took[len(took) // 2], 3), round(took[-1], 3)
        return {
            "events": len(self.published),
            "lost": self.lost,
            "doubled": self.doubled,
            "p50_s": median,
            "max_s": longest,
        }


async def probe(settings: Settings, event_type: str, *, events: int, rate: float, patience_s: float) -> Report:
    """Publish so many observations at that rate, and wait until each has its alert or patience is over.

    Raises:
        ConfigurationError: The topics are not there.
        RetryableError: No broker answers.
    """
    require_broker(settings)
    run, report = f"probe-{secrets.token_hex(4)}", Report()
    async with _alerts(settings) as consumer, producer(settings, "probe") as writer:
        reading = asyncio.create_task(_collect(settings, consumer, run, report))
        try:
            began = monotonic()
            for number in range(events):
                await asyncio.sleep(max(0.0, began + number / rate - monotonic()))
                await _observe(writer, f"{run}-{number}", event_type, patience_s)
                report.published.setdefault(f"{run}-{number}", monotonic())
            for _ in range(round(patience_s / _LOOK_S)):
                if not report.lost or reading.done():
                    break
                await asyncio.sleep(_LOOK_S)
            await asyncio.sleep(1)  # a second alert of the last one would come now
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
    return report


async def _observe(writer: Producer, device: str, event_type: str, patience_s: float) -> None:
    """Publish one observation; writing the same again is harmless, so it is tried until patience is over."""
    now = SystemClock().now()
    observation: Observation = {
        "observation_id": stable_id("observation", device),
        "event_type": event_type,
        "device_id": device,
        "source": {"format": "probe"},
        "occurred_at": now,
        "received_at": now,
    }
    deadline = monotonic() + patience_s
    while True:
        try:
            return await writer.observe(observation)
        except RetryableError:
            if monotonic() > deadline:
                raise
            await asyncio.sleep(_LOOK_S)


@asynccontextmanager
async def _alerts(settings: Settings) -> AsyncIterator[OpenConsumer]:
    """Give a consumer at the end of every partition of `alerts`."""
    topic = settings.topic_prefix + "alerts"
    consumer = OpenConsumer(
        topic,
        bootstrap_servers=settings.kafka_bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        **client_options(settings),
    )
    try:
        await consumer.start()
        partitions = consumer.assignment()  # all of them: it is in no group
        if not partitions:
            raise ConfigurationError(f"topic {topic} is not on the broker: run `fairwatch topics apply`")
        for partition, end in (await consumer.end_offsets(partitions)).items():
            consumer.seek(partition, end)
        yield consumer
    except KafkaError as error:
        raise unreachable(settings, error) from error
    finally:
        await consumer.stop()


async def _collect(settings: Settings, consumer: OpenConsumer, run: str, report: Report) -> None:
    decode = codec(settings).decode
    async for message in consumer:
        if message.value is None:  # it was deleted, or cannot be opened
            continue
        try:
            _, alert = decode(message.value)
        except RejectedError:
            continue
        for device in alert["device_ids"]:
            if device.startswith(run) and alert["state"] == "NEW":
                report.alerts[device] += 1
                report.seconds.setdefault(device, monotonic() - report.published.setdefault(device, monotonic()))
