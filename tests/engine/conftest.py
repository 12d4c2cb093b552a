"""The laboratory on the embedded broker; `tests/kafka/broker` has the same fixtures on Apache Kafka."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from fairwatch.apps.embedded import start_broker
from tests.support.engine_lab import Lab

# The embedded broker waits for half of a session whenever somebody joins.
ENGINE = {"session_timeout_s": 2.0}


@pytest.fixture(scope="session")
def lab_at(broker: str) -> Callable[..., Lab]:
    """Give a function that returns a laboratory under a prefix."""

    def at(prefix: str, bootstrap: str = broker) -> Lab:
        return Lab(bootstrap, prefix, engine=ENGINE)

    return at


@pytest.fixture
def lab(lab_at: Callable[..., Lab], topic_prefix: str) -> Lab:
    """Give a laboratory that no other test uses; its topics are yet to be made."""
    return lab_at(topic_prefix)


@pytest.fixture(scope="session")
def empty_broker() -> Callable[[int], AbstractContextManager[object]]:
    """Give what runs a broker, empty, on a given port."""
    return start_broker
