"""A broker that answers slowly, and one that is away for long: nothing lost or doubled, a log that stays readable."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fairwatch.apps.embedded import free_port
from tests.engine.test_recovery import working
from tests.kafka.broker.conftest import ENGINE
from tests.support.engine_lab import SPEC, Lab, until
from tests.support.kafka_cluster import one_broker
from tests.support.load import handled, load, outcome
from tests.support.slow_link import SlowLink, slow_link

SLOW_S, ANSWER_S = 20.0, 1.5


@asynccontextmanager
async def linked(prefix: str) -> AsyncIterator[tuple[Lab, SlowLink]]:
    """Give a laboratory whose clients reach their broker through a slow link."""
    port = free_port()
    with one_broker(
        properties={"advertised.listeners": f"CLIENT://127.0.0.1:{port},BROKER://localhost:9092"}
    ) as server:
        async with slow_link(port, server.address) as link:
            yield Lab(f"127.0.0.1:{port}", prefix, embedded=False, engine=ENGINE), link


async def test_a_broker_that_answers_slowly_loses_and_doubles_nothing(topic_prefix: str, record_property) -> None:
    async with linked(topic_prefix) as (lab, link):
        await lab.create(4)
        async with working(lab, SPEC) as (worker, probes):
            async with load(lab, 0.1) as sending:
                await until(lambda: len(probes[0].handled) > 200, 60)
                link.delay_s = ANSWER_S
                began, before = time.monotonic(), len(probes[0].handled)
                unready = 0
                while time.monotonic() - began < SLOW_S:
                    unready += worker.unready() is not None
                    await asyncio.sleep(0.5)
                slowly = len(probes[0].handled) - before
                link.delay_s = 0.0
                reached = sending.rounds
                await until(lambda: sending.rounds > reached + 20, 60)
            found = await outcome(lab, sending.sent)
    record_property(
        f"a broker whose every answer takes {ANSWER_S} s for {SLOW_S:.0f} s",
        f"{slowly} events handled meanwhile, {len(sending.sent)} in all; not ready in {unready} looks, two a second",
    )
    assert (found.lost, found.doubled, found.disordered) == (set(), {}, set())
    assert {name for name, times in handled(probes).items() if times > 1} == set()
