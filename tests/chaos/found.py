"""What lies in the topics and at the control room when everything has come through."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from fairwatch.apps.dead_letters import letters
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.domain.records import DeadLetter
from fairwatch.policy.audit_chain import verify
from fairwatch.wire.topics import topics
from tests.chaos.sink import Sink
from tests.chaos.world import number_of


@dataclass(slots=True)
class Found:
    """What came of the events.

    Attributes:
        sightings: Number of times that each event was written as a sighting.
        order: Numbers by device, as they came first.
        alerts: Alert ids of each entry in the topic, by entry id; told: those that the control room took as new.
        effects: Webhook ids of each (alert id, revision) that the control room took.
        repeated: Records and requests that came again as they were, with the same id.
        letters: Dead letters, as (topic, SHA-256 of the original bytes, reason, detail).
        chain: What is wrong with the audit chain.
        shown: Alerts that the console shows.
    """

    sightings: Counter[int] = field(default_factory=Counter)
    order: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    alerts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    told: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    effects: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    repeated: int = 0
    letters: list[tuple[str, str, str, str]] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)


def collect(settings: Settings, sink: Sink) -> Found:
    """Read everything, from the beginning."""
    found = Found(told=dict(sink.entries), effects=dict(sink.revisions))
    _sightings(found, (record for _, _, record in read_topic(settings, "sightings")))
    _alerts(found, (record for _, _, record in read_topic(settings, "alerts")))
    found.repeated += sum(count - 1 for count in sink.ids.values())
    names = [topic.name for topic in topics().values() if topic.dead_letters]
    found.letters = [_letter(letter) for letter in letters(settings, names)]
    report = verify(record for _, _, record in read_topic(settings, "audit-chain"))
    found.chain = [f"{fault.chain} {fault.sequence}: {fault.kind}: {fault.detail}" for fault in report.faults]
    return found


def _sightings(found: Found, records: Iterable[dict[str, Any]]) -> None:
    for record in records:
        seen = record["observation"]
        number = number_of(seen["plates"][0]["text"]) if seen.get("plates") else None
        if number is None:
            continue
        if not found.sightings[number]:
            found.order[seen["device_id"]].append(number)
        found.sightings[number] += 1


def _alerts(found: Found, records: Iterable[dict[str, Any]]) -> None:
    revisions: Counter[tuple[str, int]] = Counter()
    for alert in records:
        revisions[alert["alert_id"], alert["revision"]] += 1
        if alert["revision"] == 0:
            found.alerts[alert["entry_id"]].add(alert["alert_id"])
    found.repeated += sum(count - 1 for count in revisions.values())


def _letter(letter: DeadLetter) -> tuple[str, str, str, str]:
    return letter["topic"], sha256(letter["value"]).hexdigest(), letter["reason"], letter["detail"]
