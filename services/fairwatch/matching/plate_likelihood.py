"""How likely it is that a listed plate is what a reader saw, and why."""

from dataclasses import dataclass, replace
from typing import Literal

from fairwatch.matching.plate_grammars import usual
from fairwatch.matching.plate_text import UNREAD, confusion
from fairwatch.matching.reader_model import Alignment
from fairwatch.matching.strictness import PlateStrictness

Manner = Literal["exact", "confusable", "one_edit"]

EDIT = 0.75  # of the listed plate where one character differs altogether, is missing or is too much
COUNTRY = 0.8  # where the countries differ
DOUBT = 0.3  # how much a character that was read without confidence weakens a match of it
_USUAL = PlateStrictness()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader says, normalised.

    Attributes:
        text: Letters and digits, `?` for an unread one.
        confidences: In [0,1], one for each character; None where the reader gave none.
        country: ISO 3166-1 alpha-2, or None.
    """

    text: str
    confidences: tuple[float | None, ...]
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a reading agrees with a listed plate.

    Attributes:
        likelihood: In [0,1].
        manner: How they agree.
        explanation: Sentences that say so position by position (from 1).
        alignment: Which character was read for which listed one.
    """

    likelihood: float
    manner: Manner
    explanation: tuple[str, ...]
    alignment: Alignment = ()


def compare(
    reading: Reading, listed: str, *, country: str | None = None, edits: int = 0, strictness: PlateStrictness = _USUAL
) -> Comparison | None:
    """Return how a reading agrees with a listed plate (normalised), or None when it does not.

    Args:
        reading: What was read.
        listed: The plate on the list.
        country: Of the listed plate.
        edits: 1 to tolerate one character that is wrong, missing or too much; 0 for confusable characters only.
        strictness: How much may differ.
    """
    edits = min(1, edits) if min(len(listed), len(reading.text)) >= strictness.edit_from else 0
    best = None
    misread = _misread(reading, listed, country)
    for alignment in _alignments(reading.text, listed, edits):
        found = _weigh(reading, alignment, edits, strictness, misread=misread)
        if found and (best is None or found.likelihood > best.likelihood):
            best = found
    if best is None:
        return None
    if misread and best.manner == "confusable":
        best = replace(best, explanation=(*best.explanation, f"read is no usual plate of {misread}, listed is one"))
    if not (country and reading.country) or country.upper() == reading.country.upper():
        return best
    sentence = f"country read {reading.country.upper()}, listed {country.upper()}"
    return replace(best, likelihood=best.likelihood * COUNTRY, explanation=(*best.explanation, sentence))


def _misread(reading: Reading, listed: str, country: str | None) -> str:
    """Return the country of whose usual forms the listed plate is and the reading is none; empty for no such."""
    where = (country or reading.country or "").upper()
    if not where or reading.text == listed or UNREAD in reading.text:
        return ""
    return where if usual(where, listed) and usual(where, reading.text) is False else ""


def _alignments(read: str, listed: str, edits: int) -> list[Alignment]:
    """Return the ways to lay a reading over a listed plate with at most one character left out."""
    longer, shorter = len(read) - len(listed), len(listed) - len(read)
    if longer == 0:
        return [list(enumerate(listed))]
    if not edits or abs(longer) != 1:
        return []
    if shorter == 1:
        return [
            [*enumerate(listed[:gap]), (None, listed[gap]), *enumerate(listed[gap + 1 :], gap)]
            for gap in range(len(listed))
        ]
    return [
        [*enumerate(listed[:extra]), (extra, None), *enumerate(listed[extra:], extra + 1)] for extra in range(len(read))
    ]


def _weigh(
    reading: Reading, alignment: Alignment, tolerated: int, strictness: PlateStrictness, *, misread: str
) -> Comparison | None:
    """Return the comparison along one alignment; None where it needs more than is tolerated."""
    likelihood, confusions, edits = 1.0, 0, 0
    sentences: list[str] = []
    for place, (position, listed) in enumerate(alignment, 1):
        read = reading.text[position] if position is not None else None
        confidence = reading.confidences[position] if position is not None else None
        if read == listed:
            likelihood *= 1.0 if confidence is None else 1 - DOUBT * (1 - confidence)
            continue
        weight = confusion(read, listed) if read and listed and strictness.confusable else None
        if weight and misread:
            weight = (1 + weight) / 2  # something must have been misread: the likelier it is this
        confusions, edits = confusions + (weight is not None), edits + (weight is None)
        # The less sure the reader was of what it wrote, the more likely is what is listed.
        likelihood *= 1 - (1.0 if confidence is None else confidence) * (1 - (weight or EDIT))
        sentences.append(_sentence(place, read, listed, confusable=weight is not None))
    if edits > tolerated or confusions > max(1, len(alignment) // strictness.characters_per_confusion):
        return None
    if not sentences:
        return Comparison(likelihood, "exact", (f"all {len(alignment)} characters as listed",), alignment)
    return Comparison(likelihood, "one_edit" if edits else "confusable", tuple(sentences), alignment)


def _sentence(place: int, read: str | None, listed: str | None, *, confusable: bool) -> str:
    if listed is None:
        return f"position {place}: read {read}, not listed (edit)"
    if read is None:
        return f"position {place}: nothing read, listed {listed} (edit)"
    if read == UNREAD:
        return f"position {place}: unread, listed {listed} (edit)"
    return f"position {place}: read {read}, listed {listed} ({'confusable' if confusable else 'edit'})"
