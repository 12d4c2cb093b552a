"""`plates explain` says what the search would have said."""

import pytest
from typer.testing import CliRunner

from fairwatch.cli.main import build


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["b-ab 1234", "BAB1234"], 0, ["all 7 characters as listed", "exact, likelihood 1.000", ": a candidate"]),
        (["ABC8123", "ABCB123"], 0, ["position 4: read 8, listed B (confusable)", "likelihood 0.900"]),
        (["ABX1234", "ABK1234"], 1, ["they do not agree"]),
        (["ABX1234", "ABK1234", "--edits", "1"], 0, ["position 3: read X, listed K (edit)", "one edit"]),
        (["ABC8123", "ABCB123", "--country", "FR", "--listed-country", "DE"], 1, ["no candidate"]),
        (["AB?1234", "ABK1234", "--edits", "1", "--confidence", "0.5"], 1, ["unread, listed K", "0.330"]),
        (
            ["ABX1234", "ABK1234", "--alternative", "ab-k1234:0.95", "--alternative", "ABW1234:0.9"],
            0,
            [
                "hypothesis 1: ABX1234\nthey do not agree",
                "hypothesis 2: ABK1234\n  all 7 characters as listed",
                "exact, likelihood 0.900",
                "hypothesis 3: ABW1234\nthey do not agree",
                "a candidate by hypothesis 2: ABK1234",
            ],
        ),
        (["ABX1234", "ABK1234", "--alternative", "ABK1234"], 1, ["likelihood 0.321", ": no candidate"]),
    ],
)
def test_a_reading_is_explained_position_by_position(arguments: list[str], code: int, said: list[str]) -> None:
    result = CliRunner().invoke(build(["plates"]), ["plates", "explain", *arguments])
    assert result.exit_code == code, result.output
    for text in said:
        assert text in result.output


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["ABK1234:1.5"], "'1.5' is no confidence from 0 to 1"),
        (["ABK1234:often"], "'often'"),
        (["AB1"] * 11, "11 alternatives"),
    ],
)
def test_alternatives_that_make_no_sense_are_named(given: list[str], said: str) -> None:
    options = [word for one in given for word in ("--alternative", one)]
    result = CliRunner().invoke(build(["plates"]), ["plates", "explain", "ABX1234", "ABK1234", *options])
    assert result.exit_code == 1
    assert said in str(result.exception)
