"""What is erased of an authorisation, an entry, a candidate or a picture, and what a legal hold keeps of it.

A picture lies in the store once, whoever refers to it: it goes only where nobody who stays refers to it.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fairwatch.domain.records import Authorisation, ErasedKind, LegalHold, WatchlistEntry
from fairwatch.policy.authorisation import NOT_AUTHENTIC

Record = Mapping[str, Any]
PICTURES = ("probe", "scene", "reference")
OURS = "fw-media:"
ENDED = ("REJECTED", "REVOKED", "EXPIRED")


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate as far as erasing is concerned.

    Attributes:
        pictures: URIs of what was seen, and of the picture that it was compared with.
        since: When it came, microseconds UTC.
        evidence: People confirmed it: it outlives the authorisation, for as long as its topics keep it.
    """

    candidate_id: str
    entry_id: str
    authorisation_id: str
    pictures: frozenset[str]
    evidence: bool = False
    since: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes, and why something stays."""

    subject: str
    kind: ErasedKind
    authorisation_id: str | None = None
    entries: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    pictures: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    holds: tuple[str, ...] = ()
    held: frozenset[str] = field(default=frozenset())

    @property
    def empty(self) -> bool:
        """Tell whether nothing is left to erase."""
        return not (self.entries or self.candidates or self.pictures)


def enrolled_with(entry: Record) -> list[Record]:
    """Return the pictures that an entry came with: of the person, and of others who were taken for the person."""
    return [*entry.get("references", ()), *entry.get("not_this_person", ())]


def pictures_of(record: Record) -> frozenset[str]:
    """Return the URIs of our store that a candidate or an entry refers to."""
    said = [*(record.get(name) for name in PICTURES), *enrolled_with(record)]
    return frozenset(media["uri"] for media in said if media and media["uri"].startswith(OURS))


def found(candidate: Record, *, evidence: bool = False) -> Found:
    """Return what erasing has to know of a candidate."""
    ids = (candidate["candidate_id"], candidate["entry_id"], candidate["authorisation_id"])
    return Found(*ids, pictures_of(candidate), evidence)


def found_all(candidates: Iterable[Record]) -> list[Found]:
    """Return the same of many records; the pictures of all shots of a candidate are its pictures."""
    known: dict[str, Found] = {}
    for one in map(found, candidates):
        before = known.get(one.candidate_id)
        known[one.candidate_id] = replace(one, pictures=one.pictures | before.pictures) if before else one
    return list(known.values())


def ended(authorisation: Authorisation, now: int) -> str | None:
    """Return how an authorisation ended, as a state of authorisations; None while it may still be, or become, one."""
    state: str = authorisation.get("state", "REQUESTED")
    if state == NOT_AUTHENTIC:
        return None  # whoever wrote it must not make us destroy what somebody else's authorisation brought
    if state in ENDED:
        return state
    return "EXPIRED" if authorisation["valid_until"] <= now else None


def holds_now(hold: LegalHold, now: int) -> bool:
    """Tell whether a hold stands: one that nobody signed who may, where that is demanded, does not."""
    if hold.get("state") == NOT_AUTHENTIC:
        return False
    until = hold.get("until")
    return hold.get("released_at") is None and hold["placed_at"] <= now and (until is None or now < until)


def plan(
    subject: str,
    entries: Iterable[WatchlistEntry],
    candidates: Iterable[Found],
    holds: Iterable[LegalHold],
    *,
    now: int,
    spare_evidence: bool = False,
    authorisations: Container[str] = (),
) -> Plan:
    """Return what is to be erased.

    Args:
        subject: Id of an authorisation, entry or candidate, or the URI of a picture: whoever it shows.
        entries: All there are.
        candidates: All that are known.
        holds: All there are.
        now: Microseconds UTC.
        spare_evidence: Leave what people confirmed.
        authorisations: Ids of those there are.
    """
    listed, known, standing = list(entries), list(candidates), [hold for hold in holds if holds_now(hold, now)]
    theirs = concerned(subject, listed, known, spare_evidence=spare_evidence)
    staying = _kept(theirs, standing)
    going = [entry for entry in theirs.entries if entry["entry_id"] not in staying]
    leaving = [one for one in theirs.candidates if one.candidate_id not in staying]
    wanted = _all_pictures(going, leaving) | ({subject} if subject.startswith(OURS) else frozenset())
    needed = _needed((e for e in listed if e not in going), (c for c in known if c not in leaving), standing)
    naming = {hold["hold_id"] for hold in standing if hold["subject"] in {subject, *wanted}}
    return Plan(
        subject=subject,
        kind=_kind(subject, authorisations, listed),
        authorisation_id=subject if subject in authorisations else theirs.authorisation_id,
        entries=tuple(sorted(entry["entry_id"] for entry in going)),
        candidates=tuple(sorted(one.candidate_id for one in leaving)),
        pictures=frozenset(wanted - needed),
        shared=frozenset(wanted & needed),
        holds=tuple(sorted(naming.union(*staying.values()))),
        held=frozenset(staying),
    )


@dataclass(frozen=True, slots=True)
class Concerned:
    """What is there of a subject, whether it may go or not."""

    entries: list[WatchlistEntry]
    candidates: list[Found]

    @property
    def authorisation_id(self) -> str | None:
        """Under which it is there."""
        if self.entries:
            return self.entries[0].get("authorisation_id")
        return next((one.authorisation_id for one in self.candidates), None)


def concerned(
    subject: str, listed: Iterable[WatchlistEntry], known: Iterable[Found], *, spare_evidence: bool = False
) -> Concerned:
    """Return the entries and candidates that a subject stands for: its own, and what was found by its entries."""
    entries = [entry for entry in listed if _concerns(subject, entry)]
    names = {entry["entry_id"] for entry in entries}
    seen = [one for one in known if _follows(subject, one, names) and not (spare_evidence and one.evidence)]
    return Concerned(entries, seen)


def _needed(entries: Iterable[WatchlistEntry], candidates: Iterable[Found], standing: Iterable[LegalHold]) -> set[str]:
    """Return the pictures that have to stay: others refer to them, or a hold names them."""
    return _all_pictures(entries, candidates) | {hold["subject"] for hold in standing}


def _kept(theirs: Concerned, standing: Iterable[LegalHold]) -> dict[str, set[str]]:
    """Return the ids of entries and candidates that holds keep, with those holds."""
    words = {entry["entry_id"]: _words(entry) for entry in theirs.entries}
    words |= {one.candidate_id: _words_of(one) for one in theirs.candidates}
    holds = list(standing)
    return {name: ids for name, said in words.items() if (ids := _holding(holds, said))}


def outlived(
    authorisation_id: str,
    old: Iterable[Found],
    entries: Iterable[WatchlistEntry],
    candidates: Iterable[Found],
    holds: Iterable[LegalHold],
    *,
    now: int,
) -> Plan:
    """Return what is to be erased of candidates that are older than their authorisation lets them become.

    Args:
        authorisation_id: Theirs.
        old: Those.
        entries: All there are.
        candidates: All that are known.
        holds: All there are.
        now: Microseconds UTC.
    """
    standing, leaving, naming = [hold for hold in holds if holds_now(hold, now)], list[Found](), set[str]()
    for one in old:
        ids = _holding(standing, _words_of(one))
        naming |= ids
        if not ids:
            leaving.append(one)
    wanted = _all_pictures((), leaving)
    staying = _all_pictures(entries, (one for one in candidates if one not in leaving))
    return Plan(
        subject=authorisation_id,
        kind="AUTHORISATION",
        authorisation_id=authorisation_id,
        candidates=tuple(sorted(one.candidate_id for one in leaving)),
        pictures=frozenset(wanted - staying),
        shared=frozenset(wanted & staying),
        holds=tuple(sorted(naming)),
    )


def _concerns(subject: str, entry: WatchlistEntry) -> bool:
    return subject in {entry["entry_id"], entry.get("authorisation_id")} or subject in pictures_of(entry)


def _follows(subject: str, one: Found, entries: Container[str]) -> bool:
    named = subject in {one.candidate_id, one.authorisation_id, one.entry_id} or subject in one.pictures
    return named or one.entry_id in entries


def _words(entry: WatchlistEntry) -> set[str]:
    return {entry["entry_id"], entry.get("authorisation_id") or "", *pictures_of(entry)}


def _words_of(one: Found) -> set[str]:
    return {one.candidate_id, one.entry_id, one.authorisation_id, *one.pictures}


def _holding(holds: Iterable[LegalHold], words: set[str]) -> set[str]:
    return {hold["hold_id"] for hold in holds if hold["subject"] in words}


def _all_pictures(entries: Iterable[WatchlistEntry], candidates: Iterable[Found]) -> set[str]:
    return set().union(*map(pictures_of, entries), *(one.pictures for one in candidates))


def _kind(subject: str, authorisations: Container[str], entries: Iterable[WatchlistEntry]) -> ErasedKind:
    if subject.startswith(OURS):
        return "PICTURE"
    if subject in authorisations:
        return "AUTHORISATION"
    return "ENTRY" if any(subject == entry["entry_id"] for entry in entries) else "CANDIDATE"
