"""What is far behind in one partition waits for itself alone, and small runs of many partitions are one batch."""

import pytest

from fairwatch.engine.submission import partition_of
from tests.engine.test_recovery import working
from tests.support.engine_lab import PLAIN, Lab, observation, until
from tests.support.load import disordered

pytestmark = pytest.mark.broker

PARTITIONS = 4
FLOOD, OTHERS, BATCH = 4000, 12, 100


async def test_a_full_partition_holds_up_no_other(lab: Lab) -> None:
    await lab.create(PARTITIONS)
    hot = next(key for key in map(str, range(100)) if partition_of(key.encode(), PARTITIONS) == 0)
    others = [key for key in map(str, range(100, 200)) if partition_of(key.encode(), PARTITIONS) != 0][:OTHERS]
    await lab.send([(hot, observation(f"{hot}-{number}")) for number in range(FLOOD)])
    await lab.send([(key, observation(f"{key}-{number}")) for number in range(10) for key in others])
    async with working(lab, PLAIN, batch_max=BATCH) as (_, probes):
        await until(lambda: len(probes[0].handled) >= FLOOD + 10 * OTHERS, 60)
        handled = probes[0].handled
    last = max(place for place, name in enumerate(handled) if not name.startswith(f"{hot}-"))
    assert last < FLOOD / 2, "aiokafka by itself gives out the whole of what it fetched of the full partition first"
    assert disordered(handled) == set()


async def test_partitions_with_little_to_do_are_committed_together(lab: Lab) -> None:
    await lab.create(PARTITIONS)
    keys = [str(number) for number in range(40)]
    await lab.send([(key, observation(f"{key}-0")) for key in keys])
    async with working(lab, PLAIN, batch_max=BATCH) as (worker, probes):
        await until(lambda: len(probes[0].handled) == len(keys))
        assert worker._app is not None
        consumer = worker._app.batches
        await until(lambda: len(consumer.next_commit) == PARTITIONS)
        assert sum(consumer.next_commit.values()) == len(keys)
        await until(lambda: all(consumer.committed.get(tp) == end for tp, end in consumer.next_commit.items()))
