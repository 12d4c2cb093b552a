"""Everything that the hub holds of one person or plate, store by store: what an access request asks for.

What is followed is what `erase` follows: entries, the candidates that they found, and what came of those. A plate is
also looked for in what was merely seen.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.plate_text import normalise
from fairwatch.policy.erasure import OURS, concerned, found, pictures_of
from fairwatch.wire.topics import DEAD_LETTERS, topics

Record = Mapping[str, Any]
Read = Callable[[str], Iterable[Record]]

FOLLOWING = ("verifications", "verdicts", "correlation-steps", "alert-triggers", "alerts")
TOLD = (
    "alert-actions", "deliveries", "step-failures", "inhibitions", "silences", "incident-steps", "incidents",
    "incident-actions", "erasures", "legal-holds", "audit-chain",
)  # fmt: skip
SEEN = ("sightings", "observations")
ENTRIES, CANDIDATES, MANDATES, RAW = "watchlist-entries", "candidates", "authorisations", "raw-events"

REFUSED = tuple(name for name in (ENTRIES, CANDIDATES, *FOLLOWING, *TOLD, *SEEN) if topics()[name].dead_letters)
OF_BYTES = ("raw_id", "device_id", "gateway", "transport", "format", "received_at", "sha256", "size")


@dataclass(slots=True)
class Subject:
    """What is held of somebody.

    Attributes:
        name: As it was asked for.
        records: By topic, in the order of the walk; those of a topic in the order in which they lie there.
        pictures: URIs, each with what it is: reference, probe, or scene, which may show others.
    """

    name: str
    records: dict[str, list[Record]] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Tell whether nothing is known."""
        return not any(self.records.values())


def walk(read: Read, name: str) -> Subject:
    """Return everything that is held of an entry, a candidate, a plate, or whoever a picture shows.

    Args:
        read: Gives the records of a topic: of one that keeps the latest of each key, those; else all that are there.
            A dead letter is {reason, at, record}, with the record that was refused.
        name: Id of an entry or a candidate, `fw-media:...`, or a plate in any spelling.

    Raises:
        ConfigurationError: It is an authorisation, which is about several people.
    """
    mandates = {str(one["authorisation_id"]): one for one in read(MANDATES)}
    if name in mandates:
        raise ConfigurationError(f"{name} is an authorisation, and about all whom it lists: name an entry or a plate")
    subject, plate = Subject(name), "" if name.startswith(OURS) else normalise(name)
    entries, candidates = _listed(read, name, plate)
    named = {str(one["authorisation_id"]) for one in (*entries, *candidates) if one.get("authorisation_id")}
    subject.records[ENTRIES], subject.records[CANDIDATES] = entries, candidates
    subject.records[MANDATES] = [mandates[one] for one in sorted(named & mandates.keys())]
    for record in (*entries, *candidates):
        subject.pictures.update(_pictures(record))
    words = {str(one["entry_id"]) for one in entries} | {str(one["candidate_id"]) for one in candidates}
    if name.startswith(OURS):
        subject.pictures.setdefault(name, "as named")
        words.add(name)
    _seen(read, subject, {str(one["sighting_id"]) for one in candidates}, plate)
    for topic in FOLLOWING:
        subject.records[topic] = [one for one in read(topic) if mentions(one, words)]
    words |= {str(one["alert_id"]) for one in subject.records["alerts"]} | subject.pictures.keys()
    for topic in TOLD:
        subject.records[topic] = [one for one in read(topic) if mentions(one, words)]
    for topic in REFUSED:
        found = [one for one in read(topic + DEAD_LETTERS) if mentions(one, words) or _shows(one["record"], plate)]
        subject.records |= {topic + DEAD_LETTERS: found} if found else {}
    return subject


def _shows(record: Record, plate: str) -> bool:
    """Tell whether a sighting or an observation shows a plate."""
    return bool(plate) and plate in set(_plates(record.get("observation", record)))


def mentions(record: Any, words: Collection[str]) -> bool:
    """Tell whether a record holds one of these words, as a whole value, wherever in it.

    >>> mentions({"a": [{"b": "e1"}]}, {"e1"}), mentions({"a": "e10"}, {"e1"})
    (True, False)
    """
    left = [record]
    while left:
        one = left.pop()
        if isinstance(one, str):
            if one in words:
                return True
        elif isinstance(one, Mapping):
            left.extend(one.values())
        elif isinstance(one, list | tuple):
            left.extend(one)
    return False


def _listed(read: Read, name: str, plate: str) -> tuple[list[Record], list[Record]]:
    """Return entries and candidates: those that an erasure would take, and those of the plate."""
    entries, candidates = list(read(ENTRIES)), list(read(CANDIDATES))
    taken = concerned(name, cast("list[WatchlistEntry]", entries), map(found, candidates))
    ours = {one["entry_id"] for one in taken.entries}
    ours |= {one["entry_id"] for one in entries if plate and normalise(one.get("plate") or "") == plate}
    ids = {one.candidate_id for one in taken.candidates}
    return [one for one in entries if one["entry_id"] in ours], [
        one for one in candidates if one["candidate_id"] in ids or one["entry_id"] in ours or _read_as(one, plate)
    ]


def _read_as(candidate: Record, plate: str) -> bool:
    said = (candidate.get("plate_read"), candidate.get("plate_listed"))
    return bool(plate) and plate in {normalise(text) for text in said if text}


def _seen(read: Read, subject: Subject, sightings: Collection[str], plate: str) -> None:
    """Note sightings and observations that were compared, or show the plate, and the bytes that they came from."""
    ids, hashes = set[str](), set[str]()
    for topic in SEEN:
        kept = subject.records[topic] = list[Record]()
        for one in read(topic):
            observation = one.get("observation", one)
            wanted = one.get("sighting_id") in sightings or observation["observation_id"] in ids
            if wanted or (plate and plate in set(_plates(observation))):
                kept.append(one)
                ids.add(observation["observation_id"])
                hashes.add(str(observation.get("raw_sha256")))
                subject.pictures.update(dict.fromkeys(_ours(observation.get("media", ())), "scene"))
    subject.records[RAW] = [_without_bytes(one) for one in read(RAW) if one["sha256"] in hashes] if hashes else []


def _plates(observation: Record) -> Iterator[str]:
    for plate in observation.get("plates") or ():
        yield from (normalise(text) for text in (plate.get("text"), plate.get("raw")) if text)


def _pictures(record: Record) -> Iterator[tuple[str, str]]:
    scene = (record.get("scene") or {}).get("uri")
    probe = (record.get("probe") or {}).get("uri")
    for uri in pictures_of(record):
        yield uri, "scene" if uri == scene else "probe" if uri == probe else "reference"


def _ours(media: Iterable[Record]) -> Iterator[str]:
    return (one["uri"] for one in media if one["uri"].startswith(OURS))


def _without_bytes(record: Record) -> Record:
    """Leave out what a device sent, and how it signed in: it may tell of others; the hash says which bytes."""
    return {name: record[name] for name in OF_BYTES if name in record}
