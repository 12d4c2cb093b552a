"""Writes infra/docs/scenarios.md: how alerts behave beside Alertmanager's, as the scenarios play it; or compares."""

import asyncio
import sys
from pathlib import Path

from generated_page import write_or_compare

from fairwatch.apps.rehearsal.table import as_table
from fairwatch.apps.rehearsal.trial import files, run_file

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "infra" / "docs" / "scenarios.md"
FOLDER = ROOT / "tests" / "acceptance" / "scenarios"
HEAD = """# Alerts beside Alertmanager's

What Alertmanager's own acceptance tests are about, played with events of cameras by the real `route`, `group` and
`notify` on a clock moved by hand. Times are minutes and seconds; how many causes hold stands behind each. *Same* is the
same within a tenth of a second, *different* is so on purpose. The files are `tests/acceptance/scenarios/*.test.yaml`;
this page is what `fairwatch rules test --table tests/acceptance/scenarios/*.test.yaml` prints.

"""


def page() -> str:
    """Return the page."""
    return HEAD + as_table([trial for path in files(FOLDER) for trial in asyncio.run(run_file(path))])


if __name__ == "__main__":
    sys.exit(write_or_compare(PAGE, page()))
