"""Three brokers under load, of which one after the other is killed, then all: nothing lost, no effect doubled."""

import asyncio
import time
from collections import Counter

from tests.engine.test_recovery import working
from tests.support.engine_lab import PLAIN, Lab, until
from tests.support.kafka_cluster import Cluster
from tests.support.load import DEVICES, handled, load, outcome

PARTITIONS = 6
DOWN_S = 6.0
ENGINE = {"session_timeout_s": 10.0}


async def test_a_broker_of_three_is_killed_then_all(cluster: Cluster, topic_prefix: str, record_property) -> None:
    lab = Lab(cluster.bootstrap, topic_prefix, embedded=False, replication=cluster.replication, engine=ENGINE)
    await lab.create(PARTITIONS)
    recovered: dict[str, float] = {}
    async with working(lab, PLAIN) as (_, first), working(lab, PLAIN) as (_, second):
        probes = [first[0], second[0]]
        async with load(lab) as sending:
            await until(lambda: sending.rounds > 50, 60)
            for number, broker in enumerate(cluster.brokers, 1):
                began = time.monotonic()
                await asyncio.to_thread(broker.kill)
                await _flows_again(probes, sending)
                recovered[f"broker {number} killed"] = time.monotonic() - began
                await asyncio.sleep(max(0.0, began + DOWN_S - time.monotonic()))
                await asyncio.to_thread(broker.again)
                await _flows_again(probes, sending)
                await asyncio.sleep(5.0)  # until its copies have caught up: no two of three may miss the newest records
            await asyncio.to_thread(cluster.kill_all)
            await asyncio.sleep(DOWN_S)
            began = time.monotonic()
            await asyncio.to_thread(cluster.again_all)
            await _flows_again(probes, sending)
            recovered["all killed, from their start"] = time.monotonic() - began
        found = await outcome(lab, sending.sent, 120)
    effects = Counter(dict(record.headers)["ce_id"] for record in await lab.read())
    times = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in recovered.items())
    repeated = sum(count - 1 for count in handled(probes).values())
    record_property(
        f"recovery with {len(sending.sent)} events",
        f"{times}; {repeated} handled again, {sum(effects.values()) - len(effects)} outputs written again",
    )
    assert (found.lost, found.disordered) == (set(), set())
    assert len(effects) == len(set(found.doubled) | sending.sent), "what came twice is the same effect"


async def _flows_again(probes, sending) -> None:
    """Wait until every device got an event through that was sent from now on."""
    wanted = {f"{device}-{sending.rounds + 2}" for device in range(DEVICES)}
    await until(lambda: wanted <= set(probes[0].handled) | set(probes[1].handled), 120)
