"""`fairwatch translate` answers for every input, in order, whatever is wrong with it."""

from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from fairwatch.cli import translate
from fairwatch.domain.errors import ConfigurationError

END = "<dateTime>2026-01-01T00:00:00Z</dateTime></EventNotificationAlert>"
ALERT = "<EventNotificationAlert><eventType>{}</eventType>" + END


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    translate.register(made)
    return made


def lines(app: typer.Typer, *arguments: str, stdin: bytes | None = None) -> list[dict]:
    result = CliRunner().invoke(app, ["translate", "--json", *arguments], input=stdin)
    assert result.exit_code == 0, result.output
    return [orjson.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    bodies = {
        "a.xml": ALERT.format("VMD") + ALERT.format("IO"),
        "b.json": '{"truncated": ',
        "c.json": '{"eventType":"videoloss","eventState":"inactive","ipAddress":"1.2.3.4"}',
        "d.json": '{"nobody": "knows"}',
        "e.http": f"POST /hik HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n\r\n{ALERT.format('VMD')}",
        "f.multipart": f"--b\r\nContent-Type: application/xml\r\n\r\n{ALERT.format('VMD')}\r\n--b--\r\n",
    }
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body.encode())
    return [str(tmp_path / name) for name in bodies]


def test_every_input_has_its_lines_in_order(app: typer.Typer, files: list[str]) -> None:
    found = lines(app, "--from", "auto", "--to", "canonical", *files, "no-such-file")
    said = [(Path(line["input"]).name, line["outcome"]) for line in found]
    assert said == [
        ("a.xml", "record"),
        ("a.xml", "record"),
        ("b.json", "rejected"),
        ("c.json", "skipped"),
        ("d.json", "rejected"),
        ("e.http", "record"),
        ("f.multipart", "record"),
        ("no-such-file", "rejected"),
    ]
    assert all(set(line) == {"input", "format", "outcome", "type", "record", "reason"} for line in found)
    assert found[0]["record"]["event_type"] == "motion.region"
    assert found[3]["reason"].startswith("heartbeat")
    assert "no adapter" in found[4]["reason"]


def test_unknown_format_is_a_rejected_line(app: typer.Typer, files: list[str]) -> None:
    (line,) = lines(app, "--from", "no-such-format", files[5])
    assert (line["outcome"], line["record"]) == ("rejected", None)
    assert "no-such-format" in line["reason"]


def test_another_format_and_a_report_are_written(app: typer.Typer, files: list[str], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    (line,) = lines(app, "--to", "frigate", "--report", str(report), files[5])
    assert line["outcome"] == "rejected"
    (line,) = lines(app, "--to", "hikvision-isapi", "--report", str(report), files[5])
    assert "<eventType>VMD</eventType>" in line["record"]["body"]
    (found,) = orjson.loads(report.read_bytes()).values()
    assert set(found["kept"]) == {"dateTime", "eventType"}


def test_standard_input_is_read(app: typer.Typer) -> None:
    (line,) = lines(app, "-", stdin=ALERT.format("VMD").encode())
    assert (line["input"], line["format"]) == ("-", "hikvision-isapi")


def test_table_is_for_people(app: typer.Typer, files: list[str]) -> None:
    result = CliRunner().invoke(app, ["translate", *files])
    assert result.exit_code == 0
    assert "motion.region" in result.output


def test_unknown_target_is_the_operators_mistake(app: typer.Typer, files: list[str]) -> None:
    result = CliRunner().invoke(app, ["translate", "--to", "nothing", files[0]])
    assert isinstance(result.exception, ConfigurationError)
