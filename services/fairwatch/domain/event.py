"""One record as a processor receives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)  # not frozen: making one is on the hot path, and a frozen one takes three times as long
class Event:
    """One decoded record of a topic.

    Attributes:
        topic: Logical topic, e.g. `observations`.
        type: Record name, e.g. `Observation`.
        record: The dict that fastavro gives; TypedDicts in `domain.records`. None for a tombstone.
        headers: CloudEvents (`ce_*`) and W3C trace context, as bytes.
        partition, offset: Position; -1 outside Kafka.
        origin: Of a record that a chain handed over before it had a place: topic, partition and offset of what came in.
        writer: Which processor of the hub has proved that it wrote it, "" for none; None where nobody asked.
    """

    topic: str
    type: str
    record: Any
    key: str = ""
    headers: Mapping[str, bytes] = field(default_factory=dict)
    partition: int = -1
    offset: int = -1
    origin: tuple[str, int, int] | None = None
    writer: str | None = None

    @property
    def places(self) -> list[dict[str, Any]]:
        """Where it lies, as records that follow from it name it: one place, of what came into its chain at the latest.

        None at all outside Kafka.
        """
        if self.offset >= 0:
            return [{"topic": self.topic, "partition": self.partition, "offset": self.offset}]
        if self.origin is None:
            return []
        topic, partition, offset = self.origin
        return [{"topic": topic, "partition": partition, "offset": offset}]
