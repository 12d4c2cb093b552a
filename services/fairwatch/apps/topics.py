"""Compares the topics of schemas/topics with those of a broker, and makes the broker follow."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from fairwatch.domain.errors import RetryableError
from fairwatch.wire.topics import Topic, topics

_WAIT_MS = 15_000


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between a topic's file and the broker.

    Attributes:
        topic: Name on the broker, prefix included.
        action: `create`; `set` a setting; `by hand` for what is not done automatically (partitions: keys would move).
        what: `topic`, `partitions` or the name of a setting.
        before, after: As the broker has it, None where it has nothing; as it should be.
    """

    topic: str
    action: Literal["create", "set", "by hand"]
    what: str
    before: str | None
    after: str


def wanted(topic: Topic, max_partitions: int = 0) -> dict[str, str]:
    """Return partitions and settings of a topic, as text; `max_partitions` bounds them all alike, 0 for no bound."""
    count = min(topic.partitions, max_partitions) if max_partitions else topic.partitions
    return {"partitions": str(count), **topic.configuration()}


def present(admin: KafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return partitions and settings of those topics that the broker has."""
    found = {
        topic["name"]: str(len(topic["partitions"]))
        for topic in admin.describe_topics(list(names))
        if not topic["error_code"]
    }
    if not found:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in found]
    settings: Mapping[str, Any] = admin.describe_configs(asked, config_filter="all")["topic"]
    return {
        name: {"partitions": count, **{key: str(setting["value"]) for key, setting in settings.get(name, {}).items()}}
        for name, count in found.items()
    }


def differences(
    admin: KafkaAdminClient, prefix: str = "", max_partitions: int = 0, chosen: Iterable[Topic] | None = None
) -> list[Change]:
    """Return what `apply` would do, and what is left to people.

    Raises:
        RetryableError: The broker does not answer.
    """
    files = {prefix + topic.name: wanted(topic, max_partitions) for topic in chosen or topics().values()}
    try:
        there = present(admin, list(files))
    except KafkaError as error:
        raise RetryableError(f"topics cannot be described: {error!r}") from error
    changes: list[Change] = []
    for name, settings in files.items():
        if name not in there:
            changes.append(
                Change(name, "create", "topic", None, ", ".join(f"{key}={value}" for key, value in settings.items()))
            )
            continue
        changes += [
            Change(name, "by hand" if key == "partitions" else "set", key, there[name].get(key), value)
            for key, value in settings.items()
            if not _same(there[name].get(key), value)
        ]
    return changes


def apply(
    admin: KafkaAdminClient,
    changes: Sequence[Change],
    prefix: str = "",
    max_partitions: int = 0,
    replication: int = 1,
) -> None:
    """Create topics and set settings; applying the same twice changes nothing. `by hand` changes are left alone.

    Raises:
        RetryableError: The broker refuses or does not answer; what was done is done.
    """
    new = {change.topic: topics()[change.topic.removeprefix(prefix)] for change in changes if change.action == "create"}
    altered: dict[str, dict[str, str]] = {}
    for change in changes:
        if change.action == "set":
            altered.setdefault(change.topic, {})[change.what] = change.after
    try:
        for name, topic in new.items():
            _create(admin, name, topic, max_partitions, replication)
        if new:
            admin.wait_for_topics(list(new), timeout_ms=_WAIT_MS)
        if altered:
            resources = [ConfigResource(ConfigResourceType.TOPIC, name, settings) for name, settings in altered.items()]
            admin.alter_configs(resources, raise_on_unknown=False)
    except KafkaError as error:
        raise RetryableError(f"topics cannot be applied: {error!r}") from error


def _create(admin: KafkaAdminClient, name: str, topic: Topic, max_partitions: int, replication: int) -> None:
    settings = wanted(topic, max_partitions)
    count = int(settings.pop("partitions"))
    options = {"num_partitions": count, "replication_factor": replication, "configs": settings}
    try:
        admin.create_topics({name: options})
    except TopicAlreadyExistsError:
        return  # somebody else was faster


def _same(there: str | None, value: str) -> bool:
    """Compare settings; lists such as cleanup.policy have no order."""
    return there is not None and sorted(there.replace(" ", "").split(",")) == sorted(value.split(","))
