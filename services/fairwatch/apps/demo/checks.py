"""What must have come of the story; each check is one line of the summary."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from fairwatch.apps.demo.receiver import ControlRoom
from fairwatch.policy.audit_chain import verify

EXPECTED_RULES = ("stolen-car", "missing-child", "line-at-night", "camera-tamper")
NEVER_SEEN = (
    "EthicCode", "NationalityCode", "SkinColor", "ChineseAccentCode", "IsSuspectedTerrorist", "IsCriminalInvolved",
    "IsSuspiciousPerson", "IsSuspicious", "IsVictim", "IsDetainees",
)  # fmt: skip
COMMENT = "A plastic bag. The patrol takes it off."
RESTRICTED = {"raw-events", "raw-events-dlq"}  # bytes as received; access is restricted, retention is hours


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: what was promised, whether it held, and what was seen."""

    promise: str
    held: bool
    seen: str


async def until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until the condition holds, at most `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  what it asks about is in other processes
            await asyncio.sleep(0.1)


def alert_checks(room: ControlRoom) -> list[Check]:
    """Every expected alert arrived exactly once, and no other."""
    checks = []
    for rule in EXPECTED_RULES:
        alerts = room.of_rule(rule)
        arrivals = [
            room.arrivals[(alert["alert_id"], revision)]
            for alert in alerts
            for revision in range(alert["revision"] + 1)
        ]
        checks.append(
            Check(f"alert {rule} arrives exactly once", arrivals == [1], f"{len(alerts)} alerts, deliveries {arrivals}")
        )
    others = sorted({alert["rule"] for alert in room.alerts.values()} - set(EXPECTED_RULES))
    checks.append(Check("no other alert arrives", not others, ", ".join(others) or "none"))
    checks.append(Check("every webhook is signed", room.forged == 0, f"{room.forged} forged"))
    return checks


def record_checks(records: Iterable[tuple[str, str, Any]]) -> list[Check]:
    """Check all topics: dead letters, the verdicts, and that no protected attribute is in any record.

    Args:
        records: (topic, record type, record) of every record on every topic.
    """
    letters, verdicts, leaks, chained, comments = [], {}, set(), [], set()
    for topic, _, record in records:
        if topic == "audit-chain":
            chained.append(record)
        if topic == "raw-events-dlq":
            letters.append(record["reason"])
        if topic == "alerts":
            comments |= {line["text"] for line in record.get("deeds", ())}
        if topic == "verdicts":
            verdicts[record["candidate_id"]] = (record["candidate"]["kind"], record["outcome"])
        if topic not in RESTRICTED:
            text = orjson.dumps(record, default=lambda value: value.decode("utf-8", "replace")).decode()
            leaks |= {f"{name} in {topic}" for name in NEVER_SEEN if name in text}
    faces = sorted(outcome for kind, outcome in verdicts.values() if kind == "FACE")
    plates = [outcome for kind, outcome in verdicts.values() if kind == "PLATE"]
    report = verify(chained)
    return [
        Check("the audit chain is whole", not report.faults and bool(chained), f"{len(chained)} records"),
        Check(
            "the malformed payload is a dead letter with its reason",
            letters == ["malformed"],
            ", ".join(letters) or "none",
        ),
        Check(
            "two people released one face and stopped the other",
            faces == ["CONFIRMED", "REJECTED"],
            ", ".join(faces) or "none",
        ),
        Check("the operator's comment is on its alert", comments == {COMMENT}, ", ".join(comments) or "none"),
        Check("the plate matched at the harbour only", plates == ["CONFIRMED"], ", ".join(plates) or "none"),
        Check("no protected attribute is in any record", not leaks, ", ".join(sorted(leaks)) or "none"),
    ]
