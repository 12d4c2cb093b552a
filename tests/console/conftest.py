"""A console for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.console_world import ConsoleWorld, console_world


@pytest.fixture
async def world(valkey: str, tmp_path: Path) -> AsyncIterator[ConsoleWorld]:
    async with console_world(valkey, tmp_path) as running:
        yield running
