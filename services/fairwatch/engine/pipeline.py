"""Handles one batch wholly: decode, handle, write, keep state; only then may it be acknowledged."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

import structlog

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RejectedError, RestartError, RetryableError
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Reject, Skip
from fairwatch.domain.processor import Processor, Spec, Ticking
from fairwatch.engine.answer import Answer
from fairwatch.engine.dead_letters import Burial, DeadLetters
from fairwatch.engine.encoding import Encoding
from fairwatch.engine.guard import DeadLetterGuard
from fairwatch.engine.state import PartitionedState
from fairwatch.engine.submission import Output
from fairwatch.engine.tally import Tally
from fairwatch.engine.traces import traced
from fairwatch.engine.turns import Turns
from fairwatch.engine.writer import NotWrittenError, RefusedError, Writer
from fairwatch.telemetry import metrics

T = TypeVar("T")
PLACE = attrgetter("topic", "partition")
log = structlog.get_logger()


class Pipeline:
    """The work of one worker, given its processor and its ports."""

    def __init__(
        self,
        processor: Processor,
        *,
        spec: Spec,
        encoding: Encoding,
        writer: Writer,
        state: PartitionedState,
        dead_letters: DeadLetters,
        guard: DeadLetterGuard,
        tally: Tally,
        turns: Turns,
        clock: Clock,
        changelog: str,
        retry_s: tuple[float, float],
    ) -> None:
        self._spec = spec
        self._processor = processor
        self._encoding = encoding
        self._writer = writer
        self._state = state
        self._dead_letters = dead_letters
        self._guard = guard
        self._tally = tally
        self._turns = turns
        self._clock = clock
        self._changelog = changelog
        self._retry_s = retry_s

    async def batch(self, records: Sequence[Any]) -> None:
        """Handle records; when this returns everything that follows from them is safe.

        The processor gets the records of each partition by themselves, one partition after the other; what follows
        from all of them is written together.

        Raises:
            ReleasedError: The partitions are being given up.
            TooManyDeadError: The worker has to stop.
            RestartError: It has to start anew.
        """
        started = time.perf_counter()
        runs = [await self._decoded(run, first) for first, run in by_partition(records)]
        events = [event for run, _, _ in runs for event in run]
        with traced(self._spec.name, events, [place for _, places, _ in runs for place in places]) as spans:
            answer = Answer()
            for run, places, broken in runs:
                answer.add(await self._answer(run, places))
                answer.dead |= broken
            self._guard.check(
                [self._guard.counts(answer.dead.get(n), record.topic) for n, record in enumerate(records)]
            )
            await self._keep(answer, records)
            spans.died(answer.dead)
        self._tally.batch(len(records), time.perf_counter() - started)
        self._tally.ages(events, self._clock.now())

    async def _decoded(
        self, records: Sequence[Any], first: int
    ) -> tuple[list[Event], list[int], dict[int, RejectedError]]:
        return await self._patiently(lambda: self._encoding.events(records, first))

    async def tick(self, partitions: Sequence[int]) -> None:
        """Let a ticking processor act; a failure is logged and undone, the next tick tries again."""
        processor: Any = self._processor
        try:
            emits = await self._ticks(processor, partitions)
        except Exception:
            self._state.rollback()
            log.exception("tick.failed")
            return
        await self._safely(emits, {}, self._drop)
        self._tally.emits(output.topic for output in emits)

    def due_at(self) -> int | None:
        """Return when the processor's next tick has something to do, in microseconds; None where it does not know."""
        due_at: Callable[[], int | None] | None = getattr(self._processor, "due_at", None)
        return None if due_at is None else due_at()

    async def settle(self) -> None:
        """Commit the offsets of events that needed nothing written."""
        await self._writer.settle()

    async def _ticks(self, processor: Ticking, partitions: Sequence[int]) -> list[Output]:
        self._encoding.begin(self._clock.now())
        outputs = [self._encoding.timed_output(emit) for emit in await processor.tick(partitions)]
        self._state.savepoint()
        return outputs

    async def _patiently(self, work: Callable[[], T]) -> T:
        """Do what may have to ask the schema registry, as often as it takes; nothing is dead because that is away."""
        delay, longest = self._retry_s
        waiting = False
        while True:
            try:
                done = work()
            except RetryableError as error:
                if not waiting:
                    log.warning("registry.waiting", error=str(error))
                waiting = True
                self._tally.retried.inc()
                await self._turns.pause(delay)
                delay = min(delay * 2, longest)
            else:
                if waiting:
                    log.info("registry.resumed")
                return done

    async def _answer(self, events: list[Event], places: list[int]) -> Answer:
        """Ask the processor, as often as it takes; an unexpected error is narrowed down to its event."""
        if not events:
            return Answer()
        delay, longest = self._retry_s
        while True:
            try:
                outcomes = await self._processor.handle(events)
                answer = self._encode(events, places, outcomes)
            except RetryableError as error:
                self._state.rollback()
                self._tally.retried.inc()
                log.warning("batch.retry", error=str(error), events=len(events), in_s=delay)
                await self._turns.pause(delay)
                delay = min(delay * 2, longest)
            except RestartError:
                self._state.rollback()
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, it is ours and must not lose the event
                self._state.rollback()
                if len(events) == 1:
                    return self._fault(events[0], places[0], error)
                answer = Answer()
                for event, place in zip(events, places, strict=True):
                    answer.add(await self._answer([event], [place]))
                return answer
            else:
                self._state.savepoint()
                return answer

    def _fault(self, event: Event, place: int, error: Exception) -> Answer:
        answer = Answer()
        if isinstance(error, RejectedError):
            answer.dead[place] = error
        else:
            log.error(
                "event.internal", topic=event.topic, partition=event.partition, offset=event.offset, exc_info=error
            )
            answer.dead[place] = RejectedError("internal", f"{type(error).__name__} in {self._spec.name}")
        return answer

    def _encode(self, events: list[Event], places: list[int], outcomes: Sequence[Sequence[Any]]) -> Answer:
        if len(outcomes) != len(events):
            raise ValueError(f"{self._spec.name} answered {len(outcomes)} of {len(events)} events")
        answer = Answer()
        self._encoding.begin(self._clock.now())
        outputs, topics, output = answer.outputs, answer.topics, self._encoding.output
        for event, place, answers in zip(events, places, outcomes, strict=True):
            for number, outcome in enumerate(answers):
                if isinstance(outcome, Emit):
                    outputs.append(output(outcome, event, number, place))
                    topics.append(outcome.topic)
                elif isinstance(outcome, Skip):
                    answer.skips.append(outcome.reason)
                elif isinstance(outcome, Reject):
                    answer.dead[place] = RejectedError(outcome.reason, outcome.detail, outcome.field)
                else:
                    raise TypeError(f"{self._spec.name} answered a {type(outcome).__name__}")
        return answer

    async def _keep(self, answer: Answer, records: Sequence[Any]) -> None:
        """Write outputs, dead letters and state, and commit what was read with them where the writer does that."""
        letters = await self._patiently(
            lambda: [self._dead_letters.output(records[place], place, error) for place, error in answer.dead.items()]
        )
        burial = Burial(self._dead_letters, answer, records)
        await self._safely([*answer.outputs, *letters], getattr(records, "ends", {}), burial.letters)
        self._tally.emits(answer.topics)
        self._tally.skips(answer.skips)
        self._tally.deaths(error.reason for error in answer.dead.values())

    def _drop(self, refused: list[Output]) -> list[Output]:
        """Give up what a tick emitted and the broker refuses: there is no event that could become a dead letter."""
        for output in refused:
            log.error("tick.refused", topic=output.topic, key=output.key)
            metrics.DROPPED.labels(self._spec.name, "too_large").inc()
        return []

    async def _safely(
        self,
        outputs: list[Output],
        ends: Mapping[Any, int],
        instead: Callable[[list[Output]], list[Output]],
    ) -> None:
        """Write outputs and changed state; return once all of it is safe.

        Args:
            outputs: To be written.
            ends: Next offset to be read, by partition.
            instead: Returns what is written in the place of outputs that the broker refuses for ever.
        """
        again = True
        while again:
            rows = [
                Output(self._changelog, key.encode(), value, [], -1, partition)
                for partition, key, value in self._state.changes()
            ]
            try:
                await self._written(outputs, rows, ends)
            except RefusedError as error:
                self._check_rows(error.refused)
                outputs = [*error.left, *instead(error.refused)]
            else:
                outputs, again = [], self._flushed(rows)

    def _check_rows(self, refused: list[Output]) -> None:
        for row in refused:
            if row.topic == self._changelog:
                raise ValueError(f"state of {row.key!r} is too large for {row.topic}: raise its max.message.bytes")

    def _flushed(self, rows: list[Output]) -> bool:
        """Note that state is safe; return whether all of it has to be written anew."""
        if not rows:
            return False
        written = [(row.partition or 0, row.offset) for row in rows]
        anew = self._state.flushed(written, self._clock.now(), alone=self._writer.fenced)
        if anew:
            log.error("state.written_anew", changelog=self._changelog, partitions=list(anew))
        return bool(anew)

    async def _written(self, outputs: list[Output], rows: list[Output], ends: Mapping[Any, int]) -> None:
        left, refused = outputs, list[Output]()

        async def once() -> None:
            nonlocal left
            try:
                await self._writer.keep(left, rows, ends)
            except NotWrittenError as error:
                refused.extend(error.refused)
                left = error.left
                raise

        try:
            await self._again(once)
        except RefusedError as error:
            raise RefusedError([*refused, *error.refused], error.left) from error
        if refused:
            raise RefusedError(refused, [])

    async def _again(self, write: Callable[[], Awaitable[None]]) -> None:
        """Call until it is done, with growing pauses while the broker does not acknowledge."""
        delay, longest = self._retry_s
        waiting = False
        while True:
            try:
                await write()
            except NotWrittenError as error:
                if not waiting:
                    log.warning("outputs.waiting", error=str(error))
                waiting = True
                await self._turns.pause(delay)
                delay = min(delay * 2, longest)
            else:
                if waiting:
                    log.info("outputs.resumed")
                return


def by_partition(records: Sequence[Any]) -> Iterator[tuple[int, list[Any]]]:
    """Yield the records of each partition, which lie together, and the place of the first of them.

    >>> from types import SimpleNamespace as Record
    >>> [(first, len(run)) for first, run in by_partition([Record(topic="t", partition=p) for p in (4, 4, 1)])]
    [(0, 2), (2, 1)]
    """
    first = 0
    for _, group in groupby(records, PLACE):
        run = list(group)
        yield first, run
        first += len(run)
