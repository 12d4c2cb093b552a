"""One processor at work on events: asked as often as it takes, its answers encoded, its state kept or rolled back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import structlog

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RejectedError, RestartError, RetryableError
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Reject, Skip
from fairwatch.domain.processor import Processor, Spec, Ticking
from fairwatch.engine.answer import Answer
from fairwatch.engine.dead_letters import DeadLetters
from fairwatch.engine.encoding import Encoding
from fairwatch.engine.guard import DeadLetterGuard
from fairwatch.engine.state import PartitionedState
from fairwatch.engine.submission import Output
from fairwatch.engine.tally import Tally
from fairwatch.engine.turns import Turns

T = TypeVar("T")
Decoded = tuple[list[Event], list[int], dict[int, RejectedError]]
log = structlog.get_logger()


class Link:
    """A processor and what belongs to it; a worker has one, or several as a chain.

    Attributes:
        topics: Full names of what it reads.
        written: And of what it writes.
        changelog: Full name of the topic that keeps its state.
        sliced: It may be asked about a batch in several calls.
        floors: Where another form of deployment has come further than our group, by topic and partition: the next
            offset that this processor has not handled.
    """

    def __init__(
        self,
        processor: Processor,
        *,
        spec: Spec,
        topics: frozenset[str],
        written: frozenset[str],
        encoding: Encoding,
        state: PartitionedState,
        dead_letters: DeadLetters,
        guard: DeadLetterGuard,
        tally: Tally,
        turns: Turns,
        clock: Clock,
        changelog: str,
        retry_s: tuple[float, float],
    ) -> None:
        self.spec = spec
        self.topics = topics
        self.written = written
        self.state = state
        self.dead_letters = dead_letters
        self.guard = guard
        self.tally = tally
        self.changelog = changelog
        # What keeps state saves it once a call, and what acts outside knows a batch that comes again by its beginning.
        self.sliced = not (spec.state or spec.acts_outside or spec.replay)
        self.floors: Mapping[tuple[str, int], int] = {}
        self._processor = processor
        self._encoding = encoding
        self._turns = turns
        self._clock = clock
        self._retry_s = retry_s

    def hands_on(self, topics: Iterable[str]) -> None:
        """Learn which topics later processors of the chain read; full names."""
        self._encoding.handed_on = self.written.intersection(topics)

    async def decoded(self, records: Sequence[Any], first: int = 0) -> Decoded:
        """Return the events of records of one partition, the place of each, and what could not be read by place."""
        return await self.patiently(lambda: self._encoding.events(records, first))

    def due_at(self) -> int | None:
        """Return when the processor's next tick has something to do, in microseconds; None where it does not know."""
        due_at: Callable[[], int | None] | None = getattr(self._processor, "due_at", None)
        return None if due_at is None else due_at()

    async def ticks(self, partitions: Sequence[int]) -> list[Output]:
        """Return what a ticking processor has to say now."""
        processor = cast("Ticking", self._processor)
        self._encoding.begin(self._clock.now())
        outputs = [self._encoding.timed_output(emit) for emit in await processor.tick(partitions)]
        self.state.savepoint()
        return outputs

    async def patiently(self, work: Callable[[], T]) -> T:
        """Do what may have to ask the schema registry, as often as it takes; nothing is dead because that is away."""

        async def attempt() -> T:
            return work()

        return await self._turns.insist(attempt, "registry", self._retry_s, self.tally.retried.inc)

    async def answer(self, events: list[Event], places: list[int]) -> Answer:
        """Ask the processor, as often as it takes; an unexpected error is narrowed down to its event."""
        if not events:
            return Answer()
        delay, longest = self._retry_s
        while True:
            try:
                outcomes = await self._processor.handle(events)
                answer = self._encode(events, places, outcomes)
            except RetryableError as error:
                self.state.rollback()
                self.tally.retried.inc()
                log.warning("batch.retry", error=str(error), events=len(events), in_s=delay)
                await self._turns.pause(delay)
                delay = min(delay * 2, longest)
            except RestartError:
                self.state.rollback()
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, it is ours and must not lose the event
                self.state.rollback()
                if len(events) == 1:
                    return self._fault(events[0], places[0], error)
                answer = Answer()
                for event, place in zip(events, places, strict=True):
                    answer.add(await self.answer([event], [place]))
                return answer
            else:
                self.state.savepoint()
                return answer

    def _fault(self, event: Event, place: int, error: Exception) -> Answer:
        answer = Answer()
        if isinstance(error, RejectedError):
            answer.dead[place] = error
        else:
            log.error(
                "event.internal", topic=event.topic, partition=event.partition, offset=event.offset, exc_info=error
            )
            answer.dead[place] = RejectedError("internal", f"{type(error).__name__} in {self.spec.name}")
        return answer

    def _encode(self, events: list[Event], places: list[int], outcomes: Sequence[Sequence[Any]]) -> Answer:
        if len(outcomes) != len(events):
            raise ValueError(f"{self.spec.name} answered {len(outcomes)} of {len(events)} events")
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
                    raise TypeError(f"{self.spec.name} answered a {type(outcome).__name__}")
        return answer
