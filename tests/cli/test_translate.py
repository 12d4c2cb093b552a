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


def lines(app: typer.Typer, *arguments: str, stdin: bytes | None = None, exit_code: int = 0) -> list[dict]:
    result = CliRunner().invoke(app, ["translate", "--json", *arguments], input=stdin)
    assert result.exit_code == exit_code, result.output
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
    found = lines(app, "--from", "auto", "--to", "canonical", *files, "no-such-file", exit_code=1)
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
    assert "no format" in found[4]["reason"]


def test_unknown_format_is_a_rejected_line(app: typer.Typer, files: list[str]) -> None:
    (line,) = lines(app, "--from", "no-such-format", files[5], exit_code=1)
    assert (line["outcome"], line["record"]) == ("rejected", None)
    assert "no-such-format" in line["reason"]


def test_another_format_and_a_report_are_written(app: typer.Typer, files: list[str]) -> None:
    (line, _) = lines(app, "--to", "frigate", "--report", files[5], exit_code=1)
    assert line["outcome"] == "rejected"
    (line, told) = lines(app, "--to", "hikvision-isapi", "--report", files[5])
    assert "<eventType>VMD</eventType>" in line["record"]["body"]
    assert told["report"]["exact"] == {"eventType": "event_type", "dateTime": "device_time"}
    assert not told["report"]["not_read"]


def test_report_takes_no_file_and_leaves_the_recording_after_it_as_it_is(app: typer.Typer, files: list[str]) -> None:
    before = Path(files[5]).read_bytes()
    result = CliRunner().invoke(app, ["translate", "--report", files[5]])
    assert "dateTime\texact\tdevice_time" in result.stdout.splitlines()
    assert Path(files[5]).read_bytes() == before


def test_output_is_written_to_a_file_but_never_over_an_input(
    app: typer.Typer, files: list[str], tmp_path: Path
) -> None:
    made = tmp_path / "made"
    assert CliRunner().invoke(app, ["translate", "-o", str(made), files[0]]).exit_code == 0
    assert [orjson.loads(line)["outcome"] for line in made.read_bytes().splitlines()] == ["record", "record"]
    assert CliRunner().invoke(app, ["translate", "--to", "hikvision-isapi", "-o", str(made), files[5]]).exit_code == 0
    assert made.read_bytes().startswith(b"<?xml")
    result = CliRunner().invoke(app, ["translate", "-o", files[0], files[0]])
    assert isinstance(result.exception, ConfigurationError)
    assert Path(files[0]).read_bytes().startswith(b"<EventNotificationAlert>")


def test_folder_stands_for_its_files(app: typer.Typer, files: list[str], tmp_path: Path) -> None:
    by_folder, by_name = (lines(app, *names, exit_code=1) for names in ([str(tmp_path)], files))
    assert [(line["input"], line["outcome"]) for line in by_folder] == [
        (line["input"], line["outcome"]) for line in by_name
    ]


def test_lines_in_a_pipe_are_whole_and_separated_by_tabs(app: typer.Typer, files: list[str]) -> None:
    result = CliRunner().invoke(app, ["translate", files[5]])
    assert result.stdout == f"{files[5]}\thikvision-isapi\trecord\tObservation\tmotion.region\n"


def test_standard_input_is_read(app: typer.Typer) -> None:
    (line,) = lines(app, "-", stdin=ALERT.format("VMD").encode())
    assert (line["input"], line["format"]) == ("-", "hikvision-isapi")


def test_unknown_target_is_the_operators_mistake(app: typer.Typer, files: list[str]) -> None:
    result = CliRunner().invoke(app, ["translate", "--to", "nothing", files[0]])
    assert isinstance(result.exception, ConfigurationError)
