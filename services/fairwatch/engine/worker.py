"""Runs one processor as one worker of its consumer group, until it is told to stop."""

import asyncio
import signal
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import structlog
from aiokafka.errors import KafkaError

from fairwatch.domain.clock import Clock, SystemClock
from fairwatch.domain.errors import RestartError, RetryableError
from fairwatch.domain.processor import Spec
from fairwatch.domain.tasks import ended
from fairwatch.engine.ahead import Ahead
from fairwatch.engine.alarm import Alarm
from fairwatch.engine.application import Application
from fairwatch.engine.chain import Chain
from fairwatch.engine.collector import tune_collector
from fairwatch.engine.config import Build, EngineConfig, Resources
from fairwatch.engine.forms import Forms
from fairwatch.engine.guard import TooManyDeadError
from fairwatch.engine.link import Link
from fairwatch.engine.outbox import Outbox
from fairwatch.engine.part import Part, joined
from fairwatch.engine.pauses import longer
from fairwatch.engine.pipeline import Pipeline
from fairwatch.engine.predecessor import dismiss_predecessor
from fairwatch.engine.private_names import crashed
from fairwatch.engine.quiet import quieten
from fairwatch.engine.reconnects import hold_off
from fairwatch.engine.reference import TopicReference
from fairwatch.engine.supervision import Supervision
from fairwatch.engine.threads import give_way_soon
from fairwatch.engine.transactions import transactions_of
from fairwatch.engine.turns import Turns
from fairwatch.engine.writer import Writer
from fairwatch.telemetry.probes import probes
from fairwatch.wire.avro import Codec
from fairwatch.wire.marks import Marks
from fairwatch.wire.topics import topics

__all__ = ["Build", "EngineConfig", "Resources", "Worker", "run_worker"]

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_DEAD_LETTERS = 3
EXIT_RESTART = 5
STOP_S = 20.0
BROKER_RETRY_S = 1.0

log = structlog.get_logger()


class Worker:
    """One processor at work, or several as a chain; `run` it in a running event loop.

    Args:
        processors: What each is and how it is built, in the order in which one reads what another writes.
        records: Name of the record that each topic carries; the project's topics by default.
    """

    def __init__(
        self,
        processors: Mapping[Spec, Build],
        config: EngineConfig,
        codec: Codec,
        *,
        clock: Clock | None = None,
        records: Mapping[str, str] | None = None,
    ) -> None:
        self.spec = joined(list(processors))
        self.config = config
        self.port = 0
        self._codec = codec
        self._clock = clock or SystemClock()
        self._records = records or {name: topic.record for name, topic in topics().items()}
        self._turns = Turns(config.drain_s)
        self._references: dict[str, TopicReference] = {}
        self.parts = [
            Part(spec, build, config, codec, self._clock, self._records, self._references)
            for spec, build in processors.items()
        ]
        self._transactions = transactions_of(self.spec, config)
        self._writer: Writer = self._transactions or Outbox(
            config.bootstrap, config.client_options, idempotent=not config.embedded, record_max=config.record_max
        )
        self._app: Application | None = None
        self._chain: Chain | None = None
        self._forms: Forms | None = None
        self._pipeline: Pipeline | None = None
        self._assigned = False
        self._released_at: float | None = None
        self._stopping = asyncio.Event()
        self._exit_code = EXIT_OK

    def stop(self, code: int = EXIT_OK) -> None:
        """Drain and stop; the first code given counts."""
        if not self._stopping.is_set():
            self._exit_code = code
            self._stopping.set()

    def unready(self) -> str | None:
        """Return why no events are handled, or None."""
        if self._stopping.is_set():
            return "stopping"
        for name, reference in self._references.items():
            if not reference.complete.is_set():
                return f"reading {name}"
        if not self._assigned:
            troubles = [part.restoring.trouble for part in self.parts]
            if self._forms is not None:
                troubles.append(self._forms.trouble)
            return next(filter(None, troubles), "waiting for partitions")
        if self._app is not None and not self._app.batches.connected:
            return "broker away"
        return None

    @property
    def busy(self) -> bool:
        """Whether a batch or tick is running."""
        return self._turns.busy

    async def run(self) -> int:
        """Work until `stop`; return the exit code."""
        async with probes(self.spec.name, self.config.web_host, self.config.web_port, self._why_unready) as self.port:
            log.info("worker.starting", component=self.spec.name, port=self.port)
            return await self._run()

    async def _why_unready(self) -> str | None:
        return self.unready()

    async def _run(self) -> int:
        background: list[asyncio.Task[Any]] = []
        try:
            await self._broker()
            await self._framing()
            background += await self._read_references()
            await self._prepare()
            if not self._stopping.is_set():
                await self._work(background)
        finally:
            await self._shut_down(background)
        log.info("worker.stopped", component=self.spec.name, code=self._exit_code)
        return self._exit_code

    async def _broker(self) -> None:
        """Wait until the broker is there, with growing pauses; what waiting cannot cure ends us here."""
        pause_s = 0.0
        while not self._stopping.is_set():
            try:
                if self.config.reach is not None:
                    await self.config.reach()
                await self._writer.start()
            except RetryableError as error:
                pause_s = longer(pause_s)
                log.warning("broker.away", error=str(error), retry_in_s=pause_s)
                await self._pause(pause_s)
            else:
                if pause_s:
                    log.info("broker.back")
                return

    async def _framing(self) -> None:
        """Wait until the schema registry, where there is one, knows what we write; what it refuses ends us here."""
        written = {*(self._records[name] for name in self.spec.writes), "DeadLetter"}
        said = False
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(self._codec.prepare, written)
            except RetryableError as error:
                if not said:
                    log.warning("registry.away", error=str(error))
                said = True
                await self._pause()
            else:
                if said:
                    log.info("registry.back")
                return

    async def _pause(self, seconds: float = BROKER_RETRY_S) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _read_references(self) -> list[asyncio.Task[Any]]:
        config = self.config
        tasks = [
            asyncio.create_task(reference.run(config.bootstrap, config.client_options, config.topic_prefix))
            for reference in self._references.values()
        ]
        for reference in self._references.values():
            await self._unless_stopping(reference.complete.wait())
        return tasks

    async def _unless_stopping(self, *waits: Any) -> None:
        """Wait for the first of these, or for being stopped."""
        tasks = {asyncio.ensure_future(wait) for wait in (self._stopping.wait(), *waits)}
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    async def _prepare(self) -> None:
        config = self.config
        links = [await part.link(self._turns) for part in self.parts]
        self._chain = Chain(links, Marks(config.chain_key))
        self._forms = Forms(config, self.spec.name, links, self._collided)
        self._pipeline = Pipeline(
            self._chain, writer=self._writer, turns=self._turns, clock=self._clock, retry_s=config.retry_s
        )

    async def _work(self, background: list[asyncio.Task[Any]]) -> None:
        assert self._pipeline is not None and self._chain is not None and self._forms is not None  # noqa: PT018
        if not self.spec.replay:
            await self._forms.wait(self._pause, self._stopping.is_set)
        topics = {self.config.topic_prefix + name: self._records[name] for name in self.spec.reads}
        app = self._app = Application(
            self.spec.name,
            self.config,
            replay=self.spec.replay,
            release=self._release,
            ahead=Ahead(self._codec, topics),
            transactions=self._transactions,
            forms=None if self.spec.replay else self._forms,
            pace_s=self.spec.pace_s,
        )
        self._pipeline.handled = app.handover.handled
        if self._transactions is not None:
            self._transactions.find_owner = lambda: app.batches.ownership
            background.append(asyncio.create_task(self._settling()))
        app.listen(tuple(topics), self._receive)
        app.on_rebalance_complete.connect(cast("Any", self._restored))
        for part, link in zip(self.parts, self._chain.links, strict=True):
            if part.spec.tick_s is not None:
                background.append(asyncio.create_task(self._ticks(part, link, part.spec.tick_s)))
        starting = asyncio.create_task(app.start())
        background.append(asyncio.create_task(Supervision(self, app).run()))
        if self.config.instance and not self.config.static and not self.config.embedded:
            background.append(asyncio.create_task(dismiss_predecessor(app.batches.group, self.config.name)))
        gave_up = crashed(app)
        await self._unless_stopping(gave_up.wait(), asyncio.shield(starting))
        if not starting.done():
            starting.cancel()
        elif starting.exception() is None:
            await self._unless_stopping(gave_up.wait())
        error = app.crash_reason or (starting.exception() if starting.done() and not starting.cancelled() else None)
        if not self._stopping.is_set():
            log.error("worker.crashed", error=repr(error))
            self.stop(EXIT_FAILURE)

    def _collided(self, error: str) -> None:
        log.warning("worker.starts_anew", error=error)
        self.stop(EXIT_RESTART)

    async def _receive(self, _: Any, records: Sequence[Any]) -> bool:
        """Handle a batch; return whether it may be acknowledged."""
        assert self._pipeline is not None
        if self._stopping.is_set():  # what follows a batch that failed must not be committed: its offsets cover that
            return False
        return await self._worked(self._pipeline.batch(records))

    async def _worked(self, work: Coroutine[Any, Any, None]) -> bool:
        """Take a turn with some work; return whether it was done. What cannot be done ends the worker."""
        try:
            done = await self._turns.run(work)
        except TooManyDeadError as error:
            log.critical("worker.too_many_dead_letters", error=str(error))
            self.stop(EXIT_DEAD_LETTERS)
        except RestartError as error:
            log.warning("worker.starts_anew", error=str(error))
            self.stop(EXIT_RESTART)
        except Exception:
            log.exception("worker.failed")
            self.stop(EXIT_FAILURE)
        else:
            for part in self.parts:
                if part.alarm is not None:
                    part.alarm.look_again()
            if not done and self._assigned and self._app is not None and not self._stopping.is_set():
                # Nobody took our partitions: reading on would leave out what was given up.
                log.warning("worker.joins_anew")
                self._assigned, self._released_at = False, time.monotonic()
                await self._app.batches.group.rejoin()
            return done
        return False

    async def _ticks(self, part: Part, link: Link, longest_s: float) -> None:
        """Tick for ever: when something is due, where the processor knows that, and never later than `longest_s`."""
        assert self._pipeline is not None
        pipeline = self._pipeline
        part.alarm = Alarm(longest_s, lambda: link.due_at() if self._assigned else None, self._clock)
        while True:
            await part.alarm.wait()
            if self._assigned:
                await self._worked(pipeline.tick(link, part.owned))
            if self._stopping.is_set():
                return

    async def _settling(self) -> None:
        """Commit for ever what needed nothing written."""
        assert self._pipeline is not None
        while True:
            await asyncio.sleep(self.config.commit_interval_s)
            if self._assigned:
                await self._worked(self._pipeline.settle())
            if self._stopping.is_set():
                return

    async def _release(self) -> None:
        """Give everything up: called before partitions are revoked and before stopping."""
        if self._assigned:
            self._released_at = time.monotonic()
        self._assigned = False
        if not await self._turns.close():
            log.warning("batch.abandoned", after_s=self.config.drain_s)
        self._writer.reset()
        for part in self.parts:
            part.restoring.release(-1 if self._app is None else self._app.consumer_generation_id)

    async def _restored(self, app: Any, *_: Any, **__: Any) -> None:
        """Restore the state of the partitions we were given, then let events come."""
        generation = app.consumer_generation_id

        def current() -> bool:
            return generation == app.consumer_generation_id and not self._stopping.is_set()

        if app.batches.ownership is not None:  # before anybody looks at what the last owner left
            await app.batches.ownership.take_over()
        if not all(await asyncio.gather(*(part.restore(app, current) for part in self.parts))):
            return
        assert self._chain is not None
        await app.batches.backlog.find(app, self._chain.upstream, current)
        self._chain.counts = await app.batches.group.partition_counts(self._chain.upstream)
        if not current():
            return
        owned = sorted({number for part in self.parts for number in part.owned})
        self._chain.owned = frozenset(owned)
        self._turns.open()
        self._assigned = True
        paused_s = None if self._released_at is None else round(time.monotonic() - self._released_at, 3)
        for part in self.parts:
            part.tally.rebalance(paused_s)
        log.info("worker.ready", component=self.spec.name, partitions=owned, paused_s=paused_s)

    async def _shut_down(self, background: list[asyncio.Task[Any]]) -> None:
        await ended(background)
        if self._app is not None:
            await self._stop_app(self._app)
        await self._writer.close()

    async def _stop_app(self, app: Application) -> None:
        try:
            async with asyncio.timeout(STOP_S + self.config.drain_s):
                consumer = app.batches
                consumer.stop_flow()
                app.flow_control.suspend()
                await self._release()
                if not app.crashed and consumer.connected:
                    await consumer.commit_now()
                await app.stop()
        except TimeoutError:
            log.warning("worker.stop_incomplete", after_s=STOP_S)
        except KafkaError as error:
            log.warning("worker.stop_failed", error=repr(error))


def run_worker(
    processors: Mapping[Spec, Build],
    config: EngineConfig,
    codec: Codec,
    *,
    records: Mapping[str, str] | None = None,
) -> int:
    """Run a processor, or several as a chain, until SIGTERM or SIGINT, drain, and return the exit code.

    0 stopped, 1 failed, 3 too many dead letters, 4 no progress although the broker is there.

    Args:
        processors: What each is, and what makes it once references are read.
        config: How to run.
        codec: Framing.
        records: Name of the record that each topic carries; the project's topics by default.
    """
    quieten()
    hold_off()
    tune_collector()
    give_way_soon()

    async def main() -> int:
        worker = Worker(processors, config, codec, records=records)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        return await worker.run()

    return asyncio.run(main())
