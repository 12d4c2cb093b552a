"""Turns people's decisions on candidates into verdicts, by the two-person rule."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson

from fairwatch.domain.agenda import Agenda
from fairwatch.domain.clock import Clock
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.memory import Memory
from fairwatch.domain.outcome import Emit, Outcome, Reject, Skip
from fairwatch.domain.ports import Reference, State
from fairwatch.domain.records import AuditRecord, MatchCandidate, RecordPlace, Verdict, Verification
from fairwatch.domain.taken_back import LookedThrough, Untold
from fairwatch.matching.recheck import Recheck
from fairwatch.parts import spec_of
from fairwatch.policy.authorisation import Refusal
from fairwatch.policy.better_shot import differs, improved, rank
from fairwatch.policy.release import verdict_id
from fairwatch.policy.two_person import Case, Objection, Ruling, objection, rule
from fairwatch.wire.refused_deeds import RefusedRecords, refused_deed
from fairwatch.wire.refused_records import is_foreign, refused_record
from fairwatch.wire.signed_view import SignedView
from fairwatch.wire.trust import Trust, Unauthentic
from fairwatch.wire.trust_heads import TOPIC as HEADS
from fairwatch.wire.trust_heads import HeadKeeper, TrustHeads

SECOND = 1_000_000
GRACE = 60 * SECOND  # an authorisation or entry that is not here may still be on its way
ORPHAN = 24 * 3600 * SECOND  # a decision waits so long for its candidate
KEEP = 7 * 24 * 3600 * SECOND  # a verdict is remembered so long: later decisions are told, what shrinks takes it back
ACT = "verify"  # what a signed decision says
ACTION = "candidate.verify"  # and what policies call it
MISSING = frozenset({"no_authorisation", "no_entry"})  # not here, or not here yet

# What is kept of a candidate: the candidate, the decisions that count, since when, the outcome, when to look again, and
# where these lie (`places`, by the id of the decision; that of the candidate under "").
Value = dict[str, Any]


class Verify:
    """Candidates and verifications in, at most one verdict per candidate out.

    A decision counts only where it is signed by what recognised its reviewer, and an administrator vouches for both;
    what is not is a dead letter, an audit record and a number. So is a candidate that `match` has not written.

    Decisions may come before their candidate. Of one person the latest counts until the verdict; after it nothing does,
    except that a CONFIRMED verdict is followed by a REVOKED one where its mandate shrinks: where entry and
    authorisation, as they stand now, no longer allow what was found at its place, by its kind and mode. A plate that
    needs nobody is confirmed at once; a face needs two people whatever is written. A candidate or decision that comes
    again changes nothing, also where the candidate was decided long ago or erased; an expired one stays expired.
    Until the verdict a better shot of the same track takes the place of the picture: what people said stays said, and
    it needs no fewer people and waits no longer.
    """

    spec = spec_of("verify")

    def __init__(self, clock: Clock, state: State, references: Mapping[str, Reference], trust: Trust) -> None:
        self._trust, self._trusted = trust, -1
        self._clock = clock
        self._state = state
        self._agenda = Agenda(state, lambda value: value["due"])
        self._recheck = Recheck(references)
        self._looked_through, self._untold = LookedThrough(state), Untold(state)
        self._refused = RefusedRecords("verify", references.values())
        self._signed = [one for one in references.values() if isinstance(one, SignedView)]
        self._heads = HeadKeeper(TrustHeads(references[HEADS])) if HEADS in references else None

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Answer each event with what it came to."""
        if not batch:
            return []
        memory = Memory(self._state, batch[0].partition, self._clock.now())
        answers = [self._answer(event, memory) for event in batch]
        memory.save()
        return answers

    def due_at(self) -> int | None:
        """Return when the next tick has something to do."""
        return self._agenda.next_at()

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Expire what is due; revoke where an authorisation or an entry was taken back."""
        emits = self._untold.give(0, self._tell()) if 0 in partitions else []  # one worker has the first
        for partition in self._looked_through.changed(partitions, self._recheck.version):
            emits += self._look_again(partition)
        for partition, key, value in self._agenda.due(partitions, self._clock.now()):
            if value["outcome"] and not self._is_kept(value):
                self._agenda.delete(partition, key)
            elif value["candidate"] is None:
                emits += self._orphan(partition, key, value)
            else:
                emits += self._rule(partition, key, value)
        return emits

    def _tell(self) -> list[Emit]:
        """Tell what is not authentic, and how new the newest version is of what is."""
        now = self._clock.now()
        refused = self._refused.tell(now)
        if self._heads is None:
            return refused
        newest = [head for one in self._signed for head in one.take_heads()]
        if self._trusted != self._trust.version:
            self._trusted = self._trust.version
            newest += self._trust.heads()
        return [*refused, *self._heads.tell(newest, now)]

    def _is_kept(self, value: Value) -> bool:
        """Tell whether a verdict that is looked at again is still one that can be taken back."""
        return bool(value["outcome"] == "CONFIRMED" and self._clock.now() < value.get("until", 0))

    def _orphan(self, partition: int, key: str, value: Value) -> list[Emit]:
        """Give up decisions on nothing; they may be made again."""
        memory = Memory(self._state, partition, self._clock.now())
        for verification in value["verifications"]:
            memory.forget(_said(verification))
        self._agenda.delete(partition, key)
        memory.save()
        return [self._tell_of("verification.orphaned", v, "no such candidate") for v in value["verifications"]]

    def _look_again(self, partition: int) -> list[Emit]:
        """Rule again on everything: the lists changed, or the partition is new here."""
        undecided = [
            (key, value)
            for key, value in self._agenda.items(partition)
            if value["candidate"] and value["outcome"] in {None, "CONFIRMED"}
        ]
        return [emit for key, value in undecided for emit in self._rule(partition, key, value)]

    def _answer(self, event: Event, memory: Memory) -> list[Outcome]:
        record = event.record
        if event.type == "MatchCandidate" and is_foreign(event):  # also what would take a candidate away
            return [*refused_record("verify", event, self._clock.now())]
        if record is None:
            if event.type == "MatchCandidate":
                self._agenda.delete(event.partition, event.key)
            return [Skip("erased")]
        if event.key != record["candidate_id"]:
            return _misplaced(event, record["candidate_id"], self._clock.now())
        return self._handle(event, memory)

    def _handle(self, event: Event, memory: Memory) -> list[Outcome]:
        partition, record, key = event.partition, event.record, event.key
        identity, made_at = _identity(event)
        is_new = event.type == "Verification" and not memory.knows(identity)
        if is_new and (reason := self._not_authentic(record)):
            return [*refused_deed("verify", event, record["reviewer"], reason, self._clock.now(), self._trust)]
        value = self._agenda.get(partition, key)
        if event.type == "MatchCandidate" and value and value["candidate"] and _is_better(record, value["candidate"]):
            return self._improve(event, value)
        if memory.repeats(event, identity, made_at):
            return [Skip("duplicate")]
        value = value or self._new()
        if event.type == "MatchCandidate":
            return self._candidate(event, value)
        return self._verification(event, value)

    def _not_authentic(self, verification: Verification) -> Unauthentic | None:
        """Return why a decision is not that of its reviewer, or None."""
        deed, name = verification.get("deed"), verification["reviewer"]
        refusal = self._trust.refusal(
            "Verification", verification, deed, act=ACT, name=name, action=ACTION, role=verification["role"],
            now=self._clock.now(),
        )  # fmt: skip
        if refusal or deed is None:
            return refusal or "unsigned"
        return None if deed["at"] == verification["decided_at"] else "out_of_time"

    def _candidate(self, event: Event, value: Value) -> list[Outcome]:
        partition, key = event.partition, event.key
        waiting, value["verifications"] = value["verifications"], []
        value |= {"candidate": event.record, "since": self._clock.now()}
        _lies(value, "", event)
        outcomes = [outcome for verification in waiting for outcome in self._take(value, verification)]
        outcomes += self._rule(partition, key, value)
        return outcomes or [Skip("pending")]

    def _improve(self, event: Event, value: Value) -> list[Outcome]:
        """Put a better shot in the place of what people look at; decisions that were given stay as they are."""
        better: MatchCandidate = event.record
        if field := differs(value["candidate"], better):
            return [Reject("invalid_field", f"a better shot of a candidate is about another {field}", field)]
        if value["outcome"]:
            return [Skip("after_verdict")]
        value["candidate"] = improved(value["candidate"], better)
        _lies(value, "", event)
        return [*self._rule(event.partition, event.key, value)] or [Skip("pending")]

    def _verification(self, event: Event, value: Value) -> list[Outcome]:
        partition, key = event.partition, event.key
        verification: Verification = event.record
        if value["outcome"]:
            return [self._tell_of("verification.ignored", verification, "after the verdict"), Skip("after_verdict")]
        _lies(value, verification["verification_id"], event)
        if value["candidate"] is None:
            value["verifications"].append(verification)
            self._agenda.put(partition, key, value)
            return [Skip("awaits_candidate")]
        return [*self._take(value, verification), *self._rule(partition, key, value)]

    def _take(self, value: Value, verification: Verification) -> list[Outcome]:
        """Add a decision to those that count, unless something is against it."""
        against: Objection | None = objection(self._case(value["candidate"]), verification)
        if against:
            return [self._tell_of("verification.refused", verification, against), Skip(against)]
        value["verifications"].append(verification)
        return [self._tell_of("verification.given", verification, "")]

    def _rule(self, partition: int, key: str, value: Value) -> list[Emit]:
        """Save the value and return the verdict with its audit record; nothing while it is pending."""
        candidate = cast("MatchCandidate", value["candidate"])
        now = self._clock.now()
        refusal, decided = self._recheck.of_candidate(candidate, now), value["outcome"]
        if refusal in MISSING and not decided and now < value["since"] + GRACE:
            value["due"] = min(value["since"] + GRACE, candidate["expires_at"])
            self._agenda.put(partition, key, value)
            return []
        if decided:
            return self._shrunk(partition, key, value, refusal)
        ruling = rule(
            self._case(candidate), value["verifications"], opened_at=candidate["matched_at"], now=now, refusal=refusal
        )
        if ruling.outcome == "PENDING":
            value["due"] = self._next_look(candidate, candidate["expires_at"])
        else:
            value |= {"outcome": ruling.outcome, "until": now + KEEP, "due": self._next_look(candidate, now + KEEP)}
        self._agenda.put(partition, key, value)
        if ruling.outcome == "PENDING":
            return []
        cited = self._cited(ruling.counted[-1]) if ruling.counted else {}
        return _verdict(candidate, ruling, cited, _follows(value, ruling))

    def _shrunk(self, partition: int, key: str, value: Value, refusal: Refusal | None) -> list[Emit]:
        """Take a confirmed candidate back where its mandate no longer reaches it, else look again when that may end."""
        candidate, now = cast("MatchCandidate", value["candidate"]), self._clock.now()
        if refusal is None or refusal in MISSING:  # what was erased tells nothing: it may have been found
            value["due"] = self._next_look(candidate, _until(value))
            self._agenda.put(partition, key, value)
            return []
        value |= {"outcome": "REVOKED", "due": _until(value)}
        self._agenda.put(partition, key, value)
        ruling = Ruling("REVOKED", now, f"authorisation or entry: {refusal}")
        return _verdict(candidate, ruling, {}, _follows(value, ruling))

    def _tell_of(self, action: str, verification: Verification, reason: str) -> Emit:
        return _tell(action, verification, reason, self._cited(verification))

    def _cited(self, verification: Verification) -> dict[str, str]:
        """Return by which policy somebody may decide, and of which version."""
        return self._trust.cited(verification.get("deed"), ACTION)

    def _next_look(self, candidate: MatchCandidate, until: int) -> int:
        """Return when a candidate may lose its mandate by time alone, at the latest `until`."""
        ends = self._recheck.ends_at(candidate)
        return until if ends <= self._clock.now() else min(until, ends)

    def _case(self, candidate: MatchCandidate) -> Case:
        authorisation = self._recheck.authorisation(candidate["authorisation_id"])
        entry = self._recheck.entry(candidate["entry_id"])
        return Case(
            required=self._recheck.required(candidate),
            expires_at=candidate["expires_at"],
            involved=(
                authorisation["requested_by"] if authorisation else "",
                entry.get("created_by", "") if entry else "",
            ),
        )

    def _new(self) -> Value:
        now = self._clock.now()
        return {"candidate": None, "verifications": [], "since": now, "outcome": None, "due": now + ORPHAN}


def _is_better(candidate: MatchCandidate, known: MatchCandidate) -> bool:
    return rank(candidate) > rank(known)


def _lies(value: Value, name: str, event: Event) -> None:
    """Remember where a candidate (under no name) or a decision lies."""
    if places := event.places:
        value.setdefault("places", {})[name] = places[0]


def _follows(value: Value, ruling: Ruling) -> list[RecordPlace]:
    """Return what a verdict follows from: the candidate, then each decision that counted, where it is known."""
    places = value.get("places", {})
    return [places[name] for name in ("", *(v["verification_id"] for v in ruling.counted)) if name in places]


def _until(value: Value) -> int:
    """Return until when a verdict is remembered; an earlier program kept that as the time of its next look."""
    return int(value.get("until") or value["due"])


def _misplaced(event: Event, candidate_id: str, now: int) -> list[Outcome]:
    """Return what becomes of a record under a key that is not its id: it would speak for another."""
    record: AuditRecord = {
        "audit_id": stable_id("audit", "record.refused", event.topic, event.partition, event.offset, event.key),
        "action": "record.refused",
        "actor": "processor:verify",
        "at": now,
        "subject": event.key,
        "details": {"reason": "key_is_not_id", "topic": event.topic, "id": candidate_id},
    }
    what = f"the key {event.key!r} is not the {event.type}'s candidate_id {candidate_id!r}"
    return [Emit("audit", event.key, record), Reject("invalid_field", what, "candidate_id")]


def _identity(event: Event) -> tuple[str, int]:
    """Return what makes it the same candidate or the same decision, and when it was made."""
    record = event.record
    if event.type == "MatchCandidate":
        return record["candidate_id"], record["matched_at"]
    return _said(record), record["decided_at"]


def _said(verification: Verification) -> str:
    return orjson.dumps(verification, default=str, option=orjson.OPT_SORT_KEYS).decode()


def _verdict(
    candidate: MatchCandidate, ruling: Ruling, cited: Mapping[str, str], follows: list[RecordPlace]
) -> list[Emit]:
    candidate_id = candidate["candidate_id"]
    verdict: Verdict = {
        "verdict_id": verdict_id(candidate_id, ruling.outcome),
        "candidate_id": candidate_id,
        "outcome": ruling.outcome,
        "decided_at": ruling.at,
        "verifications": list(ruling.counted),
        "reason": ruling.reason,
        "candidate": candidate,
        "follows": follows,
    }
    record: AuditRecord = {
        "audit_id": stable_id("audit", "verdict.reached", verdict["verdict_id"]),
        "action": "verdict.reached",
        "actor": "processor:verify",
        "at": ruling.at,
        "subject": candidate_id,
        "authorisation_id": candidate["authorisation_id"],
        "details": {
            "outcome": ruling.outcome,
            "reason": ruling.reason,
            "entry_id": candidate["entry_id"],
            "reviewers": ", ".join(v["reviewer"] for v in ruling.counted),
            **cited,
        },
    }
    return [Emit("verdicts", candidate_id, verdict), Emit("audit", candidate_id, record)]


def _tell(action: str, verification: Verification, reason: str, cited: Mapping[str, str]) -> Emit:
    """Return the audit record of what became of one person's decision."""
    identity = (verification["verification_id"], verification["decided_at"], verification["decision"])
    record: AuditRecord = {
        "audit_id": stable_id("audit", action, *identity),
        "action": action,
        "actor": verification["reviewer"],
        "at": verification["decided_at"],
        "subject": verification["candidate_id"],
        "details": {
            "decision": verification["decision"],
            "role": verification["role"],
            "blind": str(verification.get("blind", True)).lower(),
            **cited,
            **({"reason": reason} if reason else {}),
        },
    }
    return Emit("audit", verification["candidate_id"], record)
