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
    ],
)
def test_a_reading_is_explained_position_by_position(arguments: list[str], code: int, said: list[str]) -> None:
    result = CliRunner().invoke(build(["plates"]), ["plates", "explain", *arguments])
    assert result.exit_code == code, result.output
    for text in said:
        assert text in result.output
