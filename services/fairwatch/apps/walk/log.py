"""The audit log on the walk: anchored elsewhere, forged, and held against its anchor at the end.

The same commands that an auditor runs, each as a process of its own.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import ADMIN
from fairwatch.apps.walk.ground import Ground
from fairwatch.domain.ids import stable_id
from fairwatch.policy.audit_chain import SAID, Head, link

TARGET = "mallory"


def _folder(ground: Ground) -> Path:
    return ground.stage.components.logs.parent


async def anchor(ground: Ground) -> None:
    """Sign a checkpoint of the log as it is now, into a file that no component can write."""
    file = _folder(ground) / "elsewhere" / "audit.checkpoints"
    file.parent.mkdir(exist_ok=True)
    code, said = await _audit(ground, "checkpoint", str(file), "--key", str(_folder(ground) / "keys" / ADMIN))
    ground.note("the audit log is anchored elsewhere, by a signed checkpoint", held=code == 0, seen=said)


async def forge(ground: Ground) -> None:
    """Write the whole log anew from its beginning, as if somebody else had done it all; `audit verify` finds it."""
    file = _folder(ground) / "forged.jsonl"
    file.write_bytes(b"".join(orjson.dumps(r) + b"\n" for r in rewritten(await ground.records("audit-chain"))))
    (plain, _), (code, said) = await asyncio.gather(
        _audit(ground, "verify", "--file", str(file)),
        _audit(ground, "verify", "--file", str(file), "--checkpoints", str(_anchored(ground))),
    )
    at = time.time_ns() // 1000
    record = {
        "audit_id": stable_id("audit", "audit.refused", str(file), at), "action": "audit.refused",
        "actor": "operator:walk", "at": at, "subject": "audit-chain", "details": {"reason": said[:200]},
    }  # fmt: skip
    async with producer(ground.stage.settings, "cli") as publisher:
        await publisher.publish("audit", "audit-chain", record)
    audited = await ground.audited("audit.refused", "audit-chain")
    ground.note(
        "forgery 12: the audit log is written anew from its beginning, every hash right",
        held=code != 0 and bool(audited),
        seen=f"audit verify: {said} (audit {audited[-1]['chain']}/{audited[-1]['sequence']})" if audited else said,
    )
    ground.note("… which shows beside its anchor only", held=plain == 0, seen="without it the forgery looks whole")


async def verify(ground: Ground) -> None:
    """Hold the log, as it is at the end, against its anchors."""
    await anchor(ground)
    code, said = await _audit(ground, "verify", "--checkpoints", str(_anchored(ground)), "--json")
    report = orjson.loads(said) if said.startswith("{") else {}
    against = (report.get("held_against") or [{}])[0]
    faults, checkpoints = report.get("faults", ["no report"]), against.get("checkpoints")
    seen = f"{report.get('records')} records, {len(faults)} faults, {checkpoints} checkpoints"
    newer = against.get("unanchored_records")
    held = code == 0 and checkpoints == 2  # noqa: PLR2004  one on the way, one at the end
    ground.note("the audit log is whole and fits its anchors", held=held, seen=f"{seen}, {newer} records newer")


def rewritten(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a log in which another person did everything, with every hash right."""
    heads: dict[str, Head] = {}
    found = []
    for record in records:
        chain = record["chain"]
        plain = {name: value for name, value in record.items() if name in SAID}
        made: dict[str, Any] = dict(link({**plain, "actor": TARGET}, chain, heads.get(chain, Head())))
        heads[chain] = Head(int(made["sequence"]), str(made["hash"]))
        found.append(made)
    return found


def _anchored(ground: Ground) -> Path:
    return _folder(ground) / "elsewhere" / "audit.checkpoints"


async def _audit(ground: Ground, *arguments: str) -> tuple[int, str]:
    """Run `fairwatch audit`; return its exit code and the last thing it said of a fault, or at all."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fairwatch", "audit", *arguments,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **ground.stage.components.environment, "COLUMNS": "200"},
    )  # fmt: skip
    out, _ = await process.communicate()
    lines = [line.strip() for line in out.decode(errors="replace").splitlines() if line.strip()]
    faults = [line for line in lines if line.startswith(("edited", "removed", "reordered"))]
    return process.returncode or 0, (faults or lines or [""])[0 if faults else -1]
