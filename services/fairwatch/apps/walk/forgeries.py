"""Twelve forgeries by somebody who can write to every topic of Kafka, each with what has to refuse it.

The forger writes as any program could that reached the broker. Where a forgery is signed with the console's own key,
the forger is taken to have that too.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fairwatch.apps.kafka import producer
from fairwatch.apps.walk.ground import AUTHORISATION, ENTRY, Ground
from fairwatch.domain.ids import stable_id
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import sign_deed
from fairwatch.wire.producer import Producer
from fairwatch.wire.vouching import vouch_key, vouch_person

Record = dict[str, Any]
UNBOUND = {"reason": "unbound"}
WEEK = 7 * 86_400_000_000
LOOK_ALIKE, UNSEEN = "\N{CYRILLIC SMALL LETTER A}lice", "al\N{ZERO WIDTH SPACE}ice"
FORGER = PrivateKey.generate()


@dataclass(frozen=True, slots=True)
class Forgery:
    """One attempt.

    Attributes:
        what: What is tried.
        write: Writes it.
        action, subject: Of the audit record that says that it was refused.
        details: Of that record.
    """

    what: str
    write: Callable[[Producer], Any]
    action: str
    subject: str
    details: Record


def verification(candidate_id: str, reviewer: str, at: int, decision: str = "MATCH") -> Record:
    """Return a decision that nobody has signed."""
    return {
        "verification_id": stable_id("verification", candidate_id, reviewer, at), "candidate_id": candidate_id,
        "reviewer": reviewer, "role": "reviewer", "decision": decision, "decided_at": at, "reason": "same scar",
        "blind": True,
    }  # fmt: skip


def sign(record: Record, key: PrivateKey) -> Record:
    """Return a decision with the deed of its reviewer, made with this key."""
    at, name = record["decided_at"], record["reviewer"]
    deed = sign_deed("Verification", record, key, act="verify", name=name, role="reviewer", at=at, method="password")
    return {**record, "deed": deed}


async def try_all(ground: Ground) -> None:
    """Try eleven of them, one after the other; the twelfth is about the log and needs none of the topics."""
    async with producer(ground.stage.settings, "forger") as publisher:
        for number, forgery in enumerate(_forgeries(ground), 1):
            known = len(await ground.audited(forgery.action, forgery.subject, 0, **forgery.details))
            await forgery.write(publisher)
            found = await ground.audited(forgery.action, forgery.subject, known + 1, **forgery.details)
            held = len(found) > known
            ground.note(f"forgery {number}: {forgery.what}", held=held, seen=_refused(found[-1]) if held else "NOTHING")
    confirmed = [
        one for one in await ground.records("verdicts") if one["outcome"] == "CONFIRMED" or one["verifications"]
    ]
    told = ground.stage.room.alerts
    ground.note(
        "none of them confirmed anybody, and nobody was told",
        held=not confirmed and not told,
        seen=f"{len(confirmed)} confirmed, {len(told)} alerts delivered",
    )


def _refused(record: Record) -> str:
    said = record["details"]
    why = said.get("reason") or said.get("outcome", "")
    return f"{record['actor']}: {record['action']} {why} (audit {record['chain']}/{record['sequence']})"


def _forgeries(ground: Ground) -> Sequence[Forgery]:
    return [*_of_people(ground), *_of_records(ground)]


def _of_people(ground: Ground) -> list[Forgery]:
    """Return decisions on the genuine candidate that the people did not take."""
    subject, now = ground.candidate["candidate_id"], time.time_ns() // 1000

    def decided(*records: Record) -> Callable[[Producer], Any]:
        async def write(publisher: Producer) -> None:
            for record in records:
                await publisher.publish("verifications", record["candidate_id"], record)

        return write

    def forged(what: str, record: Record, reason: str) -> Forgery:
        claims = {"reason": reason, "claims": record["reviewer"]}
        return Forgery(what, decided(record), "deed.refused", subject, claims)

    def says(name: str, more: int, decision: str = "MATCH") -> Record:
        return verification(subject, name, now + more, decision)

    def of_another() -> Record:
        return {**says("alice", 5), "deed": sign(verification("of-last-week", "alice", now + 5), ground.key)["deed"]}

    def turned_round() -> Record:
        return {**says("bob", 6), "deed": sign(says("bob", 6, "NO_MATCH"), ground.key)["deed"]}

    async def registered(publisher: Producer) -> None:
        await _register_trudy(publisher, now)
        await decided(sign(says("trudy", 7), FORGER))(publisher)

    trudy = {"claims": "trudy"}
    return [
        forged("a reviewer who does not exist confirms, unsigned", says("mallory", 1), "unsigned"),
        forged("alice confirms, signed with a key of the forger's own", sign(says("alice", 2), FORGER), "unknown_key"),
        forged("a look-alike of alice (Cyrillic a) confirms, signed with the console's key",
               sign(says(LOOK_ALIKE, 3), ground.key), "unknown_person"),
        forged("alice with a letter that nobody sees confirms, signed with the console's key",
               sign(says(UNSEEN, 4), ground.key), "unknown_person"),
        forged("alice's genuine signature of another candidate is put under this one", of_another(), "wrong_signature"),
        forged("bob's genuine NO_MATCH is turned round into a MATCH", turned_round(), "wrong_signature"),
        Forgery("the forger registers a key and a reviewer, then confirms", registered, "deed.refused", subject, trudy),
    ]  # fmt: skip


async def _register_trudy(publisher: Producer, now: int) -> None:
    """Vouch for the forger's key and for a reviewer, as an administrator would."""
    key = vouch_key(FORGER, FORGER.public, "console", at=now)
    person = vouch_person(FORGER, "trudy", ["reviewer"], since=now, at=now)
    await publisher.publish("signing-keys", key["key_id"], key)
    await publisher.publish("people", person["person_id"], person)


def _of_records(ground: Ground) -> list[Forgery]:
    """Return records that only the hub writes."""
    genuine, now = ground.candidate, time.time_ns() // 1000
    plate = {**genuine, "candidate_id": stable_id("forged", "plate", now), "kind": "PLATE", "required_verifications": 0}
    times = ("occurred_at", "received_at", "matched_at", "expires_at")
    old = {**genuine, "candidate_id": stable_id("forged", "old", now), **{name: genuine[name] - WEEK for name in times}}
    past = _alert(ground, now)

    def put(topic: str, key: str, *records: Record) -> Callable[[Producer], Any]:
        async def write(publisher: Producer) -> None:
            for record in records:
                await publisher.publish(topic, key, record)

        return write

    async def replay(publisher: Producer) -> None:
        await publisher.publish("candidates", old["candidate_id"], old)
        for name in ("alice", "bob"):
            made = sign(verification(old["candidate_id"], name, old["matched_at"] + 1), ground.key)
            await publisher.publish("verifications", old["candidate_id"], made)

    misplaced = f"of-{genuine['candidate_id']}"
    return [
        Forgery("a candidate that calls the face a plate, so that it needs nobody",
                put("candidates", plate["candidate_id"], plate), "record.refused", plate["candidate_id"], UNBOUND),
        Forgery("the genuine candidate is written again under another key", put("candidates", misplaced, genuine),
                "record.refused", misplaced, UNBOUND),
        Forgery("a candidate of a week ago comes again, with both decisions signed", replay, "record.refused",
                old["candidate_id"], UNBOUND),
        Forgery("an alert is written past everybody, for a place that the authorisation does not reach",
                put("alerts", past["group"], past), "record.refused", past["group"], UNBOUND),
    ]  # fmt: skip


def _alert(ground: Ground, now: int) -> Record:
    return {
        "alert_id": stable_id("forged", "alert", now), "group": stable_id("forged", "group", now), "revision": 0,
        "state": "NEW", "rule": "missing-child", "event_type": "watchlist.face", "title": "Confirmed at North Terminal",
        "severity": "EXTREME", "receivers": ["control-room"], "started_at": now, "updated_at": now, "received_at": now,
        "issued_at": now, "count": 1, "triggers": [stable_id("forged", "trigger", now)], "device_ids": ["hik-north-1"],
        "site_id": "north", "candidate_id": ground.candidate["candidate_id"], "entry_id": ENTRY,
        "authorisation_id": AUTHORISATION, "verified_by": ["alice", "bob"],
        "parameters": {"kind": "FACE", "required_verifications": "2"},
    }  # fmt: skip
