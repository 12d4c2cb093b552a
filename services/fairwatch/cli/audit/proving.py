"""`fairwatch audit prove` and what checks its answer."""

import sys
from pathlib import Path

import orjson
import typer
from rich.console import Console

from fairwatch.apps.printing import shown
from fairwatch.cli.audit.log import CHECKPOINTS, FILE, anchorages, day, records_of, trusted_keys
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_proof import failures, find, prove

RECORD = typer.Argument(help="A record by its audit_id, or as CHAIN/SEQUENCE.")


def prove_record(record: str = RECORD, checkpoints: list[Path] | None = CHECKPOINTS, file: Path | None = FILE) -> None:
    """Print a proof that a record is in the log, for `audit verify --proof`: whoever checks it needs no log."""
    said = [one for anchorage in anchorages(checkpoints, from_start=False) for one in anchorage.said]
    if not said:
        raise ConfigurationError("there are no checkpoints: name a file with --checkpoints")
    proof = prove(find(records_of(file), record), sorted(said, key=lambda one: int(one["at"])))
    sys.stdout.buffer.write(orjson.dumps(proof, option=orjson.OPT_SORT_KEYS) + b"\n")


def verify_proof(file: Path, trusted: list[str] | None) -> bool:
    """Print what a proof proves, or why it proves nothing; tell whether it holds."""
    try:
        proof = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise ConfigurationError(f"{file}: is no proof: {error}") from error
    console = Console()
    if wrong := failures(proof, trusted_keys(trusted)):
        for reason in wrong:
            console.print(f"[red]proves nothing[/red]: {shown(reason)}", highlight=False)
        return False
    record, first = proof["record"], proof["checkpoint"]
    what = f"{record['action']} by {record['actor']} at {day(record['at'])}"
    console.print(f"{shown(record['chain'])} record {record['sequence']}: {shown(what)}", highlight=False)
    console.print(f"was in the log at the checkpoint of {day(first['at'])}, signed by {first['key_id']}")
    if "latest" in proof:
        console.print(f"and still is in that of {day(proof['latest']['at'])}, which begins with it")
    return True
