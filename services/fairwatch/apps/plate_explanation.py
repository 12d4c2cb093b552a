"""Why a reading, or another hypothesis of the reader, is or is not a listed plate: what `match` would say of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.plates import MOST_ALTERNATIVES
from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.plate_hypotheses import alternative, distinct
from fairwatch.matching.plate_likelihood import Reading, compare
from fairwatch.matching.plate_text import normalise
from fairwatch.matching.plates import PlateHit, compared, evidence_of
from fairwatch.matching.reader_model import ReaderModel, evidence_sentence
from fairwatch.matching.strictness import PlateStrictness


def hypotheses_of(read: str, sure: float | None, others: Sequence[str], country: str | None) -> list[Reading]:
    """Return a reading and other hypotheses, `TEXT` or `TEXT:CONFIDENCE`, as they are compared.

    Raises:
        ConfigurationError: There are too many, or one has a confidence outside [0,1].
    """
    if len(others) > MOST_ALTERNATIVES:
        raise ConfigurationError(f"{len(others)} alternatives: a reading has {MOST_ALTERNATIVES} at most")
    text = normalise(read)
    return [Reading(text, (sure,) * len(text), country), *distinct(text, [_alternative(o, country) for o in others])]


def _alternative(written: str, country: str | None) -> Reading:
    text, _, number = written.partition(":")
    try:
        sure = float(number) if number else None
    except ValueError:
        sure = -1.0
    if sure is not None and not 0 <= sure <= 1:
        raise ConfigurationError(f"alternative {written!r}: {number!r} is no confidence from 0 to 1")
    return alternative(normalise(text), sure, country)


@dataclass(frozen=True)
class Explained:
    """Hypotheses of one plate beside one listed plate, normalised, and what the comparison takes."""

    said: Sequence[Reading]
    listed: str
    country: str | None
    edits: int
    strictness: PlateStrictness
    reader: ReaderModel

    @cached_property
    def hits(self) -> list[PlateHit]:
        """The hypotheses that would be a candidate; `match` takes the likeliest."""
        found = (
            compared(read, self._entry, self.strictness, self.reader, place) for place, read in enumerate(self.said, 1)
        )
        return [hit for hit in found if hit is not None]

    @property
    def _entry(self) -> WatchlistEntry:
        listed = {"entry_id": "", "plate": self.listed, "plate_country": self.country, "plate_edits": self.edits}
        return cast("WatchlistEntry", listed)

    def sentences(self) -> Iterator[str]:
        """Give position by position how each hypothesis agrees, and what comes of it."""
        for place, read in enumerate(self.said, 1):
            if len(self.said) > 1:
                yield f"hypothesis {place}: {read.text}"
            yield from self._of(read, place)
        if len(self.said) > 1 and self.hits:
            best = max(self.hits, key=lambda hit: hit.comparison.likelihood)
            yield f"a candidate by hypothesis {best.hypothesis}: {self.said[best.hypothesis - 1].text}"

    def _of(self, read: Reading, place: int) -> Iterator[str]:
        found = compare(read, self.listed, country=self.country, edits=self.edits, strictness=self.strictness)
        if found is None:
            yield "they do not agree: more differs than is tolerated"
            return
        yield from (f"  {sentence}" for sentence in found.explanation)
        yield f"  {evidence_sentence(evidence_of(read, found, self.reader, place), self.reader)}"
        taken = any(hit.hypothesis == place for hit in self.hits)
        manner, strict = found.manner.replace("_", " "), self.strictness
        limit = f"threshold {strict.threshold:.3f} ({strict.policy})"
        yield f"{manner}, likelihood {found.likelihood:.3f}, {limit}: {'a candidate' if taken else 'no candidate'}"
