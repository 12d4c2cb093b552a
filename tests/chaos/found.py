"""What lies in the topics and at the control room when everything has come through."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from fairwatch.apps.dead_letters import letters
from fairwatch.apps.messages import read
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.domain.records import DeadLetter
from fairwatch.policy.audit_chain import verify
from fairwatch.wire.topics import topics
from tests.chaos.sink import Request, Sink, answer_of, subject_of
from tests.chaos.world import number_of

OPEN = ("raw-events", "observations")  # where malformed input is sent
Place = tuple[str, int, int]  # topic, partition, offset


@dataclass(frozen=True, slots=True)
class Revision:
    """One record of the topic `alerts`."""

    subject: str
    alert_id: str
    revision: int
    state: str
    count: int
    receivers: tuple[str, ...]
    answer: str = ""  # see `sink.answer_of`
    issued_at: int = 0  # microseconds


@dataclass(slots=True)
class Found:
    """What came of the events.

    Attributes:
        sightings: Number of times that each event was written as a sighting.
        order: Numbers by device, as they came first.
        alerts: Committed records of the topic `alerts`, in the order of each partition.
        requests: What the control rooms took, in order.
        audits: Records of the topic `audit-chain`.
        letters: Dead letters, as (topic, SHA-256 of the bytes that they are about, reason, detail).
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
    there = list(letters(settings, names))
    originals = _originals(settings, {_place(letter) for letter in there})
    found.letters = [_letter(letter, originals) for letter in there]
    return found


def _originals(settings: Settings, places: set[Place]) -> dict[Place, str]:
    """Return the SHA-256 of what lies at these places: a letter may only refer to it, or hold what is left of it."""
    found: dict[Place, str] = {}
    for topic in {topic for topic, _, _ in places} & set(OPEN):
        for message in read(settings, topic, beginning=True, follow=False):
            place = (message.raw.topic, message.raw.partition, message.raw.offset)
            if place in places and message.raw.value is not None:
                found[place] = sha256(message.raw.value).hexdigest()
    return found


def _place(letter: DeadLetter) -> Place:
    return letter["topic"], letter["partition"], letter["offset"]


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
        tuple(alert["receivers"]), answer_of(alert), alert["issued_at"],
    )  # fmt: skip


def _letter(letter: DeadLetter, originals: Mapping[Place, str]) -> tuple[str, str, str, str]:
    digest = originals.get(_place(letter)) or sha256(letter["value"]).hexdigest()
    return letter["topic"], digest, letter["reason"], letter["detail"]
