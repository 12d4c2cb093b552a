"""Watches a worker once a second: lag, commits, the broker, heartbeats."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog

from fairwatch.engine.tally import Tally
from fairwatch.engine.watchdog import Watchdog
from fairwatch.stores.health import Health
from fairwatch.telemetry import metrics

if TYPE_CHECKING:
    from fairwatch.engine.application import Application
    from fairwatch.engine.worker import Worker

EVERY_S = 1.0
LAG_TIMEOUT_S = 5.0
EXIT_STUCK = 4

log = structlog.get_logger()


class Supervision:
    """Looks at a worker from outside of its event flow."""

    def __init__(self, worker: "Worker", app: "Application") -> None:
        self._worker = worker
        self._app = app
        self._instance = worker.config.name
        self._watchdog = Watchdog(worker.config.commit_timeout_s)
        self._health = Health(worker.config.redis_url) if worker.config.redis_url else None
        self._connected: bool | None = None
        self._redis: bool | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                try:
                    await self._look()
                except Exception:  # whatever it is: a worker that nobody watches any more would look like a dead one
                    log.exception("supervision.failed")
        finally:
            if self._health is not None:
                await self._health.close()

    async def _look(self) -> None:
        reason = self._worker.unready()
        self._note_broker()
        if reason is None:
            await self._progress()
        else:
            self._watchdog.forget()
        if self._health is not None:
            for part in self._worker.parts:
                await self._beat(self._health, part.tally, ready=reason is None)

    def _note_broker(self) -> None:
        connected = self._app.batches.connected
        if connected != self._connected and self._connected is not None:
            log.info("broker.back") if connected else log.warning("broker.away")
        if connected or self._connected is not None:
            self._connected = connected

    async def _progress(self) -> None:
        consumer = self._app.batches
        partitions = consumer.assignment()
        if not partitions:
            return
        try:
            async with asyncio.timeout(LAG_TIMEOUT_S):
                await consumer.look_at_topics()
                ends = await consumer.highwaters(*partitions)
        except Exception as error:  # noqa: BLE001  # whatever the client raises: the broker does not answer
            log.debug("lag.unknown", error=repr(error))
            return
        handled, committed = consumer.next_commit, consumer.committed
        positions = consumer.positions()
        self._lag(ends, positions | handled)
        for part in self._worker.parts:
            part.tally.commits.inc(consumer.commits)
        consumer.commits = 0
        if self._worker.spec.replay:
            committed = handled
        stuck = self._watchdog.stuck(
            time.monotonic(),
            handled=handled,
            committed=committed,
            positions=positions,
            ends={tp: end for tp, end in ends.items() if tp not in consumer.backlog.held},
            busy=self._worker.busy,
        )
        if stuck is not None:
            log.critical("worker.stuck", error=stuck)
            self._worker.stop(EXIT_STUCK)

    def _lag(self, ends: Any, reached: Any) -> None:
        for part in self._worker.parts:
            total = 0
            for tp, end in ends.items():
                if tp.topic in part.topics:
                    lag = max(0, end - reached.get(tp, end))
                    total += lag
                    metrics.LAG.labels(part.spec.name, tp.topic, str(tp.partition)).set(lag)
            part.tally.lag = total

    async def _beat(self, health: Health, tally: Tally, *, ready: bool) -> None:
        taken = await health.heartbeat(
            tally.component,
            self._instance,
            {
                **tally.facts,
                "ready": ready,
                "received": tally.received,
                "emitted": tally.emitted,
                "dead": tally.dead,
                "skipped": dict(tally.skipped),
                "lag": tally.lag,
                "p50_ms": tally.quantile_ms(0.5),
                "p99_ms": tally.quantile_ms(0.99),
                "at": time.time_ns() // 1000,
            },
        )
        if taken != self._redis and not (taken and self._redis is None):
            log.info("redis.back") if taken else log.warning("redis.away")
        self._redis = taken
