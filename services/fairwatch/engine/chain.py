"""Hands what one processor of a worker writes on to the next ones in memory, while it is being written.

A record that a later processor of the same worker would read back from one of the worker's own partitions is written
as always, with a mark that names who has handled it (`wire.marks`), and handed over at once. What follows joins the
same batch: one write, one flush of state, one commit. Whoever reads a record whose mark names him skips it: either all
of the batch took effect, or the event at its beginning is handled again.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from fairwatch.domain.event import Event
from fairwatch.engine.answer import Answer
from fairwatch.engine.link import Link
from fairwatch.engine.record import Handed
from fairwatch.engine.runs import by_partition
from fairwatch.engine.submission import Output, partition_of
from fairwatch.engine.tally import SAMPLE
from fairwatch.engine.traces import BatchSpans, traced
from fairwatch.telemetry import tracing
from fairwatch.wire.headers import HANDLED
from fairwatch.wire.marks import Marks

# Thousands of decoded records do not fit into the processor's cache: handled in slices, an event costs a tenth less.
SLICE = 64
IN_CHAIN = "handled_in_chain"
BEFORE = "handled_before"

GivenTo = dict[str, list[int]]  # places in the batch that were handed over, by processor


@dataclass(slots=True)
class Work:
    """What one processor did with a batch.

    Attributes:
        events: All, or a few of them where they were handled in slices.
        taken: Records that it was given.
    """

    link: Link
    answer: Answer = field(default_factory=Answer)
    events: list[Event] = field(default_factory=list)
    taken: int = 0
    spans: BatchSpans = field(default_factory=BatchSpans)


class Chain:
    """The processors of one worker in their order; mostly there is one.

    Args:
        links: A processor comes after those whose output it reads.
        marks: Of the deployment; without a key nothing is handed over.

    Attributes:
        counts: Partitions by topic; a topic that is missing is not handed on.
        owned: Numbers of the partitions that are the worker's; the state of others may be held by another worker.
    """

    def __init__(self, links: Sequence[Link], marks: Marks) -> None:
        self.links = links
        self._marks = marks
        self._takers = {
            link.spec.name: [other for other in links[number + 1 :] if not other.spec.acts_outside]
            for number, link in enumerate(links)
        }
        for link in links:
            link.hands_on(topic for taker in self._takers[link.spec.name] if marks for topic in taker.topics)
        self.counts: Mapping[str, int] = {}
        self.owned: Collection[int] = ()

    @property
    def upstream(self) -> Mapping[str, Collection[str]]:
        """Return the topics that some processor may hand on, each with those from whose records they may follow."""
        found: dict[str, set[str]] = {}
        for link in self.links:
            before = set(link.topics).union(*(found.get(topic, ()) for topic in link.topics))
            for taker in self._takers[link.spec.name] if self._marks else ():
                for topic in taker.topics & link.written:
                    found.setdefault(topic, set()).update(before)
        return found

    async def handle(self, records: Sequence[Any], open_spans: ExitStack) -> tuple[list[Work], list[Any]]:
        """Let every processor handle what is his.

        Args:
            records: As fetched, those of one partition together.
            open_spans: Ends the spans that are begun here.

        Returns:
            The work of each processor, and the records that places in the answers mean: those given, then those
            handed over.

        Raises:
            TooManyDeadError: The worker has to stop.
            RestartError, ReleasedError: As of `Link.answer`.
        """
        works, batch = [Work(link) for link in self.links], list(records)
        await self._each(works, records, batch, {}, open_spans)
        return works, batch

    async def follow(self, link: Link, outputs: list[Output], open_spans: ExitStack) -> tuple[list[Work], list[Any]]:
        """Let the later processors handle what a tick of `link` says, so that nothing overtakes it in memory.

        Returns:
            As `handle` does; the first work is the tick's own.

        Raises:
            As of `handle`.
        """
        first, batch = Work(link), list[Any]()
        first.answer.outputs, first.answer.topics = outputs, [output.topic for output in outputs]
        later = [Work(other) for other in self.links[self.links.index(link) + 1 :]]
        handed: GivenTo = {}
        self._hand_on(first, batch, handed)
        await self._each(later, (), batch, handed, open_spans)
        return [first, *later], batch

    async def _each(
        self,
        works: Sequence[Work],
        records: Sequence[Any],
        batch: list[Any],
        handed: GivenTo,
        open_spans: ExitStack,
    ) -> None:
        for work in works:
            mine = handed.get(work.link.spec.name, [])
            runs = self._read(work, records) + self._handed(batch, mine)
            work.taken += len(mine)
            await self._handle(work, batch, runs, open_spans)
            self._hand_on(work, batch, handed)

    def _read(self, work: Work, records: Sequence[Any]) -> list[Sequence[int]]:
        """Return places of the records of each partition that this processor has not handled yet."""
        runs: list[Sequence[int]] = []
        link, name = work.link, work.link.spec.name
        for first, run in by_partition(records):
            if run[0].topic not in link.topics:
                continue
            work.taken += len(run)
            floor = link.floors.get((run[0].topic, run[0].partition), 0)
            if not self._marks and run[0].offset >= floor:
                runs.append(range(first, first + len(run)))
                continue
            places: list[int] = []
            for place, record in enumerate(run, first):
                if record.offset < floor:
                    work.answer.skips.append(BEFORE)
                elif record.headers and record.headers[-1][0] == HANDLED and name in self._marks.read(record):
                    work.answer.skips.append(IN_CHAIN)
                else:
                    places.append(place)
            if places:
                runs.append(places)
        return runs

    @staticmethod
    def _handed(batch: Sequence[Any], places: Sequence[int]) -> list[Sequence[int]]:
        runs: dict[tuple[str, int], list[int]] = {}
        for place in places:
            runs.setdefault((batch[place].topic, batch[place].partition), []).append(place)
        return [*runs.values()]

    async def _handle(
        self, work: Work, batch: Sequence[Any], runs: Sequence[Sequence[int]], open_spans: ExitStack
    ) -> None:
        link, dead = work.link, work.answer.dead
        if link.sliced and tracing.active() is None:
            for run in runs:
                for first in range(0, len(run), SLICE):
                    await self._slice(work, batch, list(run[first : first + SLICE]))
        else:
            await self._whole(work, batch, runs, open_spans)
        if dead:
            link.guard.check([link.guard.counts(dead.get(place), batch[place].topic) for run in runs for place in run])
        else:
            link.guard.passed(sum(map(len, runs)))

    @staticmethod
    async def _slice(work: Work, batch: Sequence[Any], places: list[int]) -> None:
        """Handle a few events of one partition, from bytes to bytes, while they are in the processor's cache."""
        events, inner, broken = await work.link.decoded([batch[place] for place in places])
        if broken:
            work.answer.dead |= {places[place]: error for place, error in broken.items()}
            places = [places[place] for place in inner]
        work.answer.add(await work.link.answer(events, places))
        work.events += events[:: max(1, work.taken // SAMPLE)]  # whose age is looked at; the others are not kept

    @staticmethod
    async def _whole(work: Work, batch: Sequence[Any], runs: Sequence[Sequence[int]], open_spans: ExitStack) -> None:
        """Decode all events, then handle those of each partition."""
        link, decoded = work.link, list[tuple[list[Event], list[int]]]()
        for run in runs:
            events, inner, broken = await link.decoded([batch[place] for place in run])
            work.answer.dead |= {run[place]: error for place, error in broken.items()}
            decoded.append((events, [run[place] for place in inner]))
        work.events = [event for events, _ in decoded for event in events]
        places = [place for _, places in decoded for place in places]
        work.spans = open_spans.enter_context(traced(link.spec.name, work.events, places))
        for events, of_run in decoded:
            work.answer.add(await link.answer(events, of_run))

    def _hand_on(self, work: Work, batch: list[Any], handed: GivenTo) -> None:
        """Mark outputs that later processors read, add them to the batch, and give them to these."""
        takers = self._takers[work.link.spec.name] if self._marks else []
        for output in work.answer.outputs if takers else ():
            names = [link.spec.name for link in takers if output.topic in link.topics]
            partition = self._place(output) if names else None
            if partition is None:
                continue
            for name in names:
                handed.setdefault(name, []).append(len(batch))
            origin = _origin(batch[output.cause]) if output.cause >= 0 else None
            batch.append(Handed(output.topic, partition, output.key, output.value, output.headers, origin, output.said))
            record_id = next(value for name, value in output.headers if name == "ce_id")
            mark = self._marks.header(names, output.topic, partition, record_id, output.value)
            output.partition = partition  # also when partitions are added meanwhile: the mark says where it lies
            output.headers = [*output.headers, (HANDLED, mark)]

    def _place(self, output: Output) -> int | None:
        """Return the partition that it belongs to where that is ours, or None."""
        count = self.counts.get(output.topic)
        partition = None if count is None else partition_of(output.key, count)
        return partition if partition in self.owned else None


def _origin(record: Any) -> tuple[str, int, int] | None:
    """Return where the record came from that what follows from this one names."""
    if record.offset >= 0:
        return record.topic, record.partition, record.offset
    origin: tuple[str, int, int] | None = record.origin
    return origin
