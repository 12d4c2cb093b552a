"""Where the audit log is read from, and what it is held against."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console

from fairwatch.apps.keys import anchors, log_anchors
from fairwatch.apps.printing import shown
from fairwatch.apps.settings import settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_anchor import Held, faults_of
from fairwatch.policy.audit_chain import Fault
from fairwatch.policy.signatures import PublicKey
from fairwatch.sinks.timestamps import NAME as TIMESTAMPS
from fairwatch.sinks.timestamps import Timestamped, authorities, read_timestamps
from fairwatch.stores.checkpoints import NAME, CheckpointFile
from fairwatch.wire.signed_audit import Signatures, Tellers

FILE = typer.Option(None, "--file", "-f", help="A file of `audit export`; Kafka when it is left out.")
CHECKPOINTS = typer.Option(
    None,
    "--checkpoints",
    envvar="FAIRWATCH_AUDIT_CHECKPOINTS",
    help="Files of checkpoints, kept elsewhere; the one in FAIRWATCH_ANCHOR_DIR otherwise, where there is one.",
)
TRUSTED = typer.Option(None, "--trusted", help="Public key of checkpoints, base64; those of trust.yaml otherwise.")


@dataclass(slots=True)
class Anchorage:
    """One file of checkpoints, and the log as it is held against it."""

    file: Path
    said: list[dict[str, Any]]
    held: Held
    stamped: Timestamped | None = None

    def faults(self, trusted: Sequence[PublicKey]) -> list[Fault]:
        """Return what is wrong with the checkpoints and, once it was read, with the log beside them."""
        stamps = self.stamped.faults if self.stamped else []
        return [*faults_of(self.said, trusted), *stamps, *self.held.end()]

    def told(self) -> dict[str, Any]:
        """Return against what the log was held, for programs."""
        what = {"file": str(self.file), "checkpoints": len(self.said)}
        if self.said:
            what |= {"first_at": self.said[0]["at"], "last_at": self.said[-1]["at"]}
        newer = self.held.uncovered
        if self.stamped is not None:
            what["timestamps"] = len(self.stamped.times)
        return what | {"unanchored_records": newer.records, "unanchored_since": newer.since or None}


def anchorages(files: Sequence[Path] | None, *, from_start: bool, authority: Path | None = None) -> list[Anchorage]:
    """Return the files that were named; ConfigurationError where one is not there or holds something else.

    Args:
        files: Of checkpoints; the usual one for none.
        from_start: Whether the beginning of the log must be there.
        authority: Certificates of authorities whose timestamps lie beside them; without, those are not looked at.
    """
    found = []
    roots = authorities(authority) if authority else None
    for file in files or _usual():
        if not file.exists():
            raise ConfigurationError(f"{file}: is no file of checkpoints: it does not exist")
        said = CheckpointFile(file).read()
        stamped = Timestamped(said, read_timestamps(file.with_name(TIMESTAMPS)), roots) if roots is not None else None
        found.append(Anchorage(file, said, Held(said, from_start=from_start), stamped))
    return found


def watched(
    records: Iterator[dict[str, Any]], held: Sequence[Anchorage], signatures: Signatures | None = None
) -> Iterator[Mapping[str, Any]]:
    """Hand records on, and let each anchorage look at them, and what checks signatures."""
    for record in records:
        for one in held:
            one.held.look(record)
        if signatures is not None:
            signatures.look(record)
        yield record


def signatures_of(file: Path | None) -> Signatures | None:
    """Return what checks signatures under what is told of people; None where no registered keys are known.

    Keys are on their topic and administrators in `trust.yaml`: a file alone has neither.
    """
    chosen = settings()
    if file is not None or not anchors(chosen):
        return None
    from fairwatch.apps.authentic import known_trust  # noqa: PLC0415  Kafka is not needed to check a file

    return Signatures(Tellers(known_trust(chosen), required=False))


def show_signatures(signatures: Signatures | None) -> None:
    """Print how many of the records of people are signed."""
    if signatures is None:
        return
    told = f"{signatures.signed} records of people are signed by what recognised them"
    more = {"bear no signature": signatures.unsigned, "are signed with a key that was revoked": signatures.doubtful}
    Console().print(", ".join([told, *(f"{count} {what}" for what, count in more.items() if count)]), highlight=False)


def trusted_keys(texts: list[str] | None) -> list[PublicKey]:
    """Return the public keys that were named, or those of `trust.yaml`."""
    if not texts:
        return list(log_anchors(settings()))
    found = [PublicKey.of(text) for text in texts]
    if None in found:
        raise ConfigurationError(f"--trusted: {', '.join(texts)}: 32 bytes in base64 each")
    return [key for key in found if key is not None]


def records_of(file: Path | None) -> Iterator[dict[str, Any]]:
    """Yield the chained records of a file, or of Kafka; a line that is none is an empty record."""
    return _from_kafka() if file is None else _from_file(file)


def show_held(held: Sequence[Anchorage], *, by_heads: bool) -> None:
    """Print against which anchors the log was held, and what none of them vouches for."""
    console = Console()
    if not any(one.said for one in held):
        if not by_heads:
            console.print("[red]NOT ANCHORED[/red]: a log rewritten from its beginning, cut off or emptied looks so")
        return
    for one in held:
        newer, times = one.held.uncovered, [day(said["at"]) for said in (one.said[:1] + one.said[-1:])]
        left = f"{newer.records} records since {day(newer.since)} are" if newer.records else "what comes now is"
        console.print(
            f"held against {len(one.said)} checkpoints{', '.join(['', *times[:1]])}{' to '.join(['', *times[1:]])} of"
            f" {shown(str(one.file))}: {left} newer, and nobody vouches for it",
            highlight=False,
            soft_wrap=True,
        )
        for line in one.stamped.told() if one.stamped else ():
            console.print(line, highlight=False)


def day(at: int) -> str:
    """Return a time, given in microseconds UTC, to the second."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="seconds")


def _usual() -> list[Path]:
    usual = settings().anchor_dir / NAME
    return [usual] if usual.exists() else []


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
