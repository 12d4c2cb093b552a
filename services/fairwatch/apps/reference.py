"""The file reference.yaml: sites and devices as configuration, compared with and published to their topics."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from fairwatch.apps.kafka import producer
from fairwatch.apps.publishing import key_of
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.apps.telling import told
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.policy.configuration import read_yaml
from fairwatch.wire.avro import Codec
from fairwatch.wire.json_form import from_json
from fairwatch.wire.schemas import newest
from fairwatch.wire.signed_audit import TOPIC as AUDIT
from fairwatch.wire.topics import Topic, topics

FILE = "reference.yaml"
TOPICS = ("sites", "devices")
_WHEN = "updated_at"
# What `fairwatch devices` writes: a file that does not say it, leaves it.
KEPT = {"devices": ("access", "names", "names_by_kind")}
_CODEC = Codec()

Records = dict[str, dict[str, dict[str, Any]]]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sites: list[dict[str, Any]] = []
    devices: list[dict[str, Any]] = []


@dataclass(frozen=True, slots=True)
class Published:
    """What became of reference.yaml, by `topic key`.

    Attributes:
        changed: Published: new, or other than before.
        same: As they were.
        unnamed: In the topic, but not in the file; they stay.
    """

    changed: list[str]
    same: list[str]
    unnamed: list[str]


def read_reference(path: Path) -> Records:
    """Return records by topic and key; `updated_at` is now where the file does not say it.

    Raises:
        ConfigurationError: Names the file, the record and the field.
    """
    content = read_yaml(path, _File)
    at = time.time_ns() // 1000
    found: Records = {name: {} for name in TOPICS}
    for name in TOPICS:
        topic = topics()[name]
        for number, row in enumerate(getattr(content, name)):
            place = f"{path}: {name}[{number}]"
            try:
                record = from_json(newest()[topic.record], {_WHEN: at, **row})
            except RejectedError as error:
                raise ConfigurationError(f"{place}: {error.detail}") from error
            key = key_of(topic, record)
            if key in found[name]:
                raise ConfigurationError(f"{place}: {topic.key} {key!r} is there twice")
            found[name][key] = record
    return found


async def publish_reference(settings: Settings, wanted: Records) -> Published:
    """Publish what differs from the topics; what the file does not name stays as it is.

    Raises:
        RetryableError: The broker does not acknowledge.
    """
    result = Published([], [], [])
    async with producer(settings, "config") as publisher:
        for name in TOPICS:
            topic = topics()[name]
            known = {key_of(topic, record): record for _, _, record in read_topic(settings, name)}
            for key, row in wanted[name].items():
                record = {**{field: known[key][field] for field in KEPT.get(name, ()) if key in known}, **row}
                same = key in known and _content(topic, known[key]) == _content(topic, record)
                if not same:
                    await publisher.publish(
                        AUDIT, key, told("records.published", f"topic:{name}", details={"key": key})
                    )
                    await publisher.publish(name, key, record)
                (result.same if same else result.changed).append(f"{name} {key}")
            result.unnamed.extend(f"{name} {key}" for key in sorted(set(known) - set(wanted[name])))
    return result


def _content(topic: Topic, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says, defaults filled in, apart from when it was written."""
    _, whole = _CODEC.decode(_CODEC.encode(topic.record, record))
    return {name: value for name, value in whole.items() if name != _WHEN}
