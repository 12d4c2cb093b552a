"""Every topic, read from schemas/topics: one YAML file each, and a dead letter topic derived for most of them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from fairwatch.domain.errors import ConfigurationError
from fairwatch.parts import of_kind, parts
from fairwatch.wire.schemas import FOLDER

DEAD_LETTERS = "-dlq"
_DEAD_LETTER_FACTOR = 7  # a dead letter outlives its topic's records this many times
_DEAD_LETTER_HOURS = 365 * 24  # … and this long where those are kept for ever
_DEAD_LETTER_PARTITIONS = 3

Outsider = Literal["sdk", "cli"]  # any other producer; the commands
PARTIES: tuple[str, ...] = (*parts(), *get_args(Outsider))
# These write what others sent, or are others.
OUTSIDE = frozenset({"sdk", *of_kind("gateway")})


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Topic:
    """What a topic holds, how it is kept, and who uses it.

    Attributes:
        name: Logical name; a deployment may put a prefix before it.
        record: Record type of its values.
        version: Newest version of that record that its producers write.
        key: Path of the field that its records are keyed by.
        partitions: How many; stateful processors need the same number on all topics that they read.
        cleanup: `delete` after retention, `compact` to the last record of each key, or both.
        retention_hours: -1 keeps records for ever.
        producers, consumers: Who writes and reads it: outsiders as the file says, components as `fairwatch.parts` says.
        description: One or two sentences.
        dead_letters: Whether it has a dead letter topic.
        dead_letter_bytes: Whether a dead letter holds what could not be processed; else it refers to it.
        quota_mib: MiB a second that a broker takes from one producer, and gives a reader four times; 0 adds nothing.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z-]{1,40}$")]
    record: str
    version: Annotated[int, Field(ge=1)]
    key: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$")]
    partitions: Annotated[int, Field(ge=1, le=120)]
    cleanup: Literal["delete", "compact", "compact,delete"]
    retention_hours: Annotated[int, Field(ge=-1)]
    producers: Annotated[tuple[str, ...], Field(min_length=1)]
    consumers: Annotated[tuple[str, ...], Field(min_length=1)]
    description: Annotated[str, Field(min_length=10)]
    dead_letters: bool = True
    dead_letter_bytes: bool = True
    quota_mib: Annotated[int, Field(ge=0, le=10_000)] = 8

    @property
    def open(self) -> bool:
        """Whether what it holds comes from outside: from devices through a gateway, or from any other producer."""
        return self.record != "DeadLetter" and not OUTSIDE.isdisjoint(self.producers)

    def key_of(self, record: Any) -> str:
        """Return the key that a record has in this topic."""
        for name in self.key.split("."):
            record = record[name]
        return record.decode() if isinstance(record, bytes) else str(record or "")

    def configuration(self) -> dict[str, str]:
        """Return the broker's settings for this topic."""
        hours = self.retention_hours
        return {"cleanup.policy": self.cleanup, "retention.ms": str(-1 if hours < 0 else hours * 3_600_000)}


_TOPIC = TypeAdapter(Topic)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(path: Path) -> Topic:
    """Read one topic file; its name is the topic's.

    Raises:
        ConfigurationError: Naming the file, the key and what is wrong with it.
    """
    try:
        content: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506  # a safe one
        return _TOPIC.validate_python({"name": path.stem, **content, **_parties(path, content)})
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (yaml.YAMLError, TypeError) as error:
        raise ConfigurationError(f"{path}: not a YAML mapping: {error}") from error


def _parties(path: Path, content: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return who writes and reads a topic: components by their entries, and the outsiders that its file names."""
    found = {
        "producers": [part.name for part in parts().values() if path.stem in part.produces()],
        "consumers": [part.name for part in parts().values() if path.stem in part.consumes()],
    }
    for role in found:
        named = content.get(role, [])
        if strange := [name for name in named if name not in get_args(Outsider)]:
            raise ConfigurationError(
                f"{path}: {role}: {', '.join(strange)}: only {' and '.join(get_args(Outsider))} are named here;"
                " what a component reads and writes stands in its entry in fairwatch/parts.py"
            )
        found[role] += named
    return found


def load_all(folder: Path) -> dict[str, Topic]:
    """Read every topic file below `folder`/topics and derive the dead letter topics."""
    found = {path.stem: load(path) for path in sorted((folder / "topics").glob("*.yaml"))}
    letters = (_dead_letters(topic) for topic in found.values() if topic.dead_letters)
    return found | {topic.name: topic for topic in letters}


@cache
def topics() -> Mapping[str, Topic]:
    """Return every topic by its logical name, `<topic>-dlq` included."""
    found = load_all(FOLDER)
    for part in parts().values():
        if missing := sorted({*part.produces(), *part.consumes()} - found.keys()):
            raise ConfigurationError(
                f"fairwatch/parts.py: {part.name}: no topic {', '.join(missing)} in schemas/topics"
            )
    return found


@cache
def open_topics() -> frozenset[str]:
    """Return the logical names of the topics that hold what comes from outside."""
    return frozenset(name for name, topic in topics().items() if topic.open)


@cache
def referred_topics() -> frozenset[str]:
    """Return the logical names of the topics whose dead letters hold no bytes."""
    return frozenset(name for name, topic in topics().items() if not topic.dead_letter_bytes)


def _buriers(topic: Topic) -> tuple[str, ...]:
    """Return who writes dead letters of a topic: the processors that answer for its records one by one.

    Who holds a topic whole leaves out what it cannot read; where all do, anybody of them is named.
    """
    readers = tuple(part.name for part in parts().values() if part.spec and topic.name in part.spec.reads)
    return readers or tuple(one for one in topic.consumers if one not in OUTSIDE)  # a gateway writes none


def _dead_letters(topic: Topic) -> Topic:
    kept = topic.retention_hours
    held = "whole" if topic.dead_letter_bytes else "by its place there"
    return Topic(
        name=topic.name + DEAD_LETTERS,
        record="DeadLetter",
        version=1,
        key="key",
        partitions=min(_DEAD_LETTER_PARTITIONS, topic.partitions),
        cleanup="delete",
        retention_hours=_DEAD_LETTER_HOURS if kept < 0 else kept * _DEAD_LETTER_FACTOR,
        producers=_buriers(topic),
        consumers=("cli",),
        description=f"What could not be processed from {topic.name}, {held}, under its original key; can be redriven.",
        dead_letters=False,
    )
