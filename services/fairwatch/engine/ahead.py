"""Decodes the next batch while the broker acknowledges the last one."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fairwatch.domain.errors import RejectedError, RetryableError
from fairwatch.engine.record import Record
from fairwatch.wire.avro import Codec

SLICE = 64  # a millisecond of decoding at a time: what is acknowledged meanwhile goes on in between


class Ahead:
    """Uses the time in which a worker waits for the broker, a quarter of all in a backlog.

    Args:
        records: Name of the record that each topic carries, by full name.
    """

    def __init__(self, codec: Codec, records: Mapping[str, str]) -> None:
        self._decoders = {topic: codec.decoder(name) for topic, name in records.items()}

    async def decode(self, batch: Iterable[Any], waiting: Callable[[], bool]) -> None:
        """Decode records as long as the worker is waiting; what is wrong with one is found, and said, in its turn."""
        for number, record in enumerate(batch):
            if number % SLICE == 0:
                await asyncio.sleep(0)
                if not waiting():
                    return
            if record.__class__ is Record and record.value is not None:
                try:
                    record.decoded = self._decoders[record.topic](record.value)
                except RejectedError:
                    continue
                except RetryableError:
                    return
