"""What lies in the topics and at the control room when everything has come through."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from fairwatch.apps.dead_letters import letters
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.domain.records import DeadLetter
from fairwatch.policy.audit_chain import verify
from fairwatch.wire.topics import topics
from tests.chaos.sink import Request, Sink, subject_of
from tests.chaos.world import number_of


@dataclass(frozen=True, slots=True)
class Revision:
    """One record of the topic `alerts`."""

    subject: str
    alert_id: str
    revision: int
    state: str
    count: int
    receivers: tuple[str, ...]


@dataclass(slots=True)
class Found:
    """What came of the events.

    Attributes:
        sightings: Number of times that each event was written as a sighting.
        order: Numbers by device, as they came first.
        alerts: Committed records of the topic `alerts`, in the order of each partition.
        requests: What the control rooms took, in order.
        audits: Records of the topic `audit-chain`.
        letters: Dead letters, as (topic, SHA-256 of the original bytes, reason, detail).
        chain: What is wrong with the audit chain.
        shown: Alerts that the console shows.
    """

    sightings: Counter[int] = field(default_factory=Counter)
    order: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    alerts: list[Revision] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    audits: list[Mapping[str, Any]] = field(default_factory=list)
    letters: list[tuple[str, str, str, str]] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)


def collect(settings: Settings, sink: Sink) -> Found:
    """Read everything, from the beginning."""

    def records(name: str) -> Iterable[dict[str, Any]]:
        return (record for _, _, record in read_topic(settings, name))

    found = of_records(records("sightings"), records("alerts"), records("audit-chain"), sink.requests)
    names = [topic.name for topic in topics().values() if topic.dead_letters]
    found.letters = [_letter(letter) for letter in letters(settings, names)]
    return found


def of_records(
    sightings: Iterable[dict[str, Any]],
    alerts: Iterable[dict[str, Any]],
    chain: Iterable[dict[str, Any]],
    requests: list[Request],
) -> Found:
    """Return what topics and control rooms hold; the console and the dead letters are left to the caller."""
    found = Found(alerts=[_revision(alert) for alert in alerts], requests=list(requests), audits=list(chain))
    _sightings(found, sightings)
    report = verify(found.audits)
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


def _revision(alert: dict[str, Any]) -> Revision:
    return Revision(
        subject_of(alert), alert["alert_id"], alert["revision"], alert["state"], alert["count"],
        tuple(alert["receivers"]),
    )  # fmt: skip


def _letter(letter: DeadLetter) -> tuple[str, str, str, str]:
    return letter["topic"], sha256(letter["value"]).hexdigest(), letter["reason"], letter["detail"]
