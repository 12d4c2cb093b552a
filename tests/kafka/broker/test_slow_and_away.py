"""A broker that answers slowly, and one that is away for long: nothing lost or doubled, a log that stays readable."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fairwatch.apps.demo.components import Components
from fairwatch.apps.demo.stage import CONFIG, make_topics
from fairwatch.apps.embedded import free_port
from fairwatch.apps.settings import Settings
from tests.engine.test_recovery import working
from tests.kafka.broker.conftest import ENGINE
from tests.support.engine_lab import SPEC, Lab, until
from tests.support.kafka_cluster import one_broker
from tests.support.load import handled, load, outcome
from tests.support.slow_link import SlowLink, slow_link

SLOW_S, ANSWER_S = 20.0, 1.5
AWAY_S = 75.0
COMPONENTS = ("audit", "enrich")
MOST_A_SECOND = 1.0  # connections that a process tries
MOST_LINES = 40  # of all of them in half of the time


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


async def test_a_broker_that_is_away_for_long_is_asked_at_a_steady_rate_and_the_log_stays_readable(
    topic_prefix: str, valkey: str, tmp_path: Path, record_property
) -> None:
    """As over an hour: what is asked and logged in the second half is no more than in the first."""
    async with linked(topic_prefix) as (lab, link):
        settings = Settings(kafka_bootstrap=lab.bootstrap, topic_prefix=topic_prefix, max_partitions=2)
        await asyncio.to_thread(make_topics, settings)
        environment = {
            "FAIRWATCH_KAFKA_BOOTSTRAP": lab.bootstrap, "FAIRWATCH_TOPIC_PREFIX": topic_prefix,
            "FAIRWATCH_REDIS_URL": valkey, "FAIRWATCH_CONFIG_DIR": str(CONFIG),
        }  # fmt: skip
        components = Components(tmp_path, environment)
        logs = [Log(tmp_path / f"{name}.log") for name in COMPONENTS]
        try:
            for name in COMPONENTS:
                await components.start(name)
            for log in logs:
                await until(lambda log=log: "worker.ready" in "".join(log.new()), 90)
            link.leave()
            link.tries.clear()
            began = time.monotonic()
            await asyncio.sleep(AWAY_S / 2)
            first = [line for log in logs for line in log.new()]
            await asyncio.sleep(AWAY_S / 2)
            second = [line for log in logs for line in log.new()]
            tries = Counter(moment > began + AWAY_S / 2 for moment in link.tries)
            components.check()
            link.come_back()
            began = time.monotonic()
            for log in logs:
                await until(lambda log=log: "broker.back" in "".join(log.new()), 90)
            back_s = time.monotonic() - began
        finally:
            await components.stop()
    record_property(
        f"a broker that is away for {AWAY_S:.0f} s, {len(COMPONENTS)} processors",
        f"{len(first)} lines in the first half, {len(second)} in the second; {tries[False]} and {tries[True]} "
        f"connections tried; back {back_s:.1f} s after it was",
    )
    assert any("broker.away" in line for line in first)
    assert len(second) <= MOST_LINES, "".join(second)
    assert len(first) <= 3 * MOST_LINES, "".join(first)
    assert tries[True] / (AWAY_S / 2) < MOST_A_SECOND * len(COMPONENTS)


class Log:
    """A file that somebody else writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def new(self) -> list[str]:
        """Return the lines since the last look."""
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        found, self._read = lines[self._read :], len(lines)
        return found
