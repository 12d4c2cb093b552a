"""The report of a translation: what became of every leaf of the source, and what the target cannot carry.

It says what the trace says, and nothing else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from fairwatch.formats.language.trace import OUTCOMES, Trace
from fairwatch.formats.payload import Encoded


@dataclass(slots=True)
class Report:
    """What became of the leaves of one payload: dotted path -> canonical field, or the reason why there is none.

    Attributes:
        exact: Carried so that it can be written again without a difference.
        approximated: Carried in a form that loses something (a word for a code, a normalised plate).
        kept: Carried under its own name in `extensions`, since no canonical field means it.
        refused: Must not be carried, or only where the policy switch says so; only its name is said here.
        not_read: No row names it, or its value is impossible there; it stays in `raw-events`.
        cannot_carry: Canonical fields that the target has no place for.
    """

    source: str
    target: str = "canonical"
    records: int = 0
    exact: dict[str, str] = field(default_factory=dict)
    approximated: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    not_read: dict[str, str] = field(default_factory=dict)
    cannot_carry: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON-able values."""
        return asdict(self)

    def counts(self) -> dict[str, int]:
        """Return how many leaves had each outcome, in the order of `OUTCOMES`."""
        return {outcome: len(getattr(self, outcome)) for outcome in OUTCOMES}

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """Yield path, outcome and field of each leaf, and what the target cannot carry."""
        for outcome in OUTCOMES:
            for path, what in getattr(self, outcome).items():
                yield path, outcome, what
        for name in self.cannot_carry:
            yield name, "cannot_carry", self.target


def report(
    source: str, records: int, trace: Trace, target: str = "canonical", encoded: Iterable[Encoded] = ()
) -> Report:
    """Return what became of each leaf of a payload.

    Args:
        source: Name of its format.
        records: How many records it gave.
        trace: As `decode` filled it; leaves of several documents are told apart by `#` and the document's number.
        target: Name of the target format.
        encoded: What `encode` made of the records.
    """
    found = Report(source, target, records)
    several = len({entry.document for entry in trace.entries}) > 1
    for entry in trace.entries:
        path = f"#{entry.document}.{entry.path}" if several else entry.path
        getattr(found, entry.outcome)[path] = entry.field
    found.cannot_carry = sorted({path for one in encoded for path in one.lost})
    return found
