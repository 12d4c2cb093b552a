"""Writes a generated page, or says that it is stale."""

import sys
from pathlib import Path


def write_or_compare(page: Path, made: str) -> int:
    """Write a page, or with --check compare it; return the exit code."""
    if "--check" not in sys.argv[1:]:
        page.write_text(made, encoding="utf-8")
    elif not page.exists() or page.read_text(encoding="utf-8") != made:
        sys.stderr.write(f"{page} is stale: run `make fix`\n")
        return 1
    return 0
