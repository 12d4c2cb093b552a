"""Fixtures for all tests: the embedded broker and Valkey, started once where a test asks for them."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from kafka.admin import KafkaAdminClient

from fairwatch.apps.embedded import start_broker, start_valkey
from fairwatch.apps.topics import apply, differences
from fairwatch.wire.topics import topics

# How long an example takes says something of the machine, not of us.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples every time: what chance finds elsewhere does not stop an innocent commit (--hypothesis-profile=ci).
settings.register_profile("ci", settings.get_profile("house"), derandomize=True, database=None)
settings.load_profile("house")
_numbers = count(1)


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Give host:port of an embedded broker that all tests share; mark the test `broker` and use `topic_prefix`."""
    with start_broker() as server:
        yield server.address


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """Give the redis:// URL of an embedded Valkey that all tests share; use keys of your own."""
    with start_valkey() as server:
        yield server.address


@pytest.fixture
def topic_prefix() -> str:
    """Give a prefix that no other test uses."""
    return f"t{next(_numbers)}-"


@pytest.fixture
def make_topics(broker: str, topic_prefix: str) -> Callable[..., str]:
    """Give a function that makes the named topics, or all, under the test's prefix and returns the prefix."""

    def make(*names: str, partitions: int = 3) -> str:
        chosen = [topics()[name] for name in names or topics()]
        with closing(KafkaAdminClient(bootstrap_servers=broker)) as admin:
            apply(admin, differences(admin, topic_prefix, partitions, chosen), topic_prefix, partitions)
        return topic_prefix

    return make
