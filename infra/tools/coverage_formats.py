"""Prints what each format makes of the recorded payloads under ../shared/fixtures: files, records and leaves."""

import sys
from collections import Counter
from pathlib import Path

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.envelopes import is_http_request, open_http
from fairwatch.formats.catalogue import decode, formats
from fairwatch.formats.language.trace import OUTCOMES, Trace
from fairwatch.formats.payload import Payload

FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures"
COLUMNS = ("files", "records", "record", "skipped", "rejected", "not ours", *OUTCOMES)
HEADINGS = ("files", "records", "files with records", "skipped with a reason", "rejected", "of no format")


def outcome(path: Path) -> tuple[str, Counter[str]]:
    """Return the format (or `-`) and what is counted of one file."""
    payload, trace = Payload(path.read_bytes(), received_at=1), Trace()
    try:
        if is_http_request(payload.body):
            payload = open_http(payload)
        decoded = decode(payload, trace=trace)
    except RejectedError as error:
        return "-", Counter({"files": 1, "not ours" if error.reason == "unknown_format" else "rejected": 1})
    found = Counter({"files": 1, "records": len(decoded.records), "record" if decoded.records else "skipped": 1})
    if decoded.records:
        found.update(entry.outcome for entry in trace.entries)
    return decoded.format, found


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
