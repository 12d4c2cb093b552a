"""A world without Kafka for processors: real in-memory state and references, a manual clock, a one-partition driver."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import fastavro
from fastavro.schema import parse_schema

from fairwatch.apps.publishing import key_of
from fairwatch.apps.rehearsal.memory import MemoryReference, MemoryState
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Outcome
from fairwatch.domain.processor import Processor
from fairwatch.policy.audit_writers import refusal
from fairwatch.wire.topics import topics
from tests.support.places import SCHEMAS

__all__ = ["PARTITION", "MemoryReference", "MemoryState", "World", "assert_valid", "emitted"]
PARTITION = 0


class World:
    """One partition of one processor: push records, tick, collect what came out."""

    def __init__(self, processor: Processor, clock: ManualClock | None = None) -> None:
        self.processor = processor
        self.clock = clock or ManualClock()
        self.outcomes: list[Outcome] = []
        self._offset = 0

    def event(self, topic: str, type_: str, record: Any, key: str = "") -> Event:
        self._offset += 1
        written = key or (key_of(topics()[topic], record) if record and topic in topics() else "")
        return Event(topic, type_, record, written, partition=PARTITION, offset=self._offset)

    def rewind(self, events: int) -> None:
        """Let what comes next lie where the last so many events lay."""
        self._offset -= events

    async def push(self, *events: Event) -> list[list[Outcome]]:
        """Hand over one batch and return the outcomes by event, each Emit checked against the spec and its schema."""
        answers = [list(outcomes) for outcomes in await self.processor.handle(events)]
        assert len(answers) == len(events), "one list of outcomes for each event"
        for outcome in (outcome for answer in answers for outcome in answer):
            self._check(outcome)
        return answers

    async def tick(self, seconds: float = 0) -> list[Emit]:
        """Move the clock, tick, and return what was due."""
        self.clock.advance(seconds=seconds)
        emitted = list(await self.processor.tick([PARTITION]))  # type: ignore[attr-defined]  # only ticking ones are ticked
        for outcome in emitted:
            self._check(outcome)
        return emitted

    def _check(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if isinstance(outcome, Emit):
            assert outcome.topic in self.processor.spec.writes, f"{outcome.topic} is not declared"
            if outcome.record is not None and not outcome.topic.endswith("-dlq"):
                assert_valid(outcome.record)
            if outcome.topic == "audit":
                action, actor = outcome.record["action"], outcome.record["actor"]
                assert not refusal(action, actor, self.processor.spec.name), f"{action} is not for it to say"


def emitted(answers: Sequence[Sequence[Outcome]], topic: str) -> list[Any]:
    """Return the records emitted to a topic, in order."""
    return [o.record for answer in answers for o in answer if isinstance(o, Emit) and o.topic == topic]


def assert_valid(record: Mapping[str, Any]) -> str:
    """Return the type of a record; fail when it fits none of our schemas."""
    for type_, id_field in ID_FIELDS.items():
        if id_field in record and _fits(type_, record):
            return type_
    raise AssertionError(f"fits no schema: {sorted(record)}")


ID_FIELDS = {
    "FieldDrift": "seen_at",
    "SiteArming": "changes",
    "Verdict": "verdict_id",
    "Verification": "verification_id",
    "MatchCandidate": "candidate_id",
    "Delivery": "delivery_id",
    "AlertAction": "action_id",
    "IncidentAction": "action_id",
    "Incident": "incident_id",
    "Alert": "alert_id",
    "Sighting": "sighting_id",
    "Observation": "observation_id",
    "Authorisation": "authorisation_id",
    "WatchlistEntry": "entry_id",
    "Device": "device_id",
    "Site": "site_id",
    "Silence": "silence_id",
    "AuditRecord": "audit_id",
    "RawEvent": "raw_id",
    "ErasureReceipt": "receipt_id",
    "LegalHold": "hold_id",
    "TrustHead": "head_id",
}
_PARSED: dict[str, Any] = {}


def plain_schema(type_: str) -> dict[str, Any]:
    """Return the newest schema of a record without logical types: times are ints, as on our wire."""
    kebab = "".join("-" + c.lower() if c.isupper() else c for c in type_).lstrip("-")
    path = max((SCHEMAS / "avro").glob(f"{kebab}.v*.avsc"), key=lambda p: int(p.name.split(".v")[1].split(".")[0]))
    return _without_logical(json.loads(path.read_text(encoding="utf-8")))


def parsed_schema(type_: str) -> Any:
    """Return it parsed by fastavro."""
    if type_ not in _PARSED:
        _PARSED[type_] = parse_schema(plain_schema(type_), named_schemas={})
    return _PARSED[type_]


def _fits(type_: str, record: Mapping[str, Any]) -> bool:
    return bool(fastavro.validate(record, parsed_schema(type_), raise_errors=False, strict=False)) and not (
        set(record) - {field["name"] for field in parsed_schema(type_)["fields"]}
    )


def _without_logical(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_logical(item) for item in node]
    if isinstance(node, dict):
        return {name: _without_logical(value) for name, value in node.items() if name != "logicalType"}
    return node
