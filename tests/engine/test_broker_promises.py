"""What a worker and the SDK ask of the broker, and what they demand of a topic that keeps state."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import AIOKafkaConnection

from fairwatch.domain.errors import ConfigurationError
from fairwatch.engine.topics import ensure_changelog
from fairwatch.wire.producer import Producer
from tests.engine.test_recovery import working
from tests.support.engine_lab import PLAIN, Lab, observation, until
from tests.wire.test_producer import OBSERVATION

pytestmark = pytest.mark.broker

ALL_REPLICAS = -1
Requests = list[Any]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    """Give a list that all requests to any broker are noted in while they are sent."""
    noted: Requests = []
    send = AIOKafkaConnection.send

    def noting(self: AIOKafkaConnection, request: Any, *args: Any, **options: Any) -> Any:
        noted.append(request)
        return send(self, request, *args, **options)

    monkeypatch.setattr(AIOKafkaConnection, "send", noting)
    return noted


def acknowledgements(requests: Requests, topic: str) -> set[int]:
    """Return how many replicas had to acknowledge what was written to a topic."""
    writes = [request for request in requests if _named(request, "ProduceRequest")]
    return {write.required_acks for write in writes if topic in {name for name, _ in write._topics}}


def _named(request: Any, name: str) -> bool:
    return type(request).__name__.startswith(name)


async def test_every_output_of_a_worker_is_acknowledged_by_all_replicas(lab: Lab, requests: Requests) -> None:
    await lab.create()
    async with working(lab, PLAIN) as (_, probes):
        await lab.send([("a", observation("1")), ("b", b"junk")])
        await until(lambda: probes[0].handled)

        async def both() -> bool:
            return bool(await lab.outputs() and await lab.letters())

        await until(both)
    assert acknowledgements(requests, lab.prefix + "out") == {ALL_REPLICAS}
    assert acknowledgements(requests, lab.prefix + "in-dlq") == {ALL_REPLICAS}


async def test_the_sdk_asks_for_all_replicas_and_for_a_number_that_tells_repeated_writes(
    broker: str, make_topics: Callable[..., str], requests: Requests
) -> None:
    prefix = make_topics("observations")
    async with Producer(broker, topic_prefix=prefix) as producer:
        await producer.observe(OBSERVATION)
    assert acknowledgements(requests, f"{prefix}observations") == {ALL_REPLICAS}
    assert any(_named(request, "InitProducerId") for request in requests), "without one, a retry comes twice"


@pytest.mark.parametrize(("policy", "fits"), [("compact", True), ("delete", False), ("compact,delete", False)])
async def test_a_state_topic_that_forgets_what_is_old_is_refused(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, policy: str, fits: bool
) -> None:
    async def described(_: AIOKafkaAdminClient, resources: Sequence[Any]) -> list[Any]:
        entries = [("retention.ms", "1"), ("cleanup.policy", policy)]
        return [SimpleNamespace(resources=[(0, "", 2, resources[0].name, entries)])]

    # As Apache Kafka answers; the embedded broker keeps the policy to itself.
    monkeypatch.setattr(AIOKafkaAdminClient, "describe_configs", described)
    await lab.create(partitions=2)
    expected = pytest.raises(ConfigurationError, match=f"cleanup.policy={policy}, which forgets state")
    with nullcontext() if fits else expected:
        await ensure_changelog(lab.config(), lab.prefix + "state", lab.prefix + "in")


async def test_a_state_topic_has_as_many_partitions_as_its_events_or_is_refused(lab: Lab) -> None:
    await lab.create(partitions=2)
    for _ in range(2):  # the second time it is there
        await ensure_changelog(lab.config(), lab.prefix + "made", lab.prefix + "in")
    with pytest.raises(ConfigurationError, match="has 2 partitions"):
        await ensure_changelog(lab.config(), lab.prefix + "made", lab.prefix + "ref")
