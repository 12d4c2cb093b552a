"""What lies between the processors of a chain comes first, so that nothing new overtakes it in memory."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import structlog
from aiokafka.errors import KafkaError
from faust.types import TP

if TYPE_CHECKING:
    from fairwatch.engine.application import Application

RETRY_S = 1.0

log = structlog.get_logger()


class Backlog:
    """Holds partitions back while records that follow from their earlier ones wait in one that is read further on.

    Processors that run by themselves leave records between them which have not been handled, and so do other workers in
    partitions that were not theirs. A chain that takes their place would hand what follows from new events on at once,
    before those.
    """

    def __init__(self) -> None:
        self._ends: dict[TP, int] = {}
        self._owned: list[TP] = []
        self._upstream: Mapping[str, Collection[str]] = {}

    async def find(
        self, app: "Application", upstream: Mapping[str, Collection[str]], current: Callable[[], bool]
    ) -> None:
        """Ask up to where each partition that we were given is to be read first.

        Args:
            app: Whose consumer was given them.
            upstream: Topics, by that of such a partition, whose partitions wait for it.
            current: Tells whether that is still of use.
        """
        owned = app.batches.assignment()
        between = [tp for tp in owned if tp.topic in upstream]
        self.expect({}, upstream, owned)
        while between and current():
            try:
                # What others have not committed yet may lie before what the last owner has.
                ends = await app.batches.group.ends_with_open(between)
            except KafkaError as error:
                log.warning("backlog.unknown", error=repr(error))
                await asyncio.sleep(RETRY_S)
            else:
                self.expect(ends, upstream, owned)
                return

    def expect(self, ends: Mapping[TP, int], upstream: Mapping[str, Collection[str]], owned: Iterable[TP]) -> None:
        """Begin anew with the offset up to which each partition is to be read first, and all that we were given."""
        self._ends, self._upstream, self._owned = dict(ends), upstream, list(owned)

    def look(self, positions: Mapping[TP, int]) -> None:
        """Take in how far we have come: the next offset to be read of each partition where that is known."""
        self._ends = {tp: end for tp, end in self._ends.items() if positions.get(tp, 0) < end}

    @property
    def held(self) -> frozenset[TP]:
        """Partitions that wait; of any number, since what follows from a record may lie under another one."""
        waiting = {topic for tp in self._ends for topic in self._upstream[tp.topic]}
        return frozenset(tp for tp in self._owned if tp.topic in waiting)
