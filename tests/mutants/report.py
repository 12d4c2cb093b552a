"""What came of the mutants: a table by package, and those that nobody noticed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.mutants.choice import ALIVE

KNOWN = Path(__file__).with_name("survivors.yaml")
BAR = 0.9
SURE = 1.96  # standard deviations of a normal distribution between which 95 % lie


@dataclass(frozen=True)
class Reason:
    """Why a survivor may live.

    Attributes:
        where: File, and the function after a colon, or a part of that; a file and a colon for what no function holds.
        change: `before → after`, or a part of that.
        why: For readers.
    """

    where: str
    change: str
    why: str

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Return whether it is about that survivor."""
        there = self.where == place(row) if self.where.endswith(":") else self.where in place(row)
        return there and self.change in change(row)


def reasons() -> list[Reason]:
    """Return what is written down."""
    return [Reason(**entry) for entry in yaml.safe_load(KNOWN.read_text(encoding="utf-8")) or []]


def place(row: Mapping[str, Any]) -> str:
    return f"{row['file']}:{row['function']}"


def change(row: Mapping[str, Any]) -> str:
    return f"{row['before']} → {row['after']}"


def told(rows: Sequence[Mapping[str, Any]], known: Sequence[Reason]) -> tuple[str, bool]:
    """Return the report, and whether every package reaches the bar."""
    packages = sorted({row["file"].partition("/")[0] for row in rows})
    columns = (
        f"{'package':<12}{'mutants':>9}{'killed':>8}{'timeout':>9}{'survived':>10}{'with reason':>13}{'killed':>9}"
    )
    lines = ["", columns + f"{'of all, 95 % sure':>20}"]
    good = True
    for package in packages:
        mine = [row for row in rows if row["file"].startswith(package + "/")]
        found = Counter(row["outcome"] for row in mine)
        alive = [row for row in mine if row["outcome"] in ALIVE]
        excused = sum(_reason(row, known) is not None for row in alive)
        share = 1 - len(alive) / len(mine)
        good &= share >= BAR
        lines.append(
            f"{package:<12}{len(mine):>9}{found['killed']:>8}{found['timeout']:>9}{len(alive):>10}{excused:>13}{share:>9.1%}"
            f"{'{:.1%} to {:.1%}'.format(*interval(len(mine) - len(alive), len(mine))):>20}"
        )
    return "\n".join([*_survivors(rows, known), *lines]), good


def interval(part: int, whole: int) -> tuple[float, float]:
    """Return between which shares that of all mutants lies, by a sample's, with 95 % confidence (Wilson's score)."""
    share, square = part / whole, SURE * SURE / whole
    middle = share + square / 2
    width = (square * (share * (1 - share) + square / 4)) ** 0.5
    return (middle - width) / (1 + square), (middle + width) / (1 + square)


def _survivors(rows: Iterable[Mapping[str, Any]], known: Sequence[Reason]) -> list[str]:
    lines = []
    for row in rows:
        if row["outcome"] in ALIVE:
            reason = _reason(row, known)
            said = f"  # {reason.why}" if reason else "  # no test runs it" if row["outcome"] == "uncovered" else ""
            lines.append(f"{row['file']}:{row['line']} {row['function']}: {change(row)}{said}")
    return lines


def _reason(row: Mapping[str, Any], known: Sequence[Reason]) -> Reason | None:
    return next((reason for reason in known if reason.fits(row)), None)
