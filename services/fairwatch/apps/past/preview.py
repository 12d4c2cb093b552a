"""What other settings of a list would have accepted of the plates that were read; nobody is told where or when."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairwatch.apps.past.lists import Listed
from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.list_policies import ListPolicies
from fairwatch.matching.mandate import Mandate
from fairwatch.matching.match_policy import MatchPolicy
from fairwatch.matching.plate_hypotheses import hypotheses
from fairwatch.matching.plate_likelihood import Reading
from fairwatch.matching.plates import PlateHit, PlateIndex
from fairwatch.matching.strictness import PlateStrictness

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A reading that would be a candidate: what was read and what is listed, and how they agree."""

    read: str
    listed: str
    manner: str
    likelihood: float
    evidence: float | None


@dataclass(slots=True)
class Preview:
    """What a setting accepts beside the one in force.

    Attributes:
        readings: How many were looked at, within the mandate.
        now, then: What the setting in force accepts, and what the other would, by manner.
        more, less: Readings that only the other accepts, and that only the one in force does; each once.
    """

    readings: int = 0
    now: Counter[str] = field(default_factory=Counter)
    then: Counter[str] = field(default_factory=Counter)
    more: dict[Accepted, int] = field(default_factory=dict)
    less: dict[Accepted, int] = field(default_factory=dict)


def members(listed: Listed, policy: MatchPolicy, name: str) -> list[dict[str, Any]]:
    """Return the plates of a list: a name of matching.yaml, an authorisation or an objective.

    Raises:
        ConfigurationError: There is no plate on it.
    """
    of_lists = ListPolicies(policy.lists, policy.plates)
    found = []
    for entry in listed.entries.values():
        order = listed.authorisations.get(entry.get("authorisation_id") or "")
        own = of_lists.of(order)
        names = {own.name if own else "", *((order["authorisation_id"], order["objective"]) if order else ())}
        if entry["kind"] == "PLATE" and name in names:
            found.append(entry)
    if not found:
        raise ConfigurationError(f"no plate is on a list {name!r}: name one of matching.yaml, an order or an objective")
    return found


def preview(
    sightings: Iterable[Record], listed: Listed, entries: list[dict[str, Any]], policy: MatchPolicy,
    other: PlateStrictness | None, clock: Clock,
) -> Preview:  # fmt: skip
    """Return what another setting would have accepted of what was read; what is out of the mandate is not compared.

    Args:
        sightings: Of the past; each is looked at as its order stood to the time of the sighting, and stands now.
        listed: What is listed.
        entries: Of the list.
        policy: In force.
        other: The other setting; None to look at the one in force alone.
        clock: Of now.
    """
    references = listed.references(entries)
    mandate = Mandate(references["watchlist-entries"], references["authorisations"], references["sites"], policy.mode)
    mandate.refresh()
    index, made = PlateIndex(), Preview()
    index.update(entries)  # type: ignore[arg-type]  # they are records of that schema
    of_lists = ListPolicies(policy.lists, policy.plates)

    def in_force(entry: WatchlistEntry) -> PlateStrictness:
        return of_lists.plates(mandate.rests_on(entry))

    for sighting in sightings:
        place = mandate.place(sighting)  # type: ignore[arg-type]
        at, now = sighting["occurred_at"], clock.now()
        for plate in sighting["observation"].get("plates", ()):
            said = hypotheses(plate)
            if not said or not mandate.admits("PLATE", place, at=at, now=now):
                continue
            made.readings += 1

            def admit(entry_id: str, place: Any = place, at: int = at, now: int = now) -> bool:
                return mandate.admit(entry_id, place, at=at, now=now) is not None

            among = index.candidates([one.text for one in said])
            current = index.search_all(said, admit, in_force, among, policy.reader)
            changed = index.search_all(said, admit, other, among, policy.reader) if other else current
            _compare(made, said, current, changed)
    return made


def _compare(made: Preview, said: Sequence[Reading], current: list[PlateHit], changed: list[PlateHit]) -> None:
    made.now.update(hit.comparison.manner for hit in current)
    made.then.update(hit.comparison.manner for hit in changed)
    before, after = {hit.entry_id for hit in current}, {hit.entry_id for hit in changed}
    for hits, without, into in ((changed, before, made.more), (current, after, made.less)):
        for hit in hits:
            if hit.entry_id not in without:
                found = hit.comparison
                text = said[hit.hypothesis - 1].text
                pair = Accepted(text, hit.listed, found.manner, round(found.likelihood, 3), hit.evidence)
                into[pair] = into.get(pair, 0) + 1
