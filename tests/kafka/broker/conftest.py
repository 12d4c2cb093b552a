"""Apache Kafka and Redis in containers, in the place of the embedded ones."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.support.containers import redis_container
from tests.support.engine_lab import Lab
from tests.support.kafka_cluster import Cluster, one_broker

# Group times as short as Apache Kafka takes them, so that a killed worker is missed soon.
ENGINE = {"session_timeout_s": 6.0}


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Give host:port of a single broker that all tests share."""
    with one_broker() as running:
        yield running.address


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """Give the URL of a Redis that all tests share."""
    with redis_container() as url:
        yield url


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Give three brokers that the tests of one file share; each leaves all of them running."""
    with Cluster() as running:
        yield running


@pytest.fixture(scope="session")
def lab_at(broker: str) -> Callable[..., Lab]:
    """Give a function that returns a laboratory under a prefix."""

    def at(prefix: str, bootstrap: str = broker) -> Lab:
        return Lab(bootstrap, prefix, embedded=False, engine=ENGINE)

    return at


@pytest.fixture
def lab(lab_at: Callable[..., Lab], topic_prefix: str) -> Lab:
    """Give a laboratory that no other test uses; its topics are yet to be made."""
    return lab_at(topic_prefix)


@pytest.fixture(scope="session")
def empty_broker() -> Callable[[int], AbstractContextManager[object]]:
    """Give what runs a broker, empty, on a given port."""
    return one_broker
