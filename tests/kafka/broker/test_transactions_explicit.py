"""A cluster that has not agreed on transactions whose parts brokers add: a worker adds them itself, exactly once."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from fairwatch.engine.fenced_producer import FencedProducer
from tests.engine.test_recovery import numbered, started, working
from tests.kafka.broker.test_transactions import EVENTS, assert_exactly_once, everything_once
from tests.support.engine_lab import SPEC, Lab, until
from tests.support.kafka_cluster import Broker, one_broker


@pytest.fixture(scope="module")
def server() -> Iterator[Broker]:
    """Give a broker whose transactions are as before Kafka 4.0."""
    with one_broker(format_options="--feature transaction.version=1") as running:
        yield running


@pytest.fixture
def lab(server: Broker, topic_prefix: str) -> Lab:
    return Lab(server.address, topic_prefix, embedded=False, engine={"session_timeout_s": 6.0})


async def test_a_killed_worker_leaves_every_count_whole_on_an_older_cluster(lab: Lab) -> None:
    await lab.create()
    await lab.send(numbered(0, EVENTS))
    victim = await started(lab, 0.05)
    await asyncio.sleep(0.05)
    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    async with working(lab, SPEC):
        await until(lambda: everything_once(lab), 60)
    await assert_exactly_once(lab)


@pytest.mark.parametrize("implicit", [True, False])
async def test_a_producer_makes_transactions_as_its_cluster_has_agreed(broker: str, lab: Lab, implicit: bool) -> None:
    producer = FencedProducer(
        transactional_id=f"probe-{implicit}", bootstrap_servers=broker if implicit else lab.bootstrap
    )
    await producer.start()
    assert producer._sender.implicit is implicit
    await producer.stop()
