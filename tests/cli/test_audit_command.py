"""`fairwatch audit verify` says which record is wrong, and its exit code means it."""

import orjson
import pytest
import typer
from typer.testing import CliRunner

from fairwatch.cli import audit
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_chain import Head, link
from tests.support.records import audit_record
from tests.support.trust import ADMIN, CONSOLE


@pytest.fixture
def run():
    app = typer.Typer()
    audit.register(app)
    return lambda *args: CliRunner().invoke(app, ["audit", *map(str, args)], env={"COLUMNS": "200"})


@pytest.fixture
def log(tmp_path):
    head, lines = Head(), []
    for n in range(5):
        record = link(audit_record(n), "audit-0", head)
        head = Head(record["sequence"], record["hash"])
        lines.append(orjson.dumps(record))
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_an_untouched_log_passes(run, log):
    result = run("verify", "--file", log)
    assert result.exit_code == 0
    assert "5 records, 0 faults" in result.output


@pytest.mark.parametrize(
    ("change", "kind", "sequence"),
    [
        (lambda lines: lines[2].replace(b"person-2", b"person-9"), "edited", 3),
        (lambda lines: None, "removed", 3),
    ],
)
def test_a_changed_log_fails_and_names_the_record(run, log, change, kind, sequence):
    lines = log.read_bytes().splitlines()
    lines[2] = change(lines)
    log.write_bytes(b"\n".join(line for line in lines if line is not None))
    result = run("verify", "--file", log, "--json")
    assert result.exit_code == 1
    faults = orjson.loads(result.stdout)["faults"]
    assert (kind, sequence) in {(fault["kind"], fault["sequence"]) for fault in faults}


def test_a_line_that_is_not_json_is_a_fault(run, log):
    log.write_bytes(b"not json\n" + log.read_bytes())
    assert run("verify", "--file", log).exit_code == 1


def test_earlier_heads_reveal_a_cut_off_end(run, log, tmp_path):
    heads = tmp_path / "heads.json"
    heads.write_text(run("verify", "--file", log, "--json").stdout)
    log.write_bytes(b"\n".join(log.read_bytes().splitlines()[:3]))
    assert run("verify", "--file", log).exit_code == 0
    assert run("verify", "--file", log, "--heads", heads).exit_code == 1


def test_a_missing_file_is_a_configuration_error(run, tmp_path):
    assert isinstance(run("verify", "--file", tmp_path / "none").exception, ConfigurationError)


@pytest.fixture
def key(tmp_path):
    ADMIN.write(tmp_path / "anchor.pem")
    return tmp_path / "anchor.pem"


def rewritten(log):
    head, lines = Head(), []
    for n in range(5):
        record = link(audit_record(n) | {"action": "another.story"}, "audit-0", head)
        head = Head(record["sequence"], record["hash"])
        lines.append(orjson.dumps(record))
    return b"\n".join(lines) + b"\n"


@pytest.mark.parametrize(
    "change",
    [lambda log: b"", lambda log: b"\n".join(log.read_bytes().splitlines()[:3]) + b"\n", rewritten],
    ids=["emptied", "cut off", "rewritten"],
)
def test_what_a_chain_cannot_tell_by_itself_shows_beside_its_checkpoints(run, log, key, tmp_path, change):
    kept = tmp_path / "elsewhere.jsonl"
    trusted = ("--checkpoints", kept, "--trusted", ADMIN.public.text)
    assert run("checkpoint", kept, "--key", key, "--file", log).exit_code == 0
    assert run("checkpoint", kept, "--key", key, "--file", log).exit_code == 0
    good = run("verify", "--file", log, *trusted)
    assert (good.exit_code, "held against 2 checkpoints" in good.output) == (0, True)
    log.write_bytes(change(log))
    alone = run("verify", "--file", log)
    assert (alone.exit_code, "NOT ANCHORED" in alone.output) == (0, True)
    assert run("verify", "--file", log, *trusted).exit_code == 1
    assert run("checkpoint", kept, "--key", key, "--file", log).exit_code == 1
    assert len(kept.read_bytes().splitlines()) == 2


def test_checkpoints_of_somebody_else_are_no_anchor(run, log, key, tmp_path):
    kept = tmp_path / "elsewhere.jsonl"
    run("checkpoint", kept, "--key", key, "--file", log)
    result = run("verify", "--file", log, "--checkpoints", kept, "--trusted", CONSOLE.public.text)
    assert result.exit_code == 1
    assert "not signed with a key that is trusted here" in result.output


def test_a_log_whose_beginning_retention_deleted_is_held_against_its_last_records(run, log, key, tmp_path):
    kept = tmp_path / "elsewhere.jsonl"
    run("checkpoint", kept, "--key", key, "--file", log)
    log.write_bytes(b"\n".join(log.read_bytes().splitlines()[2:]) + b"\n")
    trusted = ("--checkpoints", kept, "--trusted", ADMIN.public.text, "--retained")
    assert run("verify", "--file", log, *trusted).exit_code == 0
    log.write_bytes(b"\n".join(log.read_bytes().splitlines()[:2]) + b"\n")
    assert run("verify", "--file", log, *trusted).exit_code == 1


def test_a_record_is_proved_to_somebody_who_has_no_log(run, log, key, tmp_path):
    kept, proof = tmp_path / "elsewhere.jsonl", tmp_path / "proof.json"
    whole = log.read_bytes().splitlines()
    for records in (2, 3, 5):
        log.write_bytes(b"\n".join(whole[:records]) + b"\n")
        assert run("checkpoint", kept, "--key", key, "--file", log).exit_code == 0
    for name in (audit_record(1)["audit_id"], "audit-0/2"):
        proof.write_text(run("prove", name, "--checkpoints", kept, "--file", log).stdout)
        good = run("verify", "--proof", proof, "--trusted", ADMIN.public.text)
        assert (good.exit_code, "audit-0 record 2: verification.given by person-1" in good.output) == (0, True)
        assert "and still is in that of" in good.output
    changed = orjson.loads(proof.read_bytes())
    changed["record"]["actor"] = "somebody-else"
    proof.write_bytes(orjson.dumps(changed))
    wrong = run("verify", "--proof", proof, "--trusted", ADMIN.public.text)
    assert (wrong.exit_code, "the record is not what its hash was made of" in wrong.output) == (1, True)


def test_what_no_checkpoint_covers_or_nobody_wrote_is_not_proved(run, log, key, tmp_path):
    kept, whole = tmp_path / "elsewhere.jsonl", log.read_bytes()
    log.write_bytes(b"\n".join(whole.splitlines()[:3]) + b"\n")
    run("checkpoint", kept, "--key", key, "--file", log)
    log.write_bytes(whole)
    newer = run("prove", "audit-0/5", "--checkpoints", kept, "--file", log).exception
    assert "newer than every checkpoint" in str(newer)
    assert "holds no record 'nobody'" in str(run("prove", "nobody", "--checkpoints", kept, "--file", log).exception)
    verified = run("verify", "--file", log, "--checkpoints", kept, "--trusted", ADMIN.public.text)
    assert "2 records since 20" in verified.output


def test_each_file_of_checkpoints_is_held_against_the_log_by_itself(run, log, key, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    trusted = ("--trusted", ADMIN.public.text, "--checkpoints", first, "--checkpoints", second)
    run("checkpoint", first, "--key", key, "--file", log)
    whole = log.read_bytes()
    log.write_bytes(rewritten(log))
    run("checkpoint", second, "--key", key, "--file", log)
    log.write_bytes(whole)
    result = run("verify", "--file", log, *trusted, "--json")
    assert result.exit_code == 1
    assert [one["file"] for one in orjson.loads(result.stdout)["held_against"]] == [str(first), str(second)]
    second.unlink()
    assert "does not exist" in str(run("verify", "--file", log, *trusted).exception)
