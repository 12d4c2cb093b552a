"""Takes fetched records so that every partition gets its turn, whatever one of them has waiting."""

from collections.abc import Collection
from typing import Any

from aiokafka.errors import KafkaError

from fairwatch.engine.private_names import buffer_of

Fetched = dict[Any, list[Any]]


class Rota:
    """Whose turn it is among the partitions that a consumer has fetched records of.

    aiokafka takes from the first partition as long as it has any, up to megabytes of it, before it looks at the next.
    Here a partition gives a whole batch at most, then it is the next one's turn; those that have little share a batch.
    """

    def __init__(self) -> None:
        self._last: Any = None

    async def take(self, fetcher: Any, partitions: Collection[Any], limit: int) -> Fetched:
        """Return what was fetched of these partitions and not taken yet; nothing is waited for.

        Args:
            fetcher: aiokafka's; its buffer is known to no public method.
            partitions: Assigned, and to be read.
            limit: Records of all partitions together.

        Raises:
            KafkaError: As aiokafka's; not when some records were taken already: the partition is fetched again then,
                and what is wrong with it is told by a later call.
        """
        taken: Fetched = {}
        left = limit
        for tp in self._in_turn([tp for tp in buffer_of(fetcher) if tp in partitions]):
            try:
                found = await fetcher.fetched_records((tp,), 0, left)
            except KafkaError:
                if taken:
                    return taken
                raise
            for records in found.values():
                taken[tp] = records
                left -= len(records)
            self._last = tp
            if left <= 0:
                break
        return taken

    def _in_turn(self, waiting: list[Any]) -> list[Any]:
        """Return them in order, those first that come after the last one that had its turn."""
        waiting.sort()
        after = 0 if self._last is None else sum(tp <= self._last for tp in waiting)
        return waiting[after:] + waiting[:after]
