"""Fixtures for all tests: the embedded broker and Valkey, started once where a test asks for them."""

from collections.abc import Iterator
from itertools import count

import pytest

from fairwatch.apps.embedded import start_broker, start_valkey

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
