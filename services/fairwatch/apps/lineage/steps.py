"""Tells the chain of an alert step by step: what each step said, and what of it is missing and why."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from fairwatch.apps.lineage.collect import Gathered, Record
from fairwatch.domain.calendar import iso_8601
from fairwatch.wire.topics import topics

Told = dict[str, Any]
Authentic = Callable[[str, Record], str]
HOUR = 3_600_000_000  # microseconds


def explained(found: Gathered, authentic: Authentic, now: int) -> Told:
    """Return the chain, for programs and for people.

    Args:
        found: The alert's records.
        authentic: Tells of a record, by its topic, whether its signatures hold: `authentic`, or why not.
        now: Microseconds UTC: what is older than its topic keeps is told to be gone.
    """
    alert = found.alert
    return {
        "alert_id": alert["alert_id"],
        "title": alert["title"],
        "state": alert.get("state", "NEW"),
        "started_at": iso_8601(alert["started_at"]),
        "explained_at": iso_8601(now),
        "chain": [*_seen(found, now), *(_matched(found, authentic, now) if found.is_match else ()), *_told(found, now)],
    }


def _seen(found: Gathered, now: int) -> Iterator[Told]:
    hashes = {str(one["sha256"]): one for one in found.raw}
    wanted = [str(one["observation"].get("raw_sha256") or "") for one in found.sightings]
    at = int(found.alert["received_at"])
    yield _step("bytes", "raw-events", [_raw(hashes[one]) for one in wanted if one in hashes], now, at, found)
    yield _step("format", "sightings", [_format(one) for one in found.sightings], now, at, found)
    yield _step("enrichment", "sightings", [_enrichment(one) for one in found.sightings], now, at, found)
    if found.more:
        yield {"step": "further triggers", "topic": "alerts", "status": "left out", "facts": [{"count": found.more}]}


def _raw(raw: Record) -> Told:
    body = raw.get("body") or b""
    here = "kept beside the topic" if not body else "as received"
    if body and sha256(body).hexdigest() != raw["sha256"]:
        here = "NOT THE BYTES THAT WERE RECEIVED: their hash is another"
    return _plain(
        raw, "sha256", "size", "device_id", "gateway", "transport", "path", "content_type", times=("received_at",)
    ) | {"body": here}


def _format(sighting: Record) -> Told:
    observation = sighting["observation"]
    source = observation["source"]
    return {
        "format": source["format"], "format_version": source.get("version"), "event_type": observation["event_type"],
        "observation_id": observation["observation_id"], "raw_sha256": observation.get("raw_sha256"),
        "object_class": observation.get("object_class"), "removed_by_policy": observation.get("removed_fields", 0),
        "confidence": (observation.get("confidence") or {}).get("value"),
        "plates": [one.get("text") for one in observation.get("plates", ())] or None,
        "media": [one["sha256"] for one in observation.get("media", ()) if one.get("sha256")] or None,
    }  # fmt: skip


def _enrichment(sighting: Record) -> Told:
    names = ("sighting_id", "device_known", "device_name", "site_id", "zones", "clock", "clock_offset_ms", "exercise")
    return _plain(sighting, *names, times=("occurred_at",)) | {"device_id": sighting["observation"]["device_id"]}


def _matched(found: Gathered, authentic: Authentic, now: int) -> Iterator[Told]:
    one, at = found.candidate, int(found.alert["received_at"])
    given = [one] if one else []
    parts = {
        "quality": ("probe_quality", "probe_box", "plate_read"),
        "model": ("kind", "algorithm", "template_space", "runtime"),
        "gallery": ("gallery_version", "gallery_size", "rank"),
        "threshold": ("score", "threshold", "threshold_policy", "expected_fpir", "margin", "explanation"),
    }
    for step, fields in parts.items():
        told = [_plain(each, *fields) | (_follows(each) if step == "threshold" else {}) for each in given]
        yield _step(step, "candidates", told, now, at, found)
    rivals = [_plain(each, "candidate_id", "entry_id", "score", "threshold", "rank") for each in found.rivals]
    yield {"step": "rivals", "topic": "candidates", "status": "found" if rivals else "none", "facts": rivals}
    yield from _mandate(found, authentic)
    people = [_verification(each, authentic("verifications", each)) for each in found.verifications]
    needed = int(one.get("required_verifications", 2)) if one else 2
    if people or needed:
        yield _step("people", "verifications", people, now, at, found)
    verdict = [found.verdict] if found.verdict else []
    names = ("verdict_id", "outcome", "reason")
    told = [_plain(each, *names, times=("decided_at",)) | _follows(each) for each in verdict]
    yield _step("verdict", "verdicts", told, now, at, found)


def _mandate(found: Gathered, authentic: Authentic) -> Iterator[Told]:
    permission = ("authorisation_id", "state", "authority", "legal_basis", "offence", "reference", "objective",
                  "requested_by", "approved_by", "required_verifications")  # fmt: skip
    entry = ("entry_id", "state", "kind", "created_by", "approved_by", "source_of_media")
    for step, topic, record, names in (
        ("authorisation", "authorisations", found.authorisation, permission),
        ("entry", "watchlist-entries", found.entry, entry),
    ):
        if record is None:
            erased = _erased(found) or "it is not on its topic any more"
            yield {"step": step, "topic": topic, "status": "missing", "why": erased, "facts": []}
        else:
            facts = _plain(record, *names, times=("valid_from", "valid_until", "updated_at"))
            facts["signature"] = authentic(topic, record)
            yield {"step": step, "topic": topic, "status": "found", "why": "as it is now", "facts": [facts]}


def _verification(record: Record, state: str) -> Told:
    deed = record.get("deed") or {}
    facts = _plain(record, "reviewer", "role", "decision", "reason", "blind", times=("decided_at",))
    return facts | {"signature": state, "key_id": deed.get("key_id"), "method": deed.get("method")}


def _told(found: Gathered, now: int) -> Iterator[Told]:
    alert = found.alert
    published = found.rule_set
    rules = f"published number {published['number']} by {published['author']}" if published else "routes.yaml"
    rule = _plain(alert, "rule", "event_type", "severity", "group", "receivers", times=("issued_at",))
    yield {"step": "rule", "topic": "alerts", "status": "found", "facts": [rule | {"rules": rules}]}
    revisions = [
        _plain(one, "revision", "state", "count", times=("updated_at", "issued_at")) | _follows(one)
        for one in found.revisions
    ]
    yield {"step": "alert", "topic": "alerts", "status": "found", "facts": revisions}
    deeds = [_plain(one, "action", "actor", "to", times=("at",)) for one in alert.get("deeds", ())]
    yield {"step": "answers", "topic": "alert-actions", "status": "found" if deeds else "none", "facts": deeds}
    names = ("receiver", "sink", "revision", "attempt", "state", "status", "reason", "held_by")
    sent = [_plain(one, *names, times=("at",)) for one in found.deliveries]
    yield _step("deliveries", "deliveries", sent, now, int(alert["issued_at"]), found)
    audit = [_plain(one, "action", "actor", "audit_id", "chain", "sequence", times=("at",)) for one in found.audit]
    yield {"step": "audit", "topic": "audit-chain", "status": "found" if audit else "none", "facts": audit}


def _step(step: str, topic: str, facts: Sequence[Told], now: int, at: int, found: Gathered) -> Told:
    if facts:
        return {"step": step, "topic": topic, "status": "found", "facts": list(facts)}
    return {"step": step, "topic": topic, "status": "missing", "why": _why(topic, now, at, found), "facts": []}


def _why(topic: str, now: int, at: int, found: Gathered) -> str:
    if erased := _erased(found):
        return erased
    hours = topics()[topic].retention_hours
    if hours > 0 and now - at > hours * HOUR:
        return f"gone: {topic} keeps {hours} hours, and this is {(now - at) // HOUR} hours old"
    if topic == "raw-events" and not found.sightings:
        return "the sighting that names its hash is missing"
    return f"nothing on {topic} names it"


def _erased(found: Gathered) -> str | None:
    for receipt in found.receipts:
        return f"erased at {iso_8601(receipt['at'])}: {receipt['reason']} (receipt {receipt['receipt_id']})"
    return None


def _follows(record: Record) -> Told:
    """Return where what a record follows from lies: topic, partition and offset."""
    places = [f"{one['topic']}/{one['partition']}/{one['offset']}" for one in record.get("follows") or ()]
    return {"follows": places} if places else {}


def _plain(record: Record, *names: str, times: Sequence[str] = ()) -> Told:
    """Return the fields that say something; times as ISO 8601."""
    said = {name: record[name] for name in names if record.get(name) not in (None, "", [], {})}
    return said | {name: iso_8601(record[name]) for name in times if record.get(name)}


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield the same for people, a line each."""
    yield f"alert {told['alert_id']}: {told['title']} ({told['state']}, since {told['started_at']})"
    for number, step in enumerate(told["chain"], 1):
        why = f": {step['why']}" if step.get("why") else ""
        yield f"{number:2}. {step['step']} [{step['topic']}] {step['status']}{why}"
        for facts in step["facts"]:
            said = (f"{name}={_text(value)}" for name, value in facts.items() if value not in (None, "", []))
            yield "      " + "  ".join(said)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
