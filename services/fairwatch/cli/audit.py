"""`fairwatch audit`: check the chained audit log and take it out of Kafka."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps.keys import anchors as trust_anchors
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_anchor import FIRST, Held, checkpoint, digest, faults_of
from fairwatch.policy.audit_chain import Report, verify
from fairwatch.policy.signatures import PrivateKey, PublicKey

EXIT_BROKEN = 1
FILE = typer.Option(None, "--file", "-f", help="A file of `audit export`; Kafka when it is left out.")
HEADS = typer.Option(None, "--heads", help="Earlier `--json` output: its heads must still be there.")
CHECKPOINTS = typer.Option(
    None, "--checkpoints", envvar="FAIRWATCH_AUDIT_CHECKPOINTS", help="File of `audit checkpoint`, kept elsewhere."
)
ELSEWHERE = typer.Argument(help="Checkpoints, one a line, on a volume that no component of the hub can write.")
TRUSTED = typer.Option(None, "--trusted", help="Public key of checkpoints, base64; those of trust.yaml otherwise.")
KEY = typer.Option(..., "--key", help="Ed25519 key in PEM that signs; not one that lies on the hub.")
TARGET = typer.Argument(help="JSON lines, in the order of the log.")


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Check and export the audit log.", no_args_is_help=True)
    app.add_typer(group, name="audit")
    group.command("verify")(verify_log)
    group.command("export")(export_log)
    group.command("checkpoint")(checkpoint_log)


def verify_log(
    file: Path | None = FILE,
    heads: Path | None = HEADS,
    checkpoints: Path | None = CHECKPOINTS,
    trusted: list[str] | None = TRUSTED,
    retained: bool = typer.Option(False, "--retained", help="The beginning may be missing: retention deleted it."),
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> None:
    """Find any record that was edited, removed or reordered; exit 1 when there is one.

    A log that was rewritten from its beginning, cut off at its end, emptied or left without a chain shows only beside
    what was kept elsewhere: checkpoints, or the heads of an earlier run.
    """
    said = read_checkpoints(checkpoints) if checkpoints else []
    held = Held(said, from_start=not retained)
    report = verify(held.watch(_records(file)), from_start=not retained, anchors=_anchors(heads))
    report.faults += [*faults_of(said, trusted_keys(trusted)), *held.end()]
    if as_json:
        sys.stdout.buffer.write(orjson.dumps({**asdict(report), "held_against": _held_against(said)}) + b"\n")
    else:
        _show(report)
        _show_held(said, heads)
    if report.faults:
        raise typer.Exit(EXIT_BROKEN)


def checkpoint_log(
    file: Path = ELSEWHERE,
    key: Path = KEY,
    log: Path | None = FILE,
) -> None:
    """Hold the log against the checkpoints of the file, then add a signed one; exit 1 where it does not fit them."""
    signing = PrivateKey.load(key)
    said = read_checkpoints(file) if file.exists() else []
    held = Held(said)
    report = verify(held.watch(_records(log)))
    faults = [*report.faults, *faults_of(said, [signing.public]), *held.end()]
    if faults:
        report.faults = faults
        _show(report)
        raise typer.Exit(EXIT_BROKEN)
    previous = digest(said[-1]) if said else FIRST
    made = checkpoint(held.trees, signing, at=SystemClock().now(), previous=previous)
    with file.open("ab") as out:
        out.write(orjson.dumps(made) + b"\n")
    Console(stderr=True).print(f"{report.records} records of {len(made['chains'])} chains, signed by {made['key_id']}")


def export_log(file: Path = TARGET) -> None:
    """Write every chained record to a file."""
    count = 0
    console = Console(stderr=True)
    with file.open("wb") as out, console.status("reading the audit log"):
        for record in _from_kafka():
            out.write(orjson.dumps(record, option=orjson.OPT_SORT_KEYS) + b"\n")
            count += 1
    console.print(f"{count} records written to {file}")


def read_checkpoints(file: Path) -> list[dict[str, Any]]:
    """Return the checkpoints of a file; ConfigurationError where it holds something else."""
    try:
        found = [orjson.loads(line) for line in file.read_bytes().splitlines() if line.strip()]
    except (OSError, orjson.JSONDecodeError) as error:
        raise ConfigurationError(f"{file}: is no file of checkpoints: {error}") from error
    if not all(isinstance(one, dict) and isinstance(one.get("chains"), dict) for one in found):
        raise ConfigurationError(f"{file}: is no file of checkpoints")
    return found


def trusted_keys(texts: list[str] | None) -> list[PublicKey]:
    """Return the public keys that were named, or those of `trust.yaml`."""
    if not texts:
        return list(trust_anchors(settings()))
    found = [PublicKey.of(text) for text in texts]
    if None in found:
        raise ConfigurationError(f"--trusted: {', '.join(texts)}: 32 bytes in base64 each")
    return [key for key in found if key is not None]


def _held_against(said: list[dict[str, Any]]) -> dict[str, Any]:
    return {"checkpoints": len(said), "first_at": said[0]["at"], "last_at": said[-1]["at"]} if said else {}


def _show_held(said: list[dict[str, Any]], heads: Path | None) -> None:
    console = Console()
    if said:
        first, last = (_day(one["at"]) for one in (said[0], said[-1]))
        console.print(f"held against {len(said)} checkpoints, {first} to {last}; nothing vouches for what came later")
    elif heads is None:
        console.print("[red]NOT ANCHORED[/red]: a log rewritten from its beginning, cut off or emptied looks like this")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="seconds")


def _records(file: Path | None) -> Iterator[dict[str, Any]]:
    return _from_kafka() if file is None else _from_file(file)


def _from_file(file: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = file.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from error
    with lines:
        for line in lines:
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                record = None
            yield record if isinstance(record, dict) else {}


def _from_kafka() -> Iterator[dict[str, Any]]:
    from fairwatch.apps.reading import read_topic  # noqa: PLC0415  Kafka is not needed to check a file

    for _, kind, record in read_topic(settings(), "audit-chain"):
        if kind == "AuditRecord":
            yield record


def _anchors(file: Path | None) -> dict[str, tuple[int, str]]:
    if file is None:
        return {}
    try:
        written = orjson.loads(file.read_bytes())["heads"]
        return {chain: (int(head["sequence"]), str(head["hash"])) for chain, head in written.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{file}: is not the output of `fairwatch audit verify --json`") from error


def _show(report: Report) -> None:
    console = Console()
    chains = Table("chain", "last record", "hash")
    for chain, head in sorted(report.heads.items()):
        chains.add_row(chain, str(head.sequence), head.hash)
    console.print(chains)
    for fault in report.faults:
        where = f"{shown(fault.chain)} record {fault.sequence}"
        console.print(f"[red]{fault.kind}[/red] {where}: {shown(fault.detail)}", highlight=False)
    repeats = f", {report.repeats} identical repeats" if report.repeats else ""
    console.print(f"{report.records} records{repeats}, {len(report.faults)} faults")
