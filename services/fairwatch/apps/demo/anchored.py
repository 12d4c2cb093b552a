"""The demo's audit log is anchored while it grows, and held against that anchor at the end."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fairwatch.apps.demo.checks import Check
from fairwatch.apps.keys import ADMIN
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import SystemClock
from fairwatch.policy.audit_anchor import Held, checkpoint, faults_of
from fairwatch.policy.signatures import PrivateKey
from fairwatch.stores.checkpoints import NAME, CheckpointFile

PROMISE = "the audit log fits the anchor that was taken on the way"


def anchor(settings: Settings, folder: Path) -> None:
    """Sign a checkpoint of the log as it is now, into a file that no component can write."""
    held = Held([])
    for _, _, record in read_topic(settings, "audit-chain"):
        held.look(record)
    file = _file(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    CheckpointFile(file).append(checkpoint(held.trees, _key(folder), at=SystemClock().now()))


def anchor_check(records: Iterable[Mapping[str, Any]], folder: Path) -> Check:
    """Hold the log, as it is at the end, against its anchor."""
    said = CheckpointFile(_file(folder)).read() if _file(folder).exists() else []
    held = Held(said)
    for record in records:
        held.look(record)
    faults = [*faults_of(said, [_key(folder).public]), *held.end()]
    covered = sum(int(head["sequence"]) for one in said[-1:] for head in one["chains"].values())
    seen = f"{covered} records vouched for, {held.uncovered.records} newer, {len(faults)} faults"
    return Check(PROMISE, bool(covered) and not faults, seen)


def _file(folder: Path) -> Path:
    return folder / "elsewhere" / NAME


def _key(folder: Path) -> PrivateKey:
    return PrivateKey.load(folder / "keys" / ADMIN)
