"""A back-test in several processes: each looks through its share, and what comes out is the same."""

import json
import random
from contextlib import contextmanager

import pytest

from fairwatch.apps.backtest import play as plays
from fairwatch.apps.backtest.history import FileHistory, Listed
from fairwatch.apps.backtest.run import backtest
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.routing import Routes, RouteTree
from tests.support.records import AT, sighting

SECOND = 1_000_000
ROUTES = {
    "route": {
        "receivers": ["room"],
        "routes": [
            {"name": "line", "match": {"event_types": ["line.crossed"]}, "group_by": ["site_id"], "continue": True},
            {"name": "any", "match": {}, "group_wait": "30s", "repeat_interval": "20m"},
        ],
    },
    "absent": [{"name": "silent", "match": {}, "after": "10m"}],
    "correlations": [{"name": "pair", "match": {"event_types": ["zone.entered"]}, "count": 2, "within": "10m"}],
}
TREE = RouteTree(Routes.model_validate(ROUTES))
SLOWER = RouteTree(Routes.model_validate(ROUTES | {"correlations": []}))


@pytest.fixture
def in_turn(monkeypatch):
    """Let the work of all processes be done here."""
    monkeypatch.setattr(plays, "_pool", _known)


@contextmanager
def _known(work):
    plays._PLAYED.append(work)
    try:
        yield map
    finally:
        plays._PLAYED.remove(work)


def day(count=400):
    pick = random.Random(4)
    types = ("line.crossed", "zone.entered")
    return [
        (
            "Sighting",
            sighting(
                pick.choice(types),
                f"cam-{pick.randrange(5)}",
                n=n % (count - 20),  # some come twice
                site_id=f"site-{pick.randrange(3)}",
                occurred_at=AT + pick.randrange(40_000) * SECOND,
            ),
        )
        for n in range(count)
    ]


def test_shares_of_three_processes_come_to_what_one_finds(in_turn):
    found = [backtest(TREE, SLOWER, Listed(day()), {}, processes=processes).as_json() for processes in (1, 3)]
    assert found[0] == found[1]
    assert found[0]["rules"]["pair"]["old"]["alerts"] > 10
    assert found[0]["rules"]["silent"]["old"]["alerts"] > 10


def test_each_line_of_a_file_is_in_one_share(tmp_path):
    lines = [json.dumps({"type": type_, "record": record}) for type_, record in day(7)]
    (tmp_path / "day.jsonl").write_text("\n".join([*lines[:3], "", *lines[3:]]))
    history = FileHistory([tmp_path / "day.jsonl", tmp_path / "day.jsonl"])
    shares = [list(history.share(number, 3)) for number in range(3)]
    numbers = [number for share in shares for number, _, _ in share]
    assert len(set(numbers)) == len(numbers) == 14
    assert [record for _, _, record in sorted((row for share in shares for row in share), key=lambda one: one[0])] == [
        r for _, r in day(7)
    ] * 2


def test_a_fault_in_the_share_of_another_process_is_named(tmp_path, in_turn, monkeypatch):
    monkeypatch.setattr("fairwatch.apps.backtest.history.SMALL", 0)
    (tmp_path / "day.jsonl").write_text("\n{}\n")
    with pytest.raises(ConfigurationError, match="line 2 is no record"):
        backtest(TREE, TREE, FileHistory([tmp_path / "day.jsonl"]), {}, processes=2)
