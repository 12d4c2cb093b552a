"""Examples in docstrings are true."""

import doctest
import importlib
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "services"
WITH_EXAMPLES = [
    ".".join(path.relative_to(SERVICES).with_suffix("").parts)
    for path in sorted(SERVICES.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_what_an_example_prints_is_what_it_says(module):
    found = doctest.testmod(importlib.import_module(module), report=True)
    assert found.failed == 0
    assert found.attempted > 0
