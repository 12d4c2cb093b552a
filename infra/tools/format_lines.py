"""Print how many lines of each family of formats are Python, and how many are declarations and tables."""

from __future__ import annotations

import sys
from pathlib import Path

FORMATS = Path(__file__).resolve().parents[2] / "services/fairwatch/formats"
HOUSE = {"language", "bodies"}  # what all families share
LIMIT = 0.4


def lines(folder: Path, ending: str) -> int:
    """Return the lines of a family's files; recordings are not counted."""
    files = [path for path in folder.rglob(f"*.{ending}") if "recordings" not in path.parts]
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)


def main() -> int:
    """Print a table; exit 1 when Python has more than its share."""
    families = sorted(path for path in FORMATS.iterdir() if path.is_dir() and path.name[0] != "_")
    counted = [(path.name, lines(path, "py"), lines(path, "yaml")) for path in families if path.name not in HOUSE]
    for name, python, declared in counted:
        sys.stdout.write(f"{name:16} {python:6} {declared:6}\n")
    python, declared = (sum(row[at] for row in counted) for at in (1, 2))
    share = python / (python + declared)
    sys.stdout.write(f"{'all':16} {python:6} {declared:6}  Python {share:.1%}\n")
    return int(share >= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
