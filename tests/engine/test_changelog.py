"""A changelog is made as its source is, and one that is otherwise is named with what to do about it."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError

from fairwatch.domain.errors import ConfigurationError
from fairwatch.engine import topics as module
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.topics import changelog_of, ensure_changelog

STATE = "x-fairwatch-probe-state"


class Admin:
    """A broker's topics: partitions by name; a new one is seen after `unseen` questions."""

    def __init__(self, **counts: int) -> None:
        self.counts = counts
        self.unseen = 0
        self.made: list[Any] = []
        self.code = 0
        self.trouble: Exception | None = None
        self.policy: Any = "compact"
        self.closed = 0

    async def start(self) -> None:
        """It is there."""

    async def close(self) -> None:
        self.closed += 1

    async def describe_topics(self, names: list[str]) -> list[Any]:
        [name] = names
        if name == STATE and self.unseen:
            self.unseen -= 1
            return [{"partitions": []}]
        return [{"partitions": list(range(self.counts.get(name, 0)))}]

    async def create_topics(self, topics: list[Any]) -> Any:
        if self.trouble is not None:
            raise self.trouble
        [topic] = topics
        self.made.append((topic.name, topic.num_partitions, topic.replication_factor, topic.topic_configs))
        if not self.code:
            self.counts.setdefault(topic.name, topic.num_partitions)
        return SimpleNamespace(topic_errors=[(topic.name, self.code, "")])

    async def describe_configs(self, _: Any) -> list[Any]:
        if isinstance(self.policy, Exception):
            raise self.policy
        rows = [("max.message.bytes", "1"), ("cleanup.policy", self.policy)] if self.policy != "unsaid" else []
        return [SimpleNamespace(resources=[(0, "", 2, STATE, rows)])]


async def ensured(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AIOKafkaAdminClient", lambda **_: admin)
    monkeypatch.setattr(module.asyncio, "sleep", _at_once)
    await ensure_changelog(EngineConfig("127.0.0.1:1", replication=3), STATE, "in")


async def _at_once(_: float) -> None:
    """Wait for nothing."""


async def test_a_changelog_is_made_compacted_with_as_many_partitions_as_its_source(monkeypatch) -> None:
    admin = Admin(**{"in": 5})
    admin.unseen = 3
    await ensured(admin, monkeypatch)
    [(name, partitions, replication, options)] = admin.made
    assert (name, partitions, replication, options["cleanup.policy"]) == (STATE, 5, 3, "compact")
    assert int(options["max.message.bytes"]) > 1 << 20
    assert admin.closed == 1
    assert changelog_of("x-", "probe") == STATE


@pytest.mark.parametrize("policy", ["compact", "", "unsaid", None, KafkaConnectionError("no"), ValueError()])
async def test_one_that_is_there_is_fine_where_nothing_is_known_against_it(monkeypatch, policy) -> None:
    admin = Admin(**{"in": 5, STATE: 5})
    admin.trouble, admin.policy = TopicAlreadyExistsError(), policy
    await ensured(admin, monkeypatch)


@pytest.mark.parametrize(
    ("counts", "changed", "says"),
    [
        ({}, {}, "topic in does not exist: run `fairwatch topics apply`"),
        ({"in": 5, STATE: 3}, {}, "has 3 partitions but in has 5"),
        ({"in": 5}, {"unseen": 10_000}, "has 0 partitions but in has 5"),
        ({"in": 5, STATE: 5}, {"policy": "delete"}, "has cleanup.policy=delete"),
        ({"in": 5, STATE: 5}, {"policy": "compact,delete"}, "which forgets state that is still needed"),
        ({"in": 5}, {"trouble": KafkaConnectionError("no")}, "cannot be made: KafkaConnectionError.*with 5 partitions"),
        ({"in": 5}, {"code": 29}, "cannot be made: TopicAuthorizationFailedError; make it"),
    ],
)
async def test_one_that_cannot_be_as_it_has_to_is_told_with_what_to_do(monkeypatch, counts, changed, says) -> None:
    admin = Admin(**counts)
    for name, value in changed.items():
        setattr(admin, name, value)
    with pytest.raises(ConfigurationError, match=says):
        await ensured(admin, monkeypatch)
    assert admin.closed == 1


async def test_one_that_somebody_else_makes_at_the_same_moment_is_fine(monkeypatch) -> None:
    admin = Admin(**{"in": 5, STATE: 5})
    admin.code = TopicAlreadyExistsError.errno
    await ensured(admin, monkeypatch)
