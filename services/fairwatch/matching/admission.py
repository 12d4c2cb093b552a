"""Which watchlist entries may be compared at a place and a moment, without a list of all of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Admission:
    """All entries under some authorisations, less a few.

    Attributes:
        authorisations: Ids of those in force here and now.
        without: Entries under them that may not be compared all the same: their own time or place says so.
        version: Names the entries admitted: the same ones give the same, others another.
        size: How many they are.
    """

    authorisations: frozenset[str] = frozenset()
    without: frozenset[str] = field(default_factory=frozenset)
    version: str = ""
    size: int = 0

    @classmethod
    def under(cls, authorisations: Iterable[str], without: Iterable[str] = ()) -> Self:
        """Return one whose size is not known, named after what it says."""
        under, less = frozenset(authorisations), frozenset(without)
        return cls(under, less, repr((sorted(under), sorted(less))))
