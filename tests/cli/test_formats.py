"""`fairwatch formats` tells what there is, what one reads, and why a file is not read."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from fairwatch.cli import formats
from fairwatch.domain.errors import ConfigurationError
from tests.support.recordings import folder_of


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    formats.register(app)
    return CliRunner().invoke(app, ["formats", *arguments])


def test_list_names_every_format_and_its_ways() -> None:
    rows = [line.split("\t") for line in run("list").stdout.splitlines()]
    assert ["frigate", "both ways"] in [row[:2] for row in rows]
    assert len(rows) > 25


def test_show_says_where_each_field_comes_from_and_its_source_is_python() -> None:
    lines = run("show", "frigate").stdout.splitlines()
    assert "event\tobject_id\tid\t" in lines
    assert "event\textensions\tfalse_positive\tkept: flag" in lines
    assert "summary\t\t\tskipped: summary" in lines
    source = run("show", "frigate", "--source").stdout
    compile(source, "frigate", "exec")
    assert "# message event" in source


def test_unknown_format_is_the_callers_mistake() -> None:
    assert isinstance(run("show", "nothing").exception, ConfigurationError)


def test_explain_says_of_each_format_why(tmp_path: Path) -> None:
    found = run("explain", str(folder_of("frigate") / "event_new.json"))
    lines = found.stdout.splitlines()
    assert lines[0].startswith("0\tfrigate\tyes\tmessage event, 1 records")
    assert any(line.startswith("0\thikvision-isapi\tno\t") and "eventType is absent" in line for line in lines)
    unknown = tmp_path / "unknown.json"
    unknown.write_text('{"hello": 1}', encoding="utf-8")
    assert run("explain", str(unknown)).exit_code == 1


@pytest.mark.parametrize("body", [b"", b"{"])
def test_explain_of_no_document_fails(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "broken"
    path.write_bytes(body)
    assert run("explain", str(path)).exit_code == 1
