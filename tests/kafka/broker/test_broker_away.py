"""A broker that is away for long, as over an hour: asked slowly, told in few lines, found again soon."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fairwatch.apps.demo.components import Components
from fairwatch.apps.demo.stage import CONFIG, make_topics
from fairwatch.apps.embedded import free_port
from fairwatch.apps.settings import Settings
from tests.engine.test_recovery import EmptyBroker
from tests.support.engine_lab import until

pytestmark = pytest.mark.kafka
COMPONENTS = ("audit", "enrich")
HALF_S = 20.0
MOST_A_SECOND = 1.0  # connections that a process tries
MOST_LINES = 20  # of a process in each half


class Log:
    """A file that somebody else writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def new(self) -> list[str]:
        """Return the whole lines since the last look."""
        lines = [line for line in self._path.read_text(encoding="utf-8").splitlines(keepends=True) if line[-1] == "\n"]
        found, self._read = lines[self._read :], len(lines)
        return found


@asynccontextmanager
async def nobody(port: int) -> AsyncIterator[list[float]]:
    """Close every connection to the port at once; give when each was tried."""
    tries: list[float] = []

    def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(time.monotonic())
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", port):
        yield tries


async def test_a_broker_that_is_away_for_long_is_asked_slowly_and_the_log_stays_readable(
    empty_broker: EmptyBroker, valkey: str, topic_prefix: str, tmp_path: Path, record_property
) -> None:
    port = free_port()
    settings = Settings(kafka_bootstrap=f"127.0.0.1:{port}", topic_prefix=topic_prefix, max_partitions=2, embedded=True)
    environment = {
        "FAIRWATCH_KAFKA_BOOTSTRAP": settings.kafka_bootstrap, "FAIRWATCH_TOPIC_PREFIX": topic_prefix,
        "FAIRWATCH_REDIS_URL": valkey, "FAIRWATCH_CONFIG_DIR": str(CONFIG), "FAIRWATCH_EMBEDDED": "true",
    }  # fmt: skip
    components = Components(tmp_path, environment)
    logs = [Log(tmp_path / f"{name}.log") for name in COMPONENTS]
    try:
        with empty_broker(port):
            await asyncio.to_thread(make_topics, settings)
            for name in COMPONENTS:
                await components.start(name)
            for log in logs:
                await until(lambda log=log: "worker.ready" in "".join(log.new()), 90)
        async with nobody(port) as tries:
            await asyncio.sleep(HALF_S)
            lines, tried = [log.new() for log in logs], len(tries)
            await asyncio.sleep(HALF_S)
            more, tried_again = [log.new() for log in logs], len(tries) - tried
        with empty_broker(port):
            await asyncio.to_thread(make_topics, settings)
            began = time.monotonic()
            for log in logs:
                await until(lambda log=log: "broker.back" in "".join(log.new()), 60)
            back_s = time.monotonic() - began
            components.check()
    finally:
        await components.stop()
    record_property(
        f"a broker that is away for {2 * HALF_S:.0f} s, {len(COMPONENTS)} processes",
        f"{sum(map(len, lines))} lines and {tried} connections tried in the first half, {sum(map(len, more))} and "
        f"{tried_again} in the second; back {back_s:.1f} s after the broker",
    )
    assert all(any("broker.away" in line for line in half) for half in lines)
    assert all(len(half) <= MOST_LINES for half in (*lines, *more)), lines + more
    assert tried_again / HALF_S <= MOST_A_SECOND * len(COMPONENTS)
