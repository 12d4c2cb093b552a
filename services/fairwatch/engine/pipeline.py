"""Handles one batch wholly: decode, handle, write, keep state; only then may it be acknowledged."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import structlog

from fairwatch.domain.clock import Clock
from fairwatch.engine.chain import Chain, Work
from fairwatch.engine.dead_letters import Burial, Dropped
from fairwatch.engine.link import Link
from fairwatch.engine.steps import observer
from fairwatch.engine.submission import Output
from fairwatch.engine.turns import Turns
from fairwatch.engine.writer import NotWrittenError, RefusedError, Writer

log = structlog.get_logger()


class Pipeline:
    """The work of one worker, given its processors and its ports."""

    def __init__(
        self,
        chain: Chain,
        *,
        writer: Writer,
        turns: Turns,
        clock: Clock,
        retry_s: tuple[float, float],
    ) -> None:
        self._chain = chain
        self._writer = writer
        self._observe = writer.observe = observer("+".join(link.spec.name for link in chain.links))
        self._turns = turns
        self._clock = clock
        self._retry_s = retry_s
        self.handled: Callable[[Sequence[Any]], None] = lambda _: None  # hears when a batch is going to be written

    async def batch(self, records: Sequence[Any]) -> None:
        """Handle records; when this returns everything that follows from them is safe.

        A processor gets the records of each partition by themselves, one partition after the other; what follows
        from all of them is written together.

        Raises:
            ReleasedError: The partitions are being given up.
            TooManyDeadError: The worker has to stop.
            RestartError: It has to start anew.
        """
        started = time.perf_counter()
        self._observe("waiting", started - getattr(records, "taken_at", started))
        with ExitStack() as open_spans:
            works, batch = await self._chain.handle(records, open_spans)
            self._observe("handling", time.perf_counter() - started)
            self.handled(records)
            await self._keep(works, batch, getattr(records, "ends", {}))
            for work in works:
                work.spans.died(work.answer.dead)
        seconds, now = time.perf_counter() - started, self._clock.now()
        for work in works:
            if work.taken:
                work.link.tally.batch(work.taken, seconds)
                work.link.tally.ages(work.events, now)

    async def tick(self, link: Link, partitions: Sequence[int]) -> None:
        """Let a ticking processor act; a failure is logged and undone, the next tick tries again.

        Raises:
            As `batch` does, where later processors handle what it says.
        """
        try:
            outputs = await link.ticks(partitions)
        except Exception:
            link.state.rollback(ticked=True)
            log.exception("tick.failed")
            return
        with ExitStack() as open_spans:
            works, batch = await self._chain.follow(link, outputs, open_spans)
            await self._keep(works, batch, {}, ticked=True)

    async def settle(self) -> None:
        """Commit the offsets of events that needed nothing written."""
        await self._writer.settle()

    async def _keep(
        self, works: Sequence[Work], batch: Sequence[Any], ends: Mapping[Any, int], *, ticked: bool = False
    ) -> None:
        """Write outputs, dead letters and state, and commit what was read with them where the writer does that."""
        outputs: list[Output] = []
        causes: list[tuple[Burial | Dropped, list[Output]]] = []
        burials: dict[int, Burial | Dropped] = {}  # filled when something is refused
        for number, work in enumerate(works):
            of_work = [*work.answer.outputs, *await self._letters(work, batch)]
            dropped = ticked and number == 0
            burial = Dropped(work.link.spec.name) if dropped else Burial(work.link.dead_letters, work.answer, batch)
            causes.append((burial, of_work))
            outputs += of_work

        def instead(refused: list[Output]) -> list[Output]:
            if not burials:
                burials.update({id(output): burial for burial, of_work in causes for output in of_work})
            theirs: dict[Burial | Dropped, list[Output]] = {}
            for output in refused:
                theirs.setdefault(burials[id(output)], []).append(output)
            letters = [(burial, letter) for burial, rows in theirs.items() for letter in burial.letters(rows)]
            burials.update({id(letter): burial for burial, letter in letters})
            return [letter for _, letter in letters]

        await self._safely(outputs, ends, instead)
        for work in works:
            work.link.tally.emits(work.answer.topics)
            work.link.tally.skips(work.answer.skips)
            work.link.tally.deaths(error.reason for error in work.answer.dead.values())

    @staticmethod
    async def _letters(work: Work, batch: Sequence[Any]) -> list[Output]:
        make, dead = work.link.dead_letters.output, work.answer.dead
        return await work.link.patiently(lambda: [make(batch[place], place, error) for place, error in dead.items()])

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
                Output(link.changelog, key.encode(), value, [], -1, partition)
                for link in self._chain.links
                for partition, key, value in link.state.changes()
            ]
            try:
                await self._written(outputs, rows, ends)
            except RefusedError as error:
                self._check_rows(error.refused)
                outputs = [*error.left, *instead(error.refused)]
            else:
                outputs, again = [], self._flushed(rows)

    def _check_rows(self, refused: list[Output]) -> None:
        changelogs = {link.changelog for link in self._chain.links}
        for row in refused:
            if row.topic in changelogs:
                raise ValueError(f"state of {row.key!r} is too large for {row.topic}: raise its max.message.bytes")

    def _flushed(self, rows: list[Output]) -> bool:
        """Note that state is safe; return whether some of it has to be written anew."""
        again = False
        for link in self._chain.links:
            written = [(row.partition or 0, row.offset) for row in rows if row.topic == link.changelog]
            anew = link.state.flushed(written, self._clock.now(), alone=self._writer.fenced) if written else ()
            if anew:
                log.error("state.written_anew", changelog=link.changelog, partitions=list(anew))
                again = True
        return again

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
            await self._turns.insist(once, "outputs", self._retry_s, nothing)
        except RefusedError as error:
            raise RefusedError([*refused, *error.refused], error.left) from error
        if refused:
            raise RefusedError(refused, [])


def nothing() -> None:
    """Count nothing: what is waited for is in the log."""
