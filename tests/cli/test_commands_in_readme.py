"""A newcomer finds every command in the README."""

import re

from typer.main import get_command

from fairwatch.cli.main import build
from tests.support.places import ROOT


def test_readme_names_every_command() -> None:
    told = " ".join(re.findall(r"`fairwatch ([^`]*)`", (ROOT / "README.md").read_text(encoding="utf-8")))
    commands = get_command(build([])).commands  # type: ignore[attr-defined]  # a group
    assert len(commands) > 30
    assert [name for name in commands if not re.search(rf"(?<![\w-]){name}(?![\w-])", told)] == []
