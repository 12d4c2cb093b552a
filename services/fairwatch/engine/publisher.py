"""The Publisher port for processors that write outside of their answers."""

from collections.abc import Mapping
from typing import Any

from fairwatch.domain.errors import RejectedError
from fairwatch.engine.outbox import Outbox, Output
from fairwatch.wire.avro import Codec


class OutboxPublisher:
    """Writes single records through the worker's producer, acknowledged."""

    def __init__(self, outbox: Outbox, codec: Codec, records: Mapping[str, str], topic_prefix: str, name: str) -> None:
        self._outbox = outbox
        self._codec = codec
        self._records = records
        self._prefix = topic_prefix
        self._source = f"fairwatch/{name}".encode()

    async def publish(self, topic: str, key: str, record: Any, headers: Mapping[str, bytes] | None = None) -> None:
        """Return once the broker has acknowledged.

        Raises:
            RetryableError: It does not.
            RejectedError: too_large, or the record does not fit its schema.
        """
        value = None if record is None else self._codec.encode(self._records[topic], record)
        cloud = {
            "ce_specversion": b"1.0",
            "ce_source": self._source,
            "ce_type": f"fairwatch.{self._records[topic]}".encode(),
            "content-type": b"avro/binary",
            **(headers or {}),
        }
        if await self._outbox.write([Output(self._prefix + topic, key.encode(), value, list(cloud.items()))]):
            raise RejectedError("too_large", f"{topic} takes no record of {len(value or b'')} bytes")
