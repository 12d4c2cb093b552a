"""Prints, for the README, what each format makes of the recorded payloads under ../shared/fixtures."""

import sys
from collections import Counter
from pathlib import Path

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.envelopes import is_http_request, open_http
from fairwatch.formats.catalogue import decode, formats
from fairwatch.formats.payload import Payload

FIXTURES = Path(__file__).parents[2].parent / "shared" / "fixtures"
SYSTEMS = ("hikvision", "frigate", "viid", "gb28181", "onvif", "axis")


def outcome(path: Path) -> tuple[str, int, str]:
    """Return the format (or `-`), how many records it gave, and record, skipped or rejected."""
    payload = Payload(path.read_bytes(), received_at=1)
    try:
        if is_http_request(payload.body):
            payload = open_http(payload)
        decoded = decode(payload)
    except RejectedError as error:
        return "-", 0, "not ours" if error.reason == "unknown_format" else "rejected"
    return decoded.format, len(decoded.records), "record" if decoded.records else "skipped"


def main() -> int:
    """Print a table in Markdown."""
    if not FIXTURES.is_dir():
        print(f"no fixtures at {FIXTURES}", file=sys.stderr)
        return 1
    counts: dict[str, Counter[str]] = {name: Counter() for name in [*formats(), "-"]}
    for path in sorted(path for system in SYSTEMS for path in (FIXTURES / system).rglob("*") if path.is_file()):
        name, records, what = outcome(path)
        counts[name].update({"files": 1, "records": records, what: 1})
    print("| format | files | records | files with records | skipped with a reason | rejected | of no format |")
    print("|---|---|---|---|---|---|---|")
    for name, found in counts.items():
        columns = (found[key] for key in ("files", "records", "record", "skipped", "rejected", "not ours"))
        print(f"| {name} | {' | '.join(map(str, columns))} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
