"""Which of the lists' own policies holds for an entry."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from fairwatch.matching.models import ThresholdPolicy
from fairwatch.matching.strictness import ListPolicy, PlateStrictness


class ListPolicies:
    """The policies of lists, by authorisation and by objective; what no list says of itself holds for all.

    Args:
        lists: Of matching.yaml.
        plates: What holds for plates of other lists.
    """

    def __init__(self, lists: Iterable[ListPolicy], plates: PlateStrictness) -> None:
        self._plates = plates
        self._lists = tuple(lists)
        self._by_authorisation = {name: each for each in self._lists for name in each.authorisations}
        self._by_objective = {name: each for each in self._lists for name in each.objectives}

    def of(self, authorisation: Mapping[str, Any] | None) -> ListPolicy | None:
        """Return the policy of the lists under an authorisation; None where they have none of their own."""
        if not self._lists or authorisation is None:
            return None
        own = self._by_authorisation.get(authorisation["authorisation_id"])
        return own or self._by_objective.get(authorisation["objective"])

    def plates(self, authorisation: Mapping[str, Any] | None) -> PlateStrictness:
        """Return what a reading of a plate under an authorisation needs."""
        own = self.of(authorisation)
        return own.plates if own and own.plates else self._plates

    def faces(self, authorisation: Mapping[str, Any] | None) -> ThresholdPolicy | None:
        """Return how near a face listed under an authorisation has to be; None for what holds for all."""
        own = self.of(authorisation)
        return own.faces if own else None

    @property
    def farthest(self) -> float:
        """The largest L2 distance at which a face of some list is a candidate; 0 where no list has its own."""
        return max((each.faces.distance for each in self._lists if each.faces), default=0.0)


def doubled(lists: Iterable[ListPolicy]) -> list[str]:
    """Return names, authorisations and objectives that several lists claim."""
    rows = list(lists)
    claims = (rows_of(each) for each in rows)
    number = Counter(chain.from_iterable(claims))
    return sorted(claim for claim, count in number.items() if count > 1)


def rows_of(one: ListPolicy) -> list[str]:
    """Return what a list claims for itself, each in words."""
    authorisations = [f"authorisation {name}" for name in one.authorisations]
    return [f"list {one.name}", *authorisations, *(f"objective {name}" for name in one.objectives)]
