"""How likely it is that a listed plate is what a reader saw, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fairwatch.matching.plate_text import UNREAD, confusion

Manner = Literal["exact", "confusable", "one_edit"]

EDIT = 0.75  # of the listed plate where one character differs altogether, is missing or is too much
COUNTRY = 0.8  # where the countries differ
DOUBT = 0.3  # how much a character that was read without confidence weakens a match of it
SHORTEST_EDITED = 5  # an edit of a shorter plate leaves too little
CHARACTERS_PER_CONFUSION = 3  # one confusable character for each three of the plate, at least one


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
    """A likelihood in [0,1], how the plates agree, and sentences that say so position by position (from 1)."""

    likelihood: float
    manner: Manner
    explanation: tuple[str, ...]


def compare(reading: Reading, listed: str, *, country: str | None = None, edits: int = 0) -> Comparison | None:
    """Return how a reading agrees with a listed plate (normalised), or None when it does not.

    Args:
        reading: What was read.
        listed: The plate on the list.
        country: Of the listed plate.
        edits: 1 to tolerate one character that is wrong, missing or too much; 0 for confusable characters only.
    """
    edits = min(1, edits) if min(len(listed), len(reading.text)) >= SHORTEST_EDITED else 0
    best = None
    for alignment in _alignments(reading.text, listed, edits):
        found = _weigh(reading, alignment, edits)
        if found and (best is None or found.likelihood > best.likelihood):
            best = found
    if best is None or not (country and reading.country) or country.upper() == reading.country.upper():
        return best
    sentence = f"country read {reading.country.upper()}, listed {country.upper()}"
    return Comparison(best.likelihood * COUNTRY, best.manner, (*best.explanation, sentence))


# A pair of positions, in the reading and in the listed plate; None on the side where the character is missing.
_Alignment = Sequence[tuple[int | None, str | None]]


def _alignments(read: str, listed: str, edits: int) -> list[_Alignment]:
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


def _weigh(reading: Reading, alignment: _Alignment, tolerated: int) -> Comparison | None:
    """Return the comparison along one alignment; None where it needs more than is tolerated."""
    likelihood, confusions, edits = 1.0, 0, 0
    sentences: list[str] = []
    for place, (position, listed) in enumerate(alignment, 1):
        read = reading.text[position] if position is not None else None
        confidence = reading.confidences[position] if position is not None else None
        if read == listed:
            likelihood *= 1.0 if confidence is None else 1 - DOUBT * (1 - confidence)
            continue
        weight = confusion(read, listed) if read and listed else None
        confusions, edits = confusions + (weight is not None), edits + (weight is None)
        # The less sure the reader was of what it wrote, the more likely is what is listed.
        likelihood *= 1 - (1.0 if confidence is None else confidence) * (1 - (weight or EDIT))
        sentences.append(_sentence(place, read, listed, confusable=weight is not None))
    if edits > tolerated or confusions > max(1, len(alignment) // CHARACTERS_PER_CONFUSION):
        return None
    if not sentences:
        return Comparison(likelihood, "exact", (f"all {len(alignment)} characters as listed",))
    return Comparison(likelihood, "one_edit" if edits else "confusable", tuple(sentences))


def _sentence(place: int, read: str | None, listed: str | None, *, confusable: bool) -> str:
    if listed is None:
        return f"position {place}: read {read}, not listed (edit)"
    if read is None:
        return f"position {place}: nothing read, listed {listed} (edit)"
    if read == UNREAD:
        return f"position {place}: unread, listed {listed} (edit)"
    return f"position {place}: read {read}, listed {listed} ({'confusable' if confusable else 'edit'})"
