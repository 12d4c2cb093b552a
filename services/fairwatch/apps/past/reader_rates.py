"""How often a plate reader is wrong, from readings of plates that are known."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fairwatch.domain.errors import ConfigurationError
from fairwatch.matching.plate_likelihood import Reading, compare
from fairwatch.matching.plate_text import UNREAD, confusion, normalise
from fairwatch.matching.reader_model import ReaderModel

LEAST = 1e-4  # no rate is less: nothing that was not seen is impossible
SMOOTHING = 0.5  # of a case in each count, so that a rate of nothing among few is not nought


@dataclass(slots=True)
class Counts:
    """What was counted.

    Attributes:
        plates, characters: Of known plates, that could be laid over what was read.
        wrong, confused: Characters that were read as another, and those of them that look like it.
        gaps: Characters that were missed, or too much.
        apart: Readings that differ in more than can be explained; a list would not have accepted them either.
    """

    plates: int = 0
    characters: int = 0
    wrong: int = 0
    confused: int = 0
    gaps: int = 0
    apart: int = 0

    def take(self, read: str, true: str) -> None:
        """Count one reading of a known plate, both normalised."""
        pairs = list(zip(read, true, strict=True)) if len(read) == len(true) else _laid_over(read, true)
        if pairs is None or sum(one != other for one, other in pairs) > max(2, len(true) // 2):
            self.apart += 1
            return
        self.plates += 1
        self.characters += len(true)
        for one, other in pairs:
            if one is None or other is None:
                self.gaps += 1
            elif one not in {other, UNREAD}:
                self.wrong += 1
                self.confused += confusion(one, other) is not None

    def rates(self, source: str) -> ReaderModel:
        """Return the rates; ConfigurationError where nothing was counted."""
        if not self.characters:
            raise ConfigurationError("no reading is like its plate: nothing can be measured")
        wrong = (self.wrong + SMOOTHING) / (self.characters + 1)
        gap = (self.gaps + SMOOTHING) / (self.characters + 1)
        confused = (self.confused + SMOOTHING) / (self.wrong + 1)
        bounded = (round(min(0.49, max(LEAST, rate)), 5) for rate in (wrong, gap))
        return ReaderModel(
            **dict(zip(("wrong", "gap"), bounded, strict=True)),
            confused=round(min(0.99, max(0.01, confused)), 4),
            characters=self.characters,
            source=source,
        )


def counted(rows: Iterable[tuple[str, str]]) -> Counts:
    """Return what readings and the plates that were there come to."""
    counts = Counts()
    for read, true in rows:
        if plate := normalise(true):
            counts.take(normalise(read), plate)
    return counts


def rows_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield reading and plate of each line of a file of two columns; ConfigurationError names what is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file), 1):
                if not row or (number == 1 and [cell.strip().lower() for cell in row[:2]] == ["read", "plate"]):
                    continue
                if len(row) < 2:  # noqa: PLR2004  # the two columns
                    raise ConfigurationError(f"{path}: line {number} is not of the form read,plate")
                yield row[0], row[1]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _laid_over(read: str, true: str) -> list[tuple[str | None, str | None]] | None:
    """Return the pairs of the likeliest way to lay a reading over a plate of one character more or less."""
    found = compare(Reading(read, (None,) * len(read)), true, edits=1)
    if found is None:
        return None
    return [(None if place is None else read[place], listed) for place, listed in found.alignment]
