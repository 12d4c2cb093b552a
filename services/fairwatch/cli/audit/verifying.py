"""`fairwatch audit verify`, `checkpoint` and `export`."""

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path

import orjson
import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.apps.telling import tell, told
from fairwatch.cli.audit.log import (
    CHECKPOINTS,
    FILE,
    TRUSTED,
    Anchorage,
    anchorages,
    records_of,
    show_held,
    show_signatures,
    signatures_of,
    trusted_keys,
    watched,
)
from fairwatch.cli.audit.proving import verify_proof
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_anchor import Held, checkpoint, digest
from fairwatch.policy.audit_chain import Report, verify
from fairwatch.policy.merkle import FIRST
from fairwatch.policy.signatures import PrivateKey
from fairwatch.stores.checkpoints import CheckpointFile
from fairwatch.wire.signed_audit import Signatures

EXIT_BROKEN = 1
HEADS = typer.Option(None, "--heads", help="Earlier `--json` output: its heads must still be there.")
AUTHORITY = typer.Option(
    None, "--tsa-ca", help="PEM of an authority: the timestamps beside the checkpoints are checked, too."
)
PROOF = typer.Option(None, "--proof", help="Check a proof of `audit prove` instead; no log is needed.")
ELSEWHERE = typer.Argument(help="Checkpoints, one a line, on a volume that no component of the hub can write.")
KEY = typer.Option(..., "--key", help="Ed25519 key in PEM that signs; not one that lies on the hub.")
TARGET = typer.Argument(help="JSON lines, in the order of the log.")


def verify_log(
    file: Path | None = FILE,
    heads: Path | None = HEADS,
    checkpoints: list[Path] | None = CHECKPOINTS,
    trusted: list[str] | None = TRUSTED,
    proof: Path | None = PROOF,
    tsa_ca: Path | None = AUTHORITY,
    retained: bool = typer.Option(False, "--retained", help="The beginning may be missing: retention deleted it."),
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
) -> None:
    """Find any record that was edited, removed or reordered, or speaks falsely of people; exit 1 when there is one.

    A log that was rewritten from its beginning, cut off at its end, emptied or left without a chain shows only beside
    what was kept elsewhere: checkpoints, or the heads of an earlier run.
    """
    if proof is not None:
        raise typer.Exit(0 if verify_proof(proof, trusted) else EXIT_BROKEN)
    held = anchorages(checkpoints, from_start=not retained, authority=tsa_ca)
    signatures = signatures_of(file)
    report = verify(watched(records_of(file), held, signatures), from_start=not retained, anchors=_heads(heads))
    keys = trusted_keys(trusted)
    for one in held:
        report.faults += one.faults(keys)
    report.faults += signatures.faults if signatures else []
    if as_json:
        said = {**asdict(report), "held_against": [one.told() for one in held], "people": _counts(signatures)}
        sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
    else:
        _show(report)
        show_held(held, by_heads=heads is not None)
        show_signatures(signatures)
    if report.faults:
        raise typer.Exit(EXIT_BROKEN)


def checkpoint_log(
    file: Path = ELSEWHERE,
    key: Path = KEY,
    log: Path | None = FILE,
) -> None:
    """Hold the log against the checkpoints of the file, then add a signed one; exit 1 where it does not fit them."""
    signing, kept = PrivateKey.load(key), CheckpointFile(file)
    said = kept.read()
    held = Anchorage(file, said, Held(said))
    report = verify(watched(records_of(log), [held]))
    faults = [*report.faults, *held.faults([signing.public])]
    if faults:
        report.faults = faults
        _show(report)
        raise typer.Exit(EXIT_BROKEN)
    previous = digest(said[-1]) if said else FIRST
    made = checkpoint(held.held.trees, signing, at=SystemClock().now(), previous=previous)
    kept.append(made)
    Console(stderr=True).print(f"{report.records} records of {len(made['chains'])} chains, signed by {made['key_id']}")


def export_log(file: Path = TARGET) -> None:
    """Write every chained record to a file, once the log has that somebody takes it out."""
    asyncio.run(tell(settings(), told("audit.exported", "audit-chain", details={"to": file.name})))
    count = 0
    console = Console(stderr=True)
    with file.open("wb") as out, console.status("reading the audit log"):
        for record in records_of(None):
            out.write(orjson.dumps(record, option=orjson.OPT_SORT_KEYS) + b"\n")
            count += 1
    console.print(f"{count} records written to {file}")


def _counts(seen: Signatures | None) -> dict[str, int] | None:
    return None if seen is None else {"signed": seen.signed, "unsigned": seen.unsigned, "doubtful": seen.doubtful}


def _heads(file: Path | None) -> dict[str, tuple[int, str]]:
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
