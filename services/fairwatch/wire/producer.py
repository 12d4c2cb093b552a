"""Writes records to topics and returns when the broker has them; also the SDK for producers outside the hub."""

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
    UnknownError,
    UnsupportedVersionError,
)
from aiokafka.protocol.metadata import MetadataRequest

from fairwatch.domain.clock import Clock, SystemClock
from fairwatch.domain.errors import (
    ConfigurationError,
    FairwatchError,
    OverloadedError,
    RejectedError,
    RetryableError,
)
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import Observation
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.asking import ask_any
from fairwatch.wire.avro import Codec, check
from fairwatch.wire.cleaning import Cleaner
from fairwatch.wire.headers import RECORDED, cloud_event, rfc3339
from fairwatch.wire.kinds.checking import misfit
from fairwatch.wire.leaving import leave
from fairwatch.wire.producers import HEADER, RECORD, signature_header
from fairwatch.wire.topics import Topic, topics
from fairwatch.wire.turns import Key, Turns

_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError, RecordTooLargeError)
# How brokers without producer ids answer (the embedded one); a retry may repeat a record there.
_NO_PRODUCER_IDS = (UnknownError, UnsupportedVersionError)
_STOP_S = 5.0
# With aiokafka's 16 KiB eight raw events fill a batch, and whenever a batch leaves, all writes that wait look again.
# Small enough for any topic: a broker that refuses a batch for its size refuses all that is in it.
_BATCH_BYTES = 128 << 10


class Producer:
    """Writes records; every write is acknowledged by all replicas, in order per key, once where the broker can.

    Use it as an async context manager::

        async with Producer("host:9092") as producer:
            await producer.observe(observation)

    Args:
        bootstrap: host:port, comma separated.
        codec: Framing; the single-object encoding by default.
        topic_prefix: Put before every topic name.
        client_options: Options of `AIOKafkaProducer`, e.g. security.
        source: Who writes, for the CloudEvents header `ce_source`.
        timeout_s: The longest that anything here takes.
        max_pending: Writes that may wait for the broker at once; more are refused with OverloadedError.
        soft_biometrics: Keep estimated age and gender; off unless the law allows it.
        signing_key: Signs observations, where their devices are bound to a key (`fairwatch keys producer`).
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        codec: Codec | None = None,
        topic_prefix: str = "",
        client_options: Mapping[str, Any] | None = None,
        source: str = "sdk",
        clock: Clock | None = None,
        timeout_s: float = 10.0,
        max_pending: int = 2000,
        soft_biometrics: bool = False,
        signing_key: PrivateKey | None = None,
    ) -> None:
        self._key = signing_key
        self._options: dict[str, Any] = {
            "bootstrap_servers": bootstrap,
            "acks": "all",
            "enable_idempotence": True,
            "linger_ms": 2,
            "max_batch_size": _BATCH_BYTES,
            "request_timeout_ms": round(timeout_s * 1000),
            "client_id": f"fairwatch-{source}",
            **(client_options or {}),
        }
        self._codec = codec or Codec()
        self._prefix = topic_prefix
        self._source = f"fairwatch/{source}"
        self._clock = clock or SystemClock()
        self._timeout_s = timeout_s
        self._max_pending = max_pending
        self._cleaner = Cleaner(soft_biometrics=soft_biometrics)
        self._described: dict[str, Mapping[str, bytes]] = {}  # what headers of a record have in common
        self._pending = 0
        self._turns = Turns()
        self._unanswered: dict[Key, tuple[AIOKafkaProducer, asyncio.Future[Any]]] = {}  # the last write of each key
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Connect; RetryableError when the broker does not answer."""
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is still waiting, then disconnect."""
        await self.close()

    async def connect(self) -> None:
        """Connect ahead of the first write; RetryableError when the broker does not answer."""
        used = self._producer
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._started()
        except (TimeoutError, KafkaError) as error:
            raise self._left(used, error) from error

    async def answers(self) -> bool:
        """Tell whether a broker answers; waits until it does, or until it has failed to."""
        try:
            await ask_any((await self._started()).client, MetadataRequest([]))  # of no topic: there may be thousands
        except KafkaError:
            return False
        return True

    async def close(self) -> None:
        """Write what is still waiting, then disconnect."""
        self._renew(self._producer)
        await asyncio.gather(*self._leaving)

    async def observe(self, observation: Observation) -> None:
        """Write an observation to `observations`, keyed by its device; protected attributes are removed and counted.

        Raises:
            RejectedError: `invalid_field`, naming the field that does not fit the schema exactly, or whose text is not
                of the kind of its field: `enrich` would refuse it too, but nobody would hear of it; `too_large`.
            OverloadedError: Too many writes are waiting; slow down.
            RetryableError: The broker did not acknowledge in time; writing the same again is harmless.
        """
        check("Observation", observation)
        if field := misfit("Observation", self._cleaner.clean("Observation", observation)):
            raise RejectedError("invalid_field", f"Observation.{field} is not of the kind of its field", field)
        await self.publish("observations", observation["device_id"], observation)

    async def publish(self, topic: str, key: str, record: Any, headers: Mapping[str, bytes] | None = None) -> None:
        """Write one record under `key` and return once the broker has acknowledged; None is a tombstone.

        Protected attributes are removed from an Observation, and from the `extensions` of any other record.

        Args:
            topic: Logical name.
            key: Records of one key stay in order.
            record: As `schemas/` describes the topic's record.
            headers: Added to, or instead of, the CloudEvents headers.

        Raises:
            ConfigurationError: There is no such topic.
            RejectedError: `invalid_field`, naming the field; `too_large`.
            OverloadedError: Too many writes are waiting; slow down.
            RetryableError: The broker did not acknowledge in time; writing the same again is harmless.
        """
        kind = _topic(topic)
        value = None
        if record is not None:
            value = self._codec.encode(kind.record, record)
            clean = self._cleaner.clean(kind.record, record)
            if clean is not record:
                value = self._codec.encode(kind.record, clean)
        described = self._describe(kind, key, record, value) | dict(headers or {})
        if self._key is not None and value is not None and kind.record == RECORD:
            described[HEADER] = signature_header(key, self._codec.decode(value, RECORD)[1], self._key)
        await self.send(topic, key.encode(), value, described)

    async def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Mapping[str, bytes]) -> None:
        """Write bytes as they are, e.g. a dead letter that is redriven; errors as of `publish`."""
        if self._pending >= self._max_pending:
            raise OverloadedError(f"{self._pending} writes are waiting for the broker")
        self._pending += 1
        used = self._producer
        try:
            async with asyncio.timeout(self._timeout_s):
                async with self._turns.of(topic, key):
                    if used is not None and used is not self._producer:
                        raise RetryableError("what was written before it was not acknowledged; the client was left")
                    used = await self._follow(topic, key)
                    acknowledged = await _taken(used, self._prefix + topic, key, value, headers)
                    self._unanswered[topic, key] = used, acknowledged
                try:
                    await acknowledged
                finally:
                    if self._unanswered.get((topic, key)) == (used, acknowledged):
                        del self._unanswered[topic, key]
        except (TimeoutError, KafkaError) as error:
            raise self._left(used, error) from error
        finally:
            self._pending -= 1

    def _describe(self, topic: Topic, key: str, record: Any, value: bytes | None) -> dict[str, bytes]:
        now = self._clock.now()
        received_at = record.get("received_at") if record else None
        event_id = stable_id("event", topic.name, key, sha256(value or b"").hexdigest())
        common = self._described.get(topic.record)
        if common is None:
            common = self._described[topic.record] = cloud_event(topic.record, source=self._source, event_id="", at=now)
        recorded = received_at if isinstance(received_at, int) else now
        return {**common, "ce_id": event_id.encode(), "ce_time": rfc3339(now), RECORDED: b"%d" % recorded}

    def _left(self, used: AIOKafkaProducer | None, error: Exception) -> FairwatchError:
        """Leave a client that failed, as its sequence numbers may have a hole; return what to say of it."""
        self._renew(used)
        if isinstance(error, _TOO_LARGE):
            return RejectedError(
                "too_large", "the broker takes no value of that size: raise max.message.bytes of the topic"
            )
        return RetryableError(f"the broker did not acknowledge in time: {error!r}")

    async def _follow(self, topic: str, key: bytes | None) -> AIOKafkaProducer:
        """Return the client, once what an earlier one still holds of that key is answered: it may yet be written."""
        used = await self._started()
        holder, answer = self._unanswered.get((topic, key), (used, None))
        if answer is not None and holder is not used:
            await asyncio.wait([answer])
        return used

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                try:
                    self._producer = await _connect(self._options)
                except _NO_PRODUCER_IDS:
                    self._options["enable_idempotence"] = False
                    self._producer = await _connect(self._options)
            return self._producer

    def _renew(self, used: AIOKafkaProducer | None) -> None:
        """Leave the client unless another took its place already; the next write starts one."""
        if self._producer is not None and used in {None, self._producer}:
            task = asyncio.create_task(leave(self._producer, _STOP_S))
            self._producer = None
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)


async def _connect(options: Mapping[str, Any]) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(**options)
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def _taken(
    producer: AIOKafkaProducer, topic: str, key: bytes | None, value: bytes | None, headers: Mapping[str, bytes]
) -> "asyncio.Future[Any]":
    """Give a record to the client, which writes in order what it has taken; return what tells of its answer."""
    try:
        acknowledged: asyncio.Future[Any] = await producer.send(topic, value, key, headers=list(headers.items()))
    except MessageSizeTooLargeError as error:  # refused before it was sent: the client is as good as before
        raise RejectedError("too_large", f"a value of {len(value or b'')} bytes is too large for a topic") from error
    return acknowledged


def _topic(name: str) -> Topic:
    try:
        return topics()[name]
    except KeyError:
        raise ConfigurationError(f"there is no topic {name!r}: schemas/topics has {', '.join(topics())}") from None
