"""Silences: what makes one valid, which are in force, and which of them holds an alert back."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from fairwatch.domain.ports import Reference
from fairwatch.policy.authorisation import NOT_AUTHENTIC, person
from fairwatch.policy.matchers import Labels, Matcher, matcher, place_of, places_of, takes_everything
from fairwatch.policy.quiet import Quiet

log = structlog.get_logger()
HOUR = 3_600_000_000
DAY = 24 * HOUR
REASON_LIMIT = 500
Fault = Literal[
    "no_author",
    "no_reason",
    "no_matcher",
    "broken_matcher",
    "matches_everything",
    "ends_before_start",
    "too_long",
    "unknown_role",
    "approved_by_author",
    "not_authentic",  # whom it names did not sign it
]


@dataclass(frozen=True, slots=True)
class InForce:
    """A silence that was understood. Times in microseconds."""

    silence_id: str
    matchers: tuple[Matcher, ...]
    starts_at: int
    expires_at: int
    approved: bool

    def takes(self, labels: Labels) -> bool:
        """Tell whether it is of an alert; what is EXTREME it takes only when a second person agreed."""
        if "EXTREME" in labels.get("severity", ()) and not self.approved:
            return False
        return all(one.holds(labels) for one in self.matchers)


def faults(record: Mapping[str, Any], quiet: Quiet) -> Iterator[tuple[Fault, str]]:
    """Yield what is wrong with a silence: a bounded reason and a sentence."""
    author = person(record["author"])
    if record.get("state") == NOT_AUTHENTIC:
        yield "not_authentic", "whom it names did not sign it"
    if not author:
        yield "no_author", "nobody says that it is theirs"
    if not record["reason"].strip() or len(record["reason"]) > REASON_LIMIT:
        yield "no_reason", f"a reason of 1 to {REASON_LIMIT} characters is missing"
    yield from matcher_faults(record["matchers"])
    longest = quiet.longest(record.get("role", ""))
    length = record["expires_at"] - record["starts_at"]
    if length <= 0:
        yield "ends_before_start", "it ends before it starts"
    elif longest is None:
        yield "unknown_role", f"role {record.get('role', '')!r} may not silence anything"
    elif length > longest:
        yield "too_long", f"role {record['role']!r} may silence for {longest / HOUR:g} h at most"
    if any(person(name) in (author, "") for name in record.get("approved_by", ())):
        yield "approved_by_author", "whoever approves it has to be somebody else than its author"


def in_force(record: Mapping[str, Any], quiet: Quiet) -> InForce | None:
    """Return a silence as it holds, or None for one that is not valid."""
    if next(faults(record, quiet), None) is not None:
        return None
    matchers = tuple(matcher(text) for text in record["matchers"])
    approved = bool(record.get("approved_by"))
    return InForce(record["silence_id"], matchers, record["starts_at"], record["expires_at"], approved)


class Silences:
    """The silences of a topic; those that are not valid are named in the log once and hold nothing back.

    Args:
        reference: Silence by its id.
        quiet: How long each role may silence.
    """

    def __init__(self, reference: Reference, quiet: Quiet) -> None:
        self._reference = reference
        self._quiet = quiet
        self._read_at: int | None = None
        self._known: list[InForce] = []
        self._by_place: dict[tuple[str, str], list[InForce]] = {}
        self._named: set[str] = set()

    @property
    def version(self) -> int:
        """Grow by one at each change."""
        return self._reference.version

    def any_at(self, now: int) -> bool:
        """Tell whether any holds at a time, before anybody asks about an alert."""
        self._read(now)
        return any(one.starts_at <= now < one.expires_at for one in self._known)

    def holding(self, labels: Labels, now: int) -> InForce | None:
        """Return the silence that holds an alert back the longest, or None."""
        self._read(now)
        near = (one for place in places_of(labels) for one in self._by_place.get(place, ()))
        found = (one for one in near if one.starts_at <= now < one.expires_at and one.takes(labels))
        return max(found, key=lambda one: one.expires_at, default=None)

    def next_start(self, now: int) -> int | None:
        """Return when the next one begins, in microseconds."""
        self._read(now)
        return min((one.starts_at for one in self._known if one.starts_at > now), default=None)

    def _read(self, now: int) -> None:
        if self._read_at == self._reference.version:
            return
        self._read_at, self._known = self._reference.version, []
        for silence_id, record in self._reference.items():
            if record["expires_at"] <= now - DAY:  # no clock is that far ahead
                continue
            if (found := in_force(record, self._quiet)) is not None:
                self._known.append(found)
            elif silence_id not in self._named:
                self._named.add(silence_id)
                reasons = sorted({fault for fault, _ in faults(record, self._quiet)})
                log.warning("silence.refused", silence=silence_id, reasons=reasons)
        places = defaultdict[tuple[str, str], list[InForce]](list)
        for one in self._known:
            places[place_of(one.matchers)].append(one)
        self._by_place = dict(places)


def matcher_faults(texts: Sequence[str]) -> Iterator[tuple[Fault, str]]:
    """Yield what is wrong with the matchers of a silence."""
    if not texts:
        yield "no_matcher", 'it needs a matcher such as device_id="cam-1"'
        return
    try:
        matchers = tuple(matcher(text) for text in texts)
    except ValueError as error:
        yield "broken_matcher", f"a matcher {error}"
        return
    if takes_everything(matchers):
        yield "matches_everything", "one matcher at least has to ask for something"
