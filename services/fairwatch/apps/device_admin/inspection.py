"""How a device does: what came of it lately, whether it was understood, what its clock is worth, what nobody reads."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fairwatch.apps.kafka import codec
from fairwatch.apps.messages import read
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import RejectedError


@dataclass(slots=True)
class Inspection:
    """What was found.

    Attributes:
        received: Payloads that gateways took, by gateway; `last_at` when the last one came (microseconds).
        sightings: What came of them, by format; `clock` and `offset_ms` as of the last one.
        dead: What nobody could read, by reason and field.
        unread: Fields that no declaration reads, by how many payloads had them.
    """

    received: Counter[str] = field(default_factory=Counter)
    last_at: int = 0
    sightings: Counter[str] = field(default_factory=Counter)
    placed: bool = False
    clock: str = ""
    offset_ms: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)


def recent(settings: Settings, topic: str, since_ms: int) -> Iterator[dict[str, Any]]:
    """Yield the records of a topic since a time; what cannot be decoded is left out."""
    decode = codec(settings).decode
    for message in read(settings, topic, since_ms=since_ms):
        if message.unreadable is None and message.raw.value is not None:
            try:
                yield decode(message.raw.value)[1]
            except RejectedError:
                continue


def raw_events(settings: Settings, device_id: str, since_ms: int) -> Iterator[dict[str, Any]]:
    """Yield the raw events of a device since a time."""
    return (raw for raw in recent(settings, "raw-events", since_ms) if raw["device_id"] == device_id)


def inspect(settings: Settings, device_id: str, since_ms: int) -> Inspection:
    """Return what became of a device's events since a time.

    Raises:
        RetryableError: No broker answers.
    """
    found = Inspection()
    for raw in raw_events(settings, device_id, since_ms):
        found.received[raw["gateway"]] += 1
        found.last_at = max(found.last_at, raw["received_at"])
    for sighting in recent(settings, "sightings", since_ms):
        observation = sighting["observation"]
        tokens = observation["source"].get("tokens") or {}
        if device_id in {observation["device_id"], tokens.get("sender")}:
            found.sightings[observation["source"]["format"]] += 1
            found.placed = sighting["device_known"]
            found.clock, found.offset_ms = sighting["clock"], sighting["clock_offset_ms"]
    for topic in ("raw-events-dlq", "observations-dlq"):
        for letter in recent(settings, topic, since_ms):
            if (letter.get("key") or b"") in {device_id, device_id.encode()}:
                found.dead[" ".join(filter(None, (letter["reason"], letter.get("field"))))] += 1
    for drift in recent(settings, "field-drift", since_ms):
        if drift["device_id"] == device_id:
            found.unread[f"{drift['format']} {drift['path']}"] += drift["weight"]
    return found
