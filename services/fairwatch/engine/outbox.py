"""Writes outputs and returns when the broker has acknowledged every one of them; no transactions."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from fairwatch.domain.errors import RetryableError
from fairwatch.engine.steps import Observe
from fairwatch.engine.submission import BATCH_BYTES, Output, Verdict, judge, submit
from fairwatch.engine.writer import NotWrittenError, RefusedError
from fairwatch.wire.leaving import leave

STOP_S = 5.0

log = structlog.get_logger()


class Outbox:
    """An idempotent producer that survives its own failures.

    aiokafka's producer is finished after a refused record (the broker misses its sequence number and refuses what comes
    after it), a lost producer id or a fence; a new one takes its place then.

    Args:
        record_max: Largest value in bytes that is tried.
        idempotent: Off for the embedded broker, which gives out no producer ids; a retry may repeat a record there.
    """

    fenced = False

    def __init__(
        self,
        bootstrap: str,
        client_options: Mapping[str, Any],
        *,
        idempotent: bool = True,
        record_max: int = 4 << 20,
    ) -> None:
        self.observe: Observe = lambda _step, _seconds: None
        self._record_max = record_max
        self._options = {
            "bootstrap_servers": bootstrap,
            "acks": "all",
            "enable_idempotence": idempotent,
            "max_batch_size": BATCH_BYTES,
            "retry_backoff_ms": 300,
            **client_options,
        }
        self._starting = asyncio.Lock()
        self._current: tuple[AIOKafkaProducer, asyncio.Future[None]] | None = None

    async def keep(self, outputs: list[Output], rows: list[Output], ends: Mapping[Any, int]) -> None:  # noqa: ARG002
        """Write outputs, then state; what was read is committed later, by the consumer.

        Args:
            outputs: Of a batch, dead letters included.
            rows: State that changed.
            ends: Next offset to be read, by partition.

        Raises:
            NotWrittenError: Some may not have been written.
            RefusedError: Some never will be.
        """
        began = time.perf_counter()
        if refused := await self.write(outputs):
            raise RefusedError(refused, [])
        acknowledged = time.perf_counter()
        self.observe("output", acknowledged - began)
        try:
            refused = await self.write(rows)
            if rows:
                self.observe("state", time.perf_counter() - acknowledged)
        except NotWrittenError as error:
            raise NotWrittenError(str(error), error.refused, []) from error
        if refused:
            raise RefusedError(refused, [])

    async def settle(self) -> None:
        """Nothing waits here: the consumer commits."""

    def reset(self) -> None:
        """Forget nothing: nothing is held."""

    async def write(self, outputs: Iterable[Output]) -> list[Output]:
        """Write everything; return what the broker refuses for ever (too large).

        Raises:
            NotWrittenError: Some outputs may not have been written; it names those to be written again.
        """
        refused: list[Output] = []
        left: list[Output] = []
        for output in outputs:
            (refused if len(output.value or b"") > self._record_max else left).append(output)
        alone = False
        while left:
            try:
                verdict = await self._write(left, alone=alone)
            except RetryableError as error:
                raise NotWrittenError(str(error), refused, left) from error
            refused += verdict.refused
            left = verdict.left
            if left and not verdict.refused and not verdict.too_long:
                raise NotWrittenError(f"outputs not acknowledged: {verdict.failure}", refused, left)
            alone = alone or verdict.too_long
        return refused

    async def _write(self, outputs: list[Output], *, alone: bool) -> Verdict:
        producer, left = await self._started()
        try:
            sent = await submit(producer, outputs, alone=alone)
        except KafkaError as error:
            await self.close()
            raise RetryableError(f"outputs not written: {error!r}") from error
        acknowledged: asyncio.Future[Any] = asyncio.ensure_future(asyncio.wait([batch.future for batch in sent]))
        await asyncio.wait({acknowledged, left}, return_when=asyncio.FIRST_COMPLETED)
        acknowledged.cancel()
        verdict = judge(sent)
        if verdict.refused or verdict.left:
            await self.close()
        return verdict

    async def start(self) -> None:
        """Connect; RetryableError when the broker does not answer."""
        await self._started()

    async def _started(self) -> tuple[AIOKafkaProducer, asyncio.Future[None]]:
        """Return the producer and what tells that it was left."""
        async with self._starting:
            if self._current is None:
                producer = AIOKafkaProducer(**self._options)
                try:
                    await producer.start()
                except KafkaError as error:
                    await producer.stop()
                    raise RetryableError(f"no producer: {error!r}") from error
                self._current = producer, asyncio.get_running_loop().create_future()
            return self._current

    async def close(self) -> None:
        """Give up the producer; what was not acknowledged is not waited for long."""
        current, self._current = self._current, None
        if current is None:
            return
        producer, left = current
        try:
            await leave(producer, STOP_S)
        finally:
            left.set_result(None)
