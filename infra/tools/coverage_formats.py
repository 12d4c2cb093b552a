"""Prints what each format makes of the recorded payloads under ../shared/fixtures: files, records and leaves."""

import sys
from collections import Counter
from pathlib import Path

from fairwatch.formats.catalogue import formats
from fairwatch.formats.language.trace import OUTCOMES
from fairwatch.formats.payload import Payload
from fairwatch.formats.translate import translate

FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures"
COLUMNS = ("files", "records", "record", "skipped", "rejected", "not ours", *OUTCOMES)
HEADINGS = ("files", "records", "files with records", "skipped with a reason", "rejected", "of no format")


def outcome(path: Path) -> tuple[str, Counter[str]]:
    """Return the format (or `-`) and what is counted of one file."""
    done = translate(path.name, Payload(path.read_bytes(), received_at=1), with_report=True)
    outcomes = Counter(line.outcome for line in done.lines)
    name = next((line.format for line in done.lines if line.format), None)
    if name is None:
        reason = done.lines[0].reason or ""
        return "-", Counter({"files": 1, "not ours" if reason.startswith("unknown_format") else "rejected": 1})
    found = Counter({"files": 1, "records": outcomes["record"], "record" if outcomes["record"] else "skipped": 1})
    if outcomes["record"] and done.report:
        found.update(done.report.counts())
    return name, found


def main() -> int:
    """Print a table in Markdown."""
    if not FIXTURES.is_dir():
        print(f"no fixtures at {FIXTURES}", file=sys.stderr)
        return 1
    counts: dict[str, Counter[str]] = {name: Counter() for name in [*formats(), "-"]}
    for path in sorted(path for path in FIXTURES.rglob("*") if path.is_file()):
        name, found = outcome(path)
        counts[name].update(found)
    headings = (*HEADINGS, *(f"leaves {name.replace('_', ' ')}" for name in OUTCOMES))
    print(f"| format | {' | '.join(headings)} |")
    print("|---" * (len(headings) + 1) + "|")
    for name, found in counts.items():
        print(f"| {name} | {' | '.join(str(found[key]) for key in COLUMNS)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
