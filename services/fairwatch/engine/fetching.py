"""Takes fetched records so that every partition gets its share, whatever one of them has waiting."""

from collections.abc import Collection
from typing import Any

from aiokafka.errors import KafkaError

Fetched = dict[Any, list[Any]]


async def take_fairly(fetcher: Any, partitions: Collection[Any], limit: int) -> Fetched:
    """Return what was fetched of these partitions and not taken yet, `limit` records at most, by partition.

    aiokafka takes from the first partition as long as it has any, up to megabytes of it, before it looks at the next.
    Here each gets an equal share, and what some do not need goes to the others. Nothing is waited for.

    Args:
        fetcher: aiokafka's; its buffer is known to no public method.
        partitions: Assigned, and to be read.
        limit: Records.

    Raises:
        KafkaError: As aiokafka's; when some records were taken already it comes with the next call instead.
    """
    taken: Fetched = {}
    left = limit
    while left > 0 and (waiting := [tp for tp in fetcher._records if tp in partitions]):  # noqa: SLF001
        share, before = -(-left // len(waiting)), left
        for tp in waiting:
            try:
                found = await fetcher.fetched_records((tp,), 0, min(share, left))
            except KafkaError:
                if taken:
                    return taken
                raise
            for records in found.values():
                taken.setdefault(tp, []).extend(records)
                left -= len(records)
            if left <= 0:
                break
        if left == before:  # what is left is paused
            break
    return taken
