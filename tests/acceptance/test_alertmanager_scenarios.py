"""The situations of Alertmanager's acceptance tests: each is told as its file says, to a tenth of a second."""

import re

import pytest

from fairwatch.apps.rehearsal.table import as_table
from fairwatch.apps.rehearsal.trial import files, run_file
from tests.support.places import ROOT

FILES = list(files(ROOT / "tests" / "acceptance" / "scenarios"))
PAGE = ROOT / "infra" / "docs" / "scenarios.md"
TIME = re.compile(r"(\d\d):(\d\d\.\d)")
TENTH = 0.101  # seconds: a machine that is busy takes an answer in a tick later


def _times(row: str) -> list[float]:
    return [60 * int(minutes) + float(seconds) for minutes, seconds in TIME.findall(row)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
async def test_each_is_told_as_its_file_says_and_as_the_page_shows(path):
    trials = await run_file(path)
    assert [line for trial in trials for line in trial.lines if line.mark != " "] == []
    rows = as_table(trials).splitlines()[2:]
    assert len(rows) == len(trials)
    page = {TIME.sub("", row): row for row in PAGE.read_text("utf-8").splitlines()}
    for row in rows:
        assert _times(row) == pytest.approx(_times(page.get(TIME.sub("", row), "")), abs=TENTH), row
