"""Finds listed plates that a reading may be, at a cost that does not grow with the list."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import log10

from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.plate_hashes import hashes
from fairwatch.matching.plate_hypotheses import sentence
from fairwatch.matching.plate_likelihood import Comparison, Reading, compare
from fairwatch.matching.plate_rows import PlateRows, listed_plate, shortened, tolerated
from fairwatch.matching.plate_text import skeleton
from fairwatch.matching.plates_few import FewPlates
from fairwatch.matching.reader_model import ReaderModel
from fairwatch.matching.strictness import PlateStrictness

ALGORITHM = "fairwatch-plates/2"
LATELY = 4096  # plates in dictionaries, before arrays are made of them


@dataclass(frozen=True, slots=True)
class PlateHit:
    """One listed plate that a reading may be."""

    entry_id: str
    listed: str
    comparison: Comparison
    strictness: PlateStrictness
    evidence: float | None = None  # log10 of the likelihood ratio, where somebody asked for it
    hypothesis: int = 1  # which of the reader's it was, 1 for the reading itself


class PlateIndex:
    """Listed plates: those that came lately in dictionaries, the others in sorted arrays."""

    def __init__(self, lately: int = LATELY) -> None:
        self._most = lately
        self._lately = FewPlates()
        self._rows: list[PlateRows] = []

    def __len__(self) -> int:
        """Return the number of plates."""
        return len(self._lately) + sum(map(len, self._rows))

    def put(self, entry: WatchlistEntry) -> bool:
        """List the plate of an entry, in place of an earlier one; False when it has none that could be compared."""
        return self.update([entry]) == 1

    def remove(self, entry_id: str) -> None:
        """Forget the plate of an entry."""
        self.update([], [entry_id])

    def update(self, entries: Sequence[WatchlistEntry], removed: Sequence[str] = ()) -> int:
        """List the plates of entries, in place of earlier ones, and forget others; return how many are listed."""
        gone = [*removed, *(entry["entry_id"] for entry in entries)]
        if gone:
            self._lately.remove(gone)
            for rows in self._rows:
                rows.remove(gone)
        listed = [entry for entry in entries if listed_plate(entry)]
        if len(self._lately) + len(listed) > self._most:
            self._rows.append(PlateRows([*self._lately, *listed]))
            self._lately = FewPlates()
            self._merge()
        else:
            self._lately.put(listed)
        return len(listed)

    def _merge(self) -> None:
        """Keep few arrays, each at least twice as long as the next: an entry is moved as often as the list doubles."""
        while len(self._rows) > 1 and len(self._rows[-2]) < 2 * len(self._rows[-1]):
            self._rows[-2:] = [PlateRows.merged(self._rows[-2:])]

    def candidates(self, texts: Collection[str]) -> dict[str, list[WatchlistEntry]]:
        """Return for each plate that was read the entries that it may be; together they cost less than one by one."""
        found: dict[str, dict[str, WatchlistEntry]] = {text: {} for text in texts}
        owners, keys = list[str](), list[str]()
        for text in found:
            key = skeleton(text)
            of_text = [key, *shortened(key)]  # as listed, one wrong or missing, one too many
            owners += [text] * len(of_text)
            keys += of_text
        hashed = hashes(keys)
        for number, entry in chain(self._lately.find(keys), *(rows.find(hashed) for rows in self._rows)):
            found[owners[number]][entry["entry_id"]] = entry
        return {text: list(entries.values()) for text, entries in found.items()}

    def search(
        self,
        read: Reading,
        admit: Callable[[str], bool],
        strictness: PlateStrictness | Callable[[WatchlistEntry], PlateStrictness],
        among: Sequence[WatchlistEntry] | None = None,
        reader: ReaderModel | None = None,
        place: int = 1,
    ) -> list[PlateHit]:
        """Return the plates that a reading may be, the likeliest first.

        Args:
            read: What was read.
            admit: Says of an entry id whether it may be compared at all; asked before anything is compared.
            strictness: How much may differ, from all entries or from each.
            among: The `candidates` of what was read, where they were looked up already.
            reader: Weighs the evidence of each.
            place: Of the reading among the reader's hypotheses, from 1.
        """
        hits = []
        for entry in self.candidates([read.text])[read.text] if among is None else among:
            if not admit(entry["entry_id"]):
                continue
            asked = strictness if isinstance(strictness, PlateStrictness) else strictness(entry)
            hit = compared(read, entry, asked, reader, place)
            if hit is not None:
                hits.append(hit)
        return sorted(hits, key=_likeliest)

    def search_all(
        self,
        said: Sequence[Reading],
        admit: Callable[[str], bool],
        strictness: PlateStrictness | Callable[[WatchlistEntry], PlateStrictness],
        among: Mapping[str, Sequence[WatchlistEntry]],
        reader: ReaderModel | None = None,
    ) -> list[PlateHit]:
        """Return the plates that may be what a reader saw, each by the hypothesis that it is likeliest under.

        Args:
            said: The reader's hypotheses of one plate (`hypotheses`), the reading first; one at least.
            admit: As in `search`.
            strictness: As in `search`; each hypothesis is held to the same.
            among: The `candidates` of texts that were looked up already.
            reader: As in `search`.
        """
        hits = self.search(said[0], admit, strictness, among.get(said[0].text), reader)
        if len(said) == 1:
            return hits
        best = {hit.entry_id: hit for hit in hits}
        for place, other in enumerate(said[1:], 2):
            for hit in self.search(other, admit, strictness, among.get(other.text), reader, place):
                known = best.get(hit.entry_id)
                if known is None or known.comparison.likelihood < hit.comparison.likelihood:
                    best[hit.entry_id] = _named(hit, said)
        return sorted(best.values(), key=_likeliest)


def compared(
    read: Reading, entry: WatchlistEntry, asked: PlateStrictness, reader: ReaderModel | None = None, place: int = 1
) -> PlateHit | None:
    """Return how a reading may be the plate of an entry; None where less agrees than is asked.

    `place` is that of the reading among the reader's hypotheses.
    """
    if place > 1 and not asked.alternatives:
        return None
    plate = listed_plate(entry)
    found = compare(read, plate, country=entry.get("plate_country"), edits=tolerated(entry), strictness=asked)
    if found is None or found.likelihood < asked.threshold:
        return None
    evidence = evidence_of(read, found, reader, place) if reader else None
    if asked.least_evidence is not None and evidence is not None and evidence < asked.least_evidence:
        return None
    return PlateHit(entry["entry_id"], plate, found, asked, evidence, place)


def evidence_of(read: Reading, found: Comparison, reader: ReaderModel, place: int = 1) -> float:
    """Return log10 of the likelihood ratio of a hypothesis for the plate that it was compared with.

    So many hypotheses as its place are as many times likelier to hold any plate by chance: by so much it is worth less.
    """
    evidence = reader.evidence(read.text, read.confidences, found.alignment)
    return evidence - log10(place) if place > 1 else evidence


def _named(hit: PlateHit, said: Sequence[Reading]) -> PlateHit:
    """Return a hit whose explanation says by which hypothesis it was found."""
    explanation = (sentence(hit.hypothesis, said), *hit.comparison.explanation)
    return replace(hit, comparison=replace(hit.comparison, explanation=explanation))


def _likeliest(hit: PlateHit) -> tuple[float, str]:
    return -hit.comparison.likelihood, hit.entry_id
