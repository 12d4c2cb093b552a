"""How often a plate reader is wrong, and what a reading is worth as evidence for a listed plate.

The likelihood ratio says how many times likelier a reading is if the listed plate passed than if any other did. It
multiplies over positions: P(read | listed) / P(read | any plate). With rates that were measured on readings of known
plates (`fairwatch plates calibrate`) it may be relied on; else candidates say that it may not.
"""

from collections.abc import Sequence
from math import log10

from pydantic import Field

from fairwatch.matching.models import Strict
from fairwatch.matching.plate_confusion import PARTNERS
from fairwatch.matching.plate_text import UNREAD, confusion

DIGITS, LATIN, OTHERS = 10, 26, 34  # how many characters may stand where one of the kind does
SURE, UNSURE = 0.001, 0.5  # bounds of what a reader's own confidence is believed
FEWEST = 300  # characters of known plates; fewer measure no rate

# A position in the reading and the listed character; None on the side where the character is missing.
Alignment = Sequence[tuple[int | None, str | None]]


class ReaderModel(Strict):
    """Rates of a plate reader; the defaults are not measured."""

    wrong: float = Field(default=0.03, gt=0, lt=0.5, description="share of characters that are read as another")
    confused: float = Field(default=0.8, gt=0, lt=1, description="share of these that look like what was there")
    gap: float = Field(default=0.005, gt=0, lt=0.5, description="share of characters that are missed, or too much")
    characters: int = Field(default=0, ge=0, description="of known plates that these rates were measured on")
    source: str = Field(default="", max_length=200, description="which reader, where and when")

    @property
    def is_measured(self) -> bool:
        """Whether the rates rest on enough characters to rely on them."""
        return self.characters >= FEWEST

    @property
    def sentence(self) -> str:
        """What candidates say of these rates."""
        if not self.is_measured:
            return f"rates of the reader from {self.characters} characters: do not rely on it"
        return f"rates of the reader from {self.characters} characters" + (f" ({self.source})" if self.source else "")

    def evidence(self, text: str, confidences: Sequence[float | None], alignment: Alignment) -> float:
        """Return log10 of the likelihood ratio of a reading for a listed plate, along one alignment."""
        total = 0.0
        for place, listed in alignment:
            if place is None or listed is None:
                total += log10(self.gap)
            elif (read := text[place]) != UNREAD:
                total += log10(self._chance(read, listed, confidences[place]) * _alphabet(read))
        return total

    def _chance(self, read: str, listed: str, confidence: float | None) -> float:
        """Return P(read | listed); a reader's own confidence counts where it gave one."""
        wrong = self.wrong if confidence is None else min(UNSURE, max(SURE, 1 - confidence))
        if read == listed:
            return 1 - wrong
        if confusion(read, listed):
            return wrong * self.confused / PARTNERS[listed]
        return wrong * (1 - self.confused) / _alphabet(listed)


def evidence_sentence(evidence: float, reader: ReaderModel) -> str:
    """Return what a candidate says of its evidence."""
    return f"likelihood ratio 10^{evidence:.1f} for the listed plate against any other, {reader.sentence}"


def _alphabet(char: str) -> int:
    if char.isdigit():
        return DIGITS
    return LATIN if char.isascii() else OTHERS
