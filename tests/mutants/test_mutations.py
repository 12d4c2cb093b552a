"""The mutants are made, put in and judged as they should."""

import json
import runpy
from pathlib import Path

import pytest

from tests.mutants.choice import again, named, sampled
from tests.mutants.mutations import Mutant, mutants
from tests.mutants.report import Reason, interval, told
from tests.mutants.targets import TESTS, files

PROGRAM = '''
"""A sentence."""
LIMIT = 3

def small(n: int) -> bool:
    """Say whether it is small."""
    return 0 < n and n <= LIMIT
'''


@pytest.fixture
def made(tmp_path: Path) -> list[Mutant]:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return mutants(path)


def test_each_part_of_a_program_is_changed_by_itself(made: list[Mutant]) -> None:
    assert [(mutant.function, mutant.before, mutant.after) for mutant in made] == [
        ("", "3", "4"),
        ("small", "return 0 < n and n <= LIMIT", "return None"),
        ("small", "0 < n and n <= LIMIT", "0 < n or n <= LIMIT"),
        ("small", "0 < n", "0 <= n"),
        ("small", "0", "1"),
        ("small", "n <= LIMIT", "n < LIMIT"),
    ]


def test_a_changed_program_differs_in_its_change_alone_and_runs(made: list[Mutant], tmp_path: Path) -> None:
    answers = []
    for number, mutant in enumerate(made):
        path = tmp_path / f"{number}.py"
        path.write_text(mutant.source(), encoding="utf-8")
        answers.append([runpy.run_path(str(path))["small"](n) for n in (0, 1, 3, 4)])
    assert answers == [
        [False, True, True, True],
        [None, None, None, None],
        [True, True, True, True],
        [True, True, True, False],
        [False, False, True, False],
        [False, True, False, False],
    ]


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    everything = [mutant for path in files("domain") for mutant in mutants(path)]
    assert sampled(everything, 5, seed=1) == sampled(everything, 5, seed=1) != sampled(everything, 5, seed=2)
    assert sampled(everything, 0, seed=1) == everything


def test_every_package_has_mutants() -> None:
    assert all(any(mutants(path) for path in files(package)) for package in TESTS)


def test_a_package_below_nine_tenths_fails_and_survivors_are_named_with_their_reasons() -> None:
    row = {"file": "policy/a.py", "line": 7, "function": "f", "before": "a < b", "after": "a <= b"}
    rows = [{**row, "outcome": "killed"}] * 8 + [{**row, "outcome": "timeout"}, {**row, "outcome": "survived"}]
    text, good = told(rows, [Reason("policy/a.py:f", "a <= b", "they never meet")])
    assert good
    assert "policy/a.py:7 f: a < b → a <= b  # they never meet" in text
    assert text.splitlines()[-1].split()[:7] == ["policy", "10", "8", "1", "1", "1", "90.0%"]
    assert not told([*rows, {**row, "outcome": "uncovered"}], [])[1]


def test_a_reason_of_what_no_function_holds_excuses_no_function() -> None:
    reason = Reason("policy/a.py:", "1 → 2", "far is far")
    row = {"file": "policy/a.py", "function": "", "before": "1", "after": "2"}
    assert reason.fits(row)
    assert not reason.fits({**row, "function": "f"})


def test_those_that_lived_are_tried_again_though_lines_have_moved(tmp_path: Path) -> None:
    everything = mutants(files("domain/ids")[0])
    rows = tmp_path / "rows"
    told_ = [named(mutant) | {"line": 9999, "outcome": "killed"} for mutant in everything]
    told_[1]["outcome"] = "survived"
    rows.write_text("".join(json.dumps(row) + "\n" for row in told_), encoding="utf-8")
    assert again(everything, rows) == [everything[1]]


def test_a_sample_says_how_far_off_it_may_be() -> None:
    low, high = interval(90, 100)
    assert (round(low, 3), round(high, 3)) == (0.826, 0.945)
    assert interval(900, 1000)[0] > low
    assert round(interval(10, 10)[1], 9) == 1.0
