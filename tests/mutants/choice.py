"""Which mutants of a target are tried: all, a sample, or those that lived through an earlier run."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.mutants.mutations import Mutant, mutants
from tests.mutants.targets import HOUSE, files

ALIVE = ("survived", "uncovered")


def each(targets: Sequence[str]) -> Iterator[Mutant]:
    """Yield all mutants of packages and modules."""
    for target in targets:
        for path in files(target):
            yield from mutants(path)


def sampled(found: Sequence[Mutant], sample: int, seed: int) -> list[Mutant]:
    """Return so many of them (0 for all), the same for the same seed, in their order."""
    if not sample or sample >= len(found):
        return list(found)
    places = random.Random(seed).sample(range(len(found)), sample)
    return [found[place] for place in sorted(places)]


def again(found: Sequence[Mutant], rows: Path) -> list[Mutant]:
    """Return those that lived, according to the rows that an earlier run wrote; lines of the file may have moved."""
    told = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    lived = {_name(row) for row in told if row["outcome"] in ALIVE}
    return [mutant for mutant in found if _name(named(mutant)) in lived]


def named(mutant: Mutant) -> dict[str, Any]:
    """Return what is told of a mutant: file, line, function and change."""
    return {
        "file": str(mutant.path.relative_to(HOUSE)),
        "line": mutant.lines[0],
        "function": mutant.function,
        "before": mutant.before,
        "after": mutant.after,
    }


def _name(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row[part] for part in ("file", "function", "before", "after"))
