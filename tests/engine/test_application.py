"""What a worker tells Faust."""

from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from fairwatch.domain.clock import SystemClock
from fairwatch.engine.ahead import Ahead
from fairwatch.engine.application import EMBEDDED_TIMEOUT_S, Application
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.part import Part
from fairwatch.engine.turns import Turns
from tests.support.engine_lab import CODEC, PLAIN, RECORDS, Probe

LONG_S = 45.0


async def released() -> None:
    """Have nothing to give up."""


@pytest.fixture
async def made() -> AsyncIterator[Any]:
    """Give what makes an application, and ends its thread."""
    found: list[Application] = []

    def make(**options: Any) -> Application:
        config = EngineConfig("127.0.0.1:1", **options)
        found.append(Application("probe", config, replay=False, release=released, ahead=Ahead(CODEC, {})))
        return found[-1]

    yield make
    for application in found:
        application.batches._thread.thread_loop.close()


async def test_on_the_embedded_broker_a_session_is_short_and_elsewhere_as_it_was_said(made) -> None:
    assert made(embedded=True, session_timeout_s=LONG_S).conf.broker_session_timeout == EMBEDDED_TIMEOUT_S
    assert made(embedded=True, session_timeout_s=2.0).conf.broker_session_timeout == 2.0
    assert made(embedded=False, session_timeout_s=LONG_S).conf.broker_session_timeout == LONG_S


async def test_what_a_part_tells_of_itself_is_with_its_count() -> None:
    class Signing(Probe):
        facts: ClassVar = {"signs": "ed25519-1"}

    part = Part(
        PLAIN, lambda given: Signing(given, PLAIN), EngineConfig("127.0.0.1:1"), CODEC, SystemClock(), RECORDS, {}
    )
    await part.link(Turns(1.0))
    assert part.tally.facts == {"signs": "ed25519-1", "bonds": "none"}
