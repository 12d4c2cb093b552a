"""What a processor is: a pure object that knows neither Kafka nor Faust."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Outcome


@dataclass(frozen=True, slots=True)
class Spec:
    """What the engine has to know of a processor.

    Attributes:
        name: Imperative verb; consumer group, CLI word, Deployment and metric label.
        reads: Logical topics whose partitions are shared among the workers. Topics of a stateful processor must be
            keyed alike and have the same number of partitions.
        writes: Logical topics it may emit to; the engine refuses any other.
        state: True when it keeps keyed state: the engine restores it per partition before the first event.
        references: Compacted topics that every worker holds whole, complete before the first event.
        replay: True to read `reads` from the beginning at each start (read models kept elsewhere).
        state_version: Of the form of its state, raised when an earlier program could not go on from it: that one then
            handles nothing, says so, and leaves the state as it is.
        tick_s: Most seconds between calls of `tick`; None for never. It is called earlier when something is due, where
            the processor says when that is.
        acts_outside: `handle` does what cannot be undone, such as telling a receiver: in a chain too it is given only
            what has been committed.
        pace_s: Least seconds between the beginnings of two batches, for a processor whose answer nobody waits for: few
            large batches cost the broker and the machine less than many small ones. A backlog does not wait.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    state: bool = False
    references: tuple[str, ...] = ()
    replay: bool = False
    tick_s: float | None = None
    state_version: int = 1
    acts_outside: bool = False
    pace_s: float = 0.0


class Processor(Protocol):
    """One step of the flow.

    `handle` answers one list of outcomes for each event, in the order of the batch; the same events give the same
    answer on replay. It may raise RetryableError for the whole batch; anything else it raises is our fault and makes
    the batch be tried event by event, the offender becoming a dead letter with reason `internal`.
    All events of one batch come from one partition.
    """

    spec: Spec

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Answer each event of the batch."""
        ...


class Telling(Protocol):
    """A processor of which its heartbeat says more, for `doctor`: short words, never a secret."""

    facts: Mapping[str, str]


class Ticking(Protocol):
    """A processor that also acts when time passes (expiry, retries, group intervals)."""

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Return what is due now, for the partitions that this worker owns."""
        ...


class Scheduled(Protocol):
    """A ticking processor that knows when something is due."""

    def due_at(self) -> int | None:
        """Return when the next tick has something to do, in microseconds of its clock; None when not known."""
        ...
