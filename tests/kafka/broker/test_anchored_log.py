"""The audit log on Apache Kafka: chained, anchored outside of it, and a log that was written anew is found."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from fairwatch.apps.demo.stage import make_topics
from fairwatch.apps.kafka import admin, producer
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.apps.topics import apply, differences
from fairwatch.apps.walk.log import rewritten
from fairwatch.stores.checkpoints import NAME, CheckpointFile
from fairwatch.wire.topics import topics
from tests.support.engine_lab import until
from tests.support.records import audit_record

COUNT = 50


class Hub:
    """Settings and environment of programs that run against Kafka."""

    def __init__(self, broker: str, redis: str, prefix: str, folder: Path) -> None:
        self.folder, self.checkpoints = folder, CheckpointFile(folder / "anchors" / NAME)
        self.settings = Settings(
            kafka_bootstrap=broker, redis_url=SecretStr(redis), topic_prefix=prefix, max_partitions=2
        )
        self.environment = {
            **os.environ, "FAIRWATCH_KAFKA_BOOTSTRAP": broker, "FAIRWATCH_REDIS_URL": redis,
            "FAIRWATCH_TOPIC_PREFIX": prefix, "FAIRWATCH_CONFIG_DIR": str(folder), "COLUMNS": "200",
            "FAIRWATCH_ANCHOR_DIR": str(folder / "anchors"), "FAIRWATCH_ANCHOR_MINUTES": "0.02",
        }  # fmt: skip

    @contextmanager
    def running(self, *names: str) -> Iterator[None]:
        """Run components until the block ends."""
        started = []
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                command = [sys.executable, "-m", "fairwatch", "run", name]
                started.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))
        yield
        for process in started:
            process.terminate()
        assert [process.wait(60) for process in started] == [0] * len(started)

    def audit(self, *arguments: str) -> tuple[int, str]:
        """Run `fairwatch audit`; return its exit code and what it said."""
        trusted = ("--trusted", (self.folder / "anchors" / "anchor.pub").read_text().strip())
        command = [sys.executable, "-m", "fairwatch", "audit", *arguments, *trusted]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stdout

    async def publish(self, topic: str, records: list[Mapping[str, Any]]) -> None:
        """Write records under their keys."""
        async with producer(self.settings, "test") as publisher:
            for record in records:
                await publisher.publish(topic, topics()[topic].key_of(record), record)

    def chained(self) -> list[Any]:
        """Return the log as it lies on Kafka."""
        return [record for _, _, record in read_topic(self.settings, "audit-chain")]

    def vouched(self) -> int:
        """Return for how many records the newest checkpoint vouches."""
        said = self.checkpoints.read() if (self.folder / "anchors" / NAME).exists() else []
        return sum(int(head["sequence"]) for one in said[-1:] for head in one["chains"].values())

    def forge(self) -> None:
        """Write the whole log anew, as somebody who may delete topics and write the chain."""
        forged, name, bounds = rewritten(self.chained()), "audit-chain", (self.settings.topic_prefix, 2)
        with closing(admin(self.settings)) as client:
            client.delete_topics([self.settings.topic_prefix + name])
        asyncio.run(until(lambda: _made_anew(self.settings, bounds), 60))
        asyncio.run(self.publish(name, forged))


async def _made_anew(settings: Settings, bounds: tuple[str, int]) -> bool:
    def make() -> bool:
        with closing(admin(settings)) as client:
            changes = differences(client, *bounds, [topics()["audit-chain"]])
            apply(client, changes, *bounds)
            return [change.action for change in changes] == ["create"]

    return await asyncio.to_thread(make)


async def _is(question: Callable[[], bool]) -> bool:
    return await asyncio.to_thread(question)


@pytest.fixture
def hub(broker: str, valkey: str, topic_prefix: str, tmp_path: Path) -> Hub:
    made = Hub(broker, valkey, topic_prefix, tmp_path)
    make_topics(made.settings)
    return made


def test_a_log_on_kafka_is_anchored_outside_of_it_and_one_that_was_written_anew_is_found(hub: Hub) -> None:
    with hub.running("audit", "anchor"):
        asyncio.run(hub.publish("audit", [audit_record(n) for n in range(COUNT)]))
        asyncio.run(until(lambda: _is(lambda: hub.vouched() >= COUNT), 120))
    code, said = hub.audit("verify", "--json")
    report = orjson.loads(said)
    [held] = report["held_against"]
    assert (code, report["faults"], held["unanchored_records"]) == (0, [], 0)
    assert report["records"] == len(hub.chained()) >= COUNT

    before = hub.vouched()
    with hub.running("audit", "anchor"):  # held against what it said before, and goes on from there
        asyncio.run(hub.publish("audit", [audit_record(n) for n in range(COUNT, COUNT + 5)]))
        asyncio.run(until(lambda: _is(lambda: hub.vouched() >= before + 5), 120))
    assert hub.audit("verify")[0] == 0

    hub.forge()
    code, said = hub.audit("verify")
    assert code == 1
    assert "is not what it was at a checkpoint" in said
    with hub.running("anchor"):
        asyncio.run(until(lambda: _is(lambda: _told_broken(hub)), 120))
    assert hub.vouched() >= before + 5, "its last word stands"


def _told_broken(hub: Hub) -> bool:
    return any(record["action"] == "audit.broken" for _, _, record in read_topic(hub.settings, "audit"))
