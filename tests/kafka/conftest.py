"""Tests on real parts: a schema registry, programs in other languages; left out unless `make test-kafka` asks."""

import os
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ASKED = bool(os.environ.get("FAIRWATCH_KAFKA"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the time that real parts need, or leave it out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(400))
            if not ASKED:
                item.add_marker(pytest.mark.skip(reason="real parts: make test-kafka"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the tests measured."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                terminalreporter.write_line(f"{name}: {value}")
