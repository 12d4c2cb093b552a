"""What a reader may have seen of one plate: its reading, and the other hypotheses that it gave."""

from collections.abc import Iterable, Iterator, Sequence

from fairwatch.domain.plates import MOST_ALTERNATIVES
from fairwatch.domain.records import Confidence, PlateReading
from fairwatch.matching.plate_likelihood import Reading
from fairwatch.matching.plate_rows import SHORTEST
from fairwatch.matching.plate_text import normalise

UNSAID = 0.5  # of an alternative whose reader does not say how sure it is; a reading is taken at its word instead
_NOT_READ = frozenset({"NONE", "UNREADABLE", "COVERED"})


def hypotheses(plate: PlateReading) -> tuple[Reading, ...]:
    """Return a plate of an observation as it is compared, the reading first; empty when there is nothing to compare."""
    read = reading(plate)
    if read is None:
        return ()
    others = plate.get("alternatives")
    if not others:
        return (read,)
    country = plate.get("country")
    given = (
        alternative(normalise(one["text"]), _usable(one.get("confidence")), country)
        for one in others[:MOST_ALTERNATIVES]
    )
    return (read, *distinct(read.text, given))


def reading(plate: PlateReading) -> Reading | None:
    """Return what a reader settled for as it is compared, or None when there is nothing to compare.

    Confidences per character count where there is one for each character that is left after normalising; else the
    confidence of the whole plate stands for each of them.
    """
    text = normalise(plate["text"])
    if len(text) < SHORTEST or plate.get("state", "READ") in _NOT_READ:
        return None
    return Reading(text, _confidences(plate, text), plate.get("country"))


def alternative(text: str, sure: float | None, country: str | None) -> Reading:
    """Return another hypothesis, normalised, of which a reader is so sure; None where it does not say."""
    return Reading(text, (UNSAID if sure is None else sure,) * len(text), country)


def sentence(place: int, said: Sequence[Reading]) -> str:
    """Return which hypothesis was compared, `place` from 1, where it is not the reading itself."""
    other = said[place - 1]
    sure = f"{other.text} ({other.confidences[0]:.3f})"
    return f"hypothesis {place} of {len(said)} of the reader: {sure}, not {said[0].text}"


def distinct(text: str, others: Iterable[Reading]) -> Iterator[Reading]:
    """Give the hypotheses beside a text that could be a plate, each once."""
    seen = {text}
    for one in others:
        if len(one.text) >= SHORTEST and one.text not in seen:
            seen.add(one.text)
            yield one


def _confidences(plate: PlateReading, text: str) -> tuple[float | None, ...]:
    values = [c["value"] for c in plate.get("characters", []) if normalise(c["char"])]
    if len(values) == len(text):
        return tuple(min(1.0, max(0.0, value)) for value in values)
    return (_usable(plate.get("confidence")),) * len(text)


def _usable(confidence: Confidence | None) -> float | None:
    if not confidence or confidence.get("scale", "VENDOR") == "SIMILARITY":
        return None
    return confidence["value"] if 0 <= confidence["value"] <= 1 else None
