"""Compares the topics of schemas/topics with those of a broker, and makes the broker follow."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, KafkaTimeoutError, TopicAlreadyExistsError

from fairwatch.apps.topics_access import changelogs, keyed
from fairwatch.domain.errors import RetryableError
from fairwatch.wire.topics import Topic, topics

_WAIT_MS = 15_000
_LOOK_MS = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the files and the broker.

    Attributes:
        resource: Topic, prefix included, or principal.
        action: `create` or `set` a topic or setting, `add` partitions; `delete` and `recreate` only when told; `allow`,
            `revoke` and `limit` a principal; `by hand` for what is not done without being told.
        what: `topic`, `partitions`, the name of a setting or quota, or what a principal may touch.
        before, after: As the broker has it, None where it has nothing; as it should be.
        advice: What to do about it, where that is left to people.
    """

    resource: str
    action: Literal["create", "set", "add", "delete", "recreate", "allow", "revoke", "limit", "by hand"]
    what: str
    before: str | None
    after: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What people want although it costs something.

    Attributes:
        move_keys: Add partitions also where keys move away from what is kept for them.
        recreate: Logical names of topics that are deleted, with every record, and made anew.
        keep_shorter: Leave topics that keep records for a shorter time than they should.
    """

    move_keys: bool = False
    recreate: frozenset[str] = frozenset()
    keep_shorter: bool = False


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
    admin: KafkaAdminClient,
    prefix: str = "",
    max_partitions: int = 0,
    chosen: Iterable[Topic] | None = None,
    told: Told = Told(),
    *,
    list_parts: int = 1,
) -> list[Change]:
    """Return what `apply` would do, and what is left to people.

    Raises:
        RetryableError: The broker does not answer.
    """
    files = {topic.name: topic for topic in chosen or topics().values()}
    states = {name: sources for name, sources in changelogs(list_parts).items() if files.keys() & set(sources)}
    try:
        there = present(admin, [prefix + name for name in (*files, *states)])
    except KafkaError as error:
        raise RetryableError(f"topics cannot be described: {error!r}") from error
    counts = {name: _partitions(there.get(prefix + name), topic, max_partitions) for name, topic in files.items()}
    # States first: a worker that finds new partitions looks for their state.
    found = [
        _state(prefix + name, there[prefix + name], sources, max(counts.get(source, 0) for source in sources), told)
        for name, sources in states.items()
        if prefix + name in there
    ]
    found += [
        _topic(prefix, topic, there.get(prefix + name), wanted(topic, max_partitions), told)
        for name, topic in files.items()
    ]
    return [change for changes in found for change in changes]


def _partitions(there: Mapping[str, str] | None, topic: Topic, max_partitions: int) -> int:
    return max(int(there["partitions"]) if there else 0, int(wanted(topic, max_partitions)["partitions"]))


def _state(name: str, there: Mapping[str, str], sources: Sequence[str], count: int, told: Told) -> list[Change]:
    if told.recreate & set(sources):
        return [Change(name, "delete", "topic", f"{there['partitions']} partitions", "")]
    found = _count(name, there["partitions"], count, "moved keys leave their state behind", told)
    if there.get("cleanup.policy", "compact") != "compact":
        found.append(Change(name, "set", "cleanup.policy", there["cleanup.policy"], "compact"))
    return found


def _topic(
    prefix: str, topic: Topic, there: Mapping[str, str] | None, settings: Mapping[str, str], told: Told
) -> list[Change]:
    name, described = prefix + topic.name, ", ".join(f"{key}={value}" for key, value in settings.items())
    if there is None:
        return [Change(name, "create", "topic", None, described)]
    if topic.name in told.recreate:
        return [Change(name, "recreate", "topic", f"{there['partitions']} partitions", described)]
    left = keyed().get(topic.name, "")
    found = _count(name, there["partitions"], int(settings["partitions"]), left and f"keys leave {left} behind", told)
    return found + [
        Change(name, "set", key, there.get(key), value)
        for key, value in settings.items()
        if key != "partitions" and not _same(there.get(key), value)
        if not (told.keep_shorter and key == "retention.ms" and _is_shorter(there.get(key), value))
    ]


def _is_shorter(there: str | None, value: str) -> bool:
    """Compare lifetimes; -1 is for ever."""
    return there is not None and int(there) >= 0 and (int(value) < 0 or int(there) < int(value))


def _count(name: str, before: str, after: int, harm: str, told: Told) -> list[Change]:
    if int(before) == after:
        return []
    if int(before) > after:
        advice = "Kafka takes no partitions away: leave them, or --recreate the topic, which loses its records"
    elif harm and not told.move_keys:
        advice = f"{harm}: --move-keys does it all the same"
    else:
        return [Change(name, "add", "partitions", before, str(after))]
    return [Change(name, "by hand", "partitions", before, str(after), advice)]


def apply(
    admin: KafkaAdminClient,
    changes: Sequence[Change],
    prefix: str = "",
    max_partitions: int = 0,
    replication: int = 1,
    files: Mapping[str, Topic] | None = None,
) -> None:
    """Make topics, settings and partitions; applying the same twice changes nothing. `by hand` is left alone.

    `files` are the topics as they should be, those of schemas/topics by default.

    Raises:
        RetryableError: The broker refuses or does not answer; what was done is done.
    """
    by: dict[str, list[Change]] = {}
    for change in changes:
        by.setdefault(change.action, []).append(change)
    gone = [change.resource for action in ("delete", "recreate") for change in by.get(action, ())]
    new = [change.resource for action in ("create", "recreate") for change in by.get(action, ())]
    altered: dict[str, dict[str, str]] = {}
    for change in by.get("set", ()):
        altered.setdefault(change.resource, {})[change.what] = change.after
    try:
        if gone:
            _delete(admin, gone)
        for name in new:
            _create(admin, name, (files or topics())[name.removeprefix(prefix)], max_partitions, replication)
        if new:
            admin.wait_for_topics(list(new), timeout_ms=_WAIT_MS)
        if altered:
            resources = [ConfigResource(ConfigResourceType.TOPIC, name, settings) for name, settings in altered.items()]
            admin.alter_configs(resources, raise_on_unknown=False)
        for change in by.get("add", ()):
            admin.create_partitions({change.resource: int(change.after)})
    except KafkaError as error:
        raise RetryableError(f"topics cannot be applied: {error!r}") from error


def _delete(admin: KafkaAdminClient, names: Sequence[str]) -> None:
    admin.delete_topics(list(names))
    for _ in range(_WAIT_MS // _LOOK_MS):
        if not present(admin, names):
            return
        time.sleep(_LOOK_MS / 1000)
    raise KafkaTimeoutError(f"{', '.join(names)} are still there after {_WAIT_MS} ms")


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
