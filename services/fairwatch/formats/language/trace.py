"""What became of every leaf of a payload: the one source of the report, of coverage and of drift.

Off on the hot path. Asked for, the rows are compiled a second time with a note behind each reading, and each leaf of
each document ends with exactly one entry: the best that happened to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from fairwatch.formats.language.differences import values_at
from fairwatch.formats.language.marks import Marks
from fairwatch.formats.language.paths import Path, Scope
from fairwatch.policy.protected import is_protected, is_secret, is_soft_biometric

Outcome = Literal["exact", "approximated", "kept", "refused", "not_read"]

Records = Sequence[tuple[str, dict[str, Any]]]

OUTCOMES: Final[tuple[Outcome, ...]] = ("exact", "approximated", "kept", "refused", "not_read")
POLICY: Final = "policy"
_SHAPES: Final[dict[type, str]] = {str: "TEXT", int: "NUMBER", float: "NUMBER", bool: "FLAG"}
_CARRIED: Final = frozenset({"exact", "approximated", "kept"})
_RANK: Final = {outcome: rank for rank, outcome in enumerate(OUTCOMES)}


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one leaf.

    Attributes:
        document: Position of its document in the body.
        path: Dotted; items of lists are numbered.
        outcome: exact: it can be written again as it was; approximated: carried in a form that loses something; kept:
            carried under its own name in `extensions`; refused by policy; not_read: no row names it, or its value is
            impossible there.
        field: Canonical field that carries it, or a reason why nothing does.
        shape: TEXT, NUMBER or FLAG.
    """

    document: int
    path: str
    outcome: Outcome
    field: str = ""
    shape: str = "TEXT"


@dataclass(frozen=True, slots=True)
class Reading:
    """One place that a row reads, as compiled.

    Attributes:
        field: Canonical, dotted from the record on.
        path: In the source, from an item of the scope.
        depth: Index of that item.
        takes: Where the path is the item itself: what of it is used.
        more: Further values of the converter.
        backwards: Writes a value again, where that shows whether it is exact.
        exact: What it is where nothing is written.
        is_kept: It goes to `extensions` under its own name.
    """

    field: str
    path: Path
    depth: int
    takes: tuple[Path, ...] = ()
    more: tuple[Path, ...] = ()
    backwards: Any = None
    exact: bool = True
    is_kept: bool = False


@dataclass(slots=True)
class Trace:
    """The trace of one payload; give one to `decode` to have it filled.

    Attributes:
        entries: One for each leaf, document by document.
    """

    entries: list[Entry] = field(default_factory=list)
    _told: dict[str, tuple[Outcome, str]] = field(default_factory=dict)
    _marks: Marks | None = None
    _documents: int = 0

    def begin(self, document: Any) -> Any:
        """Start a document and return the copy of it that is to be read."""
        self.end()
        self._marks = Marks(document)
        return self._marks.document

    def tell(self, path: str, outcome: Outcome, what: str) -> None:
        """Say what became of a leaf; the best that is said of it counts."""
        known = self._told.get(path)
        if known is None or _RANK[outcome] < _RANK[known[0]]:
            self._told[path] = (outcome, what)

    def read(self, reading: Reading, scope: Scope, result: Any) -> None:
        """Note that a row has read a value, and what it made of it."""
        marks = self._marks
        if marks is None:
            return
        if result is None:
            self._impossible(reading, scope, marks)
            return
        item = scope[reading.path.level(reading.depth)]
        if not reading.path.steps and reading.takes:
            for path in reading.takes:
                self._took(item, path, "exact" if reading.exact else "approximated", reading.field)
        else:
            node, place, names = marks.at(item, reading.path.steps)
            outcome: Outcome = "kept" if reading.is_kept else _quality(reading, node, result)
            self._all((*names, *marks.below(node, place, _name(reading.path))), outcome, reading.field)
        for path in reading.more:
            self._took(scope[path.level(reading.depth)], path, "approximated", reading.field)

    def _impossible(self, reading: Reading, scope: Scope, marks: Marks) -> None:
        item = scope[reading.path.level(reading.depth)]
        if reading.path.steps:
            node, place, _ = marks.at(item, reading.path.steps)
            self._all(marks.below(node, place, _name(reading.path)), "not_read", f"impossible as {reading.field}")

    def closed(self, before: Records, after: Records) -> None:
        """Say of leaves that were read what became of them when the records were closed.

        Args:
            before: The records in the device's words.
            after: The same as they travel.
        """
        became: dict[str, Outcome] = {}  # by field: a body of many objects has many leaves of each
        for place, entry in enumerate(self.entries):
            if entry.outcome not in _CARRIED:
                continue
            if entry.field not in became:
                became[entry.field] = _became(entry.field, before, after)
            if became[entry.field] == "refused":
                self.entries[place] = replace(entry, outcome="refused", field=POLICY)
            elif entry.outcome == "exact":
                self.entries[place] = replace(entry, outcome=became[entry.field])

    def took(self, node: Any, what: str, outcome: Outcome = "exact") -> None:
        """Say, in code that makes canonical values before the rows read, what they were made of."""
        if self._marks is not None:
            self._all(self._marks.below(node), outcome, what)

    def looked(self, item: Any, path: Path, what: str, outcome: Outcome = "approximated") -> None:
        """Say that a value decided something, if only what kind of message it is."""
        self._took(item, path, outcome, what, only_scalars=outcome == "approximated")

    def reachable(self, node: Any) -> set[str]:
        """Return the leaves that are in a part of the document as it is now."""
        return set(self._marks.below(node)) if self._marks is not None else set()

    def all(self, paths: Iterable[str], outcome: Outcome, what: str) -> None:
        """Say the same of several leaves."""
        self._all(paths, outcome, what)

    def end(self) -> None:
        """Write the entries of the document, and be ready for the next one."""
        if self._marks is None:
            return
        for path, value in self._marks.leaves.items():
            outcome, what = self._told.get(path) or _untold(path)
            self.entries.append(Entry(self._documents, path, outcome, what, _SHAPES.get(type(value), "OTHER")))
        self._told.clear()
        self._marks = None
        self._documents += 1

    def _took(self, item: Any, path: Path, outcome: Outcome, what: str, *, only_scalars: bool = False) -> None:
        if self._marks is None:
            return
        node, place, names = self._marks.at(item, path.steps)
        if node is not None and not (only_scalars and type(node) in {dict, list}):
            self._all((*names, *self._marks.below(node, place, _name(path))), outcome, what)

    def _all(self, paths: Iterable[str], outcome: Outcome, what: str) -> None:
        for path in paths:
            self.tell(path, outcome, what)


def _became(field: str, before: Records, after: Records) -> Outcome:
    """Return what an exact value of a field is after closing."""
    was, now = ([values_at(record, field) for _, record in records] for records in (before, after))
    if was == now or not any(was):
        return "exact"
    return "approximated" if any(now) else "refused"


def _untold(path: str) -> tuple[Outcome, str]:
    """Return what is said of a leaf that nobody has spoken of; names that policy knows stay behind by intention."""
    for name in path.split("."):
        if not name.isdigit() and (is_protected(name) or is_secret(name) or is_soft_biometric(name)):
            return "refused", POLICY
    return "not_read", ""


def _name(path: Path) -> str:
    return path.steps[-1].name if path.steps else ""


def _quality(reading: Reading, value: Any, result: Any) -> Outcome:
    """Return whether writing the result gives the value again; where nothing is written, the converter says."""
    if reading.backwards is None:
        return "exact" if reading.exact else "approximated"
    try:
        written = reading.backwards(result)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return "approximated"
    return "exact" if written == value or _spelled(written) == _spelled(value) else "approximated"


def _spelled(value: Any) -> Any:
    """Return a scalar, or the first of a list, as comparable text."""
    if type(value) is list:
        value = value[0] if value else None
    if type(value) is dict:
        value = value.get("#text")
    if type(value) is bool:
        return str(value).lower()
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
