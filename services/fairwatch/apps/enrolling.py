"""Watchlist entries as people make them: whoever enrols, agrees or withdraws signs it, one by one or a file of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fairwatch.apps import publishing
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings
from fairwatch.apps.signer import Signer
from fairwatch.domain.errors import ConfigurationError, RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.wire.json_form import from_json
from fairwatch.wire.schemas import newest
from fairwatch.wire.signings import APPROVE, ENROL, REPLACES, SIGNINGS, WITHDRAW, later
from fairwatch.wire.topics import topics

TOPIC: Final = "watchlist-entries"
SIGNING: Final = SIGNINGS[TOPIC]

NONE: Final[Mapping[str, Mapping[str, Any]]] = {}

Record = dict[str, Any]
Row = tuple[str, Record | RejectedError]


def enrolled(document: Any, who: Signer, now: int, before: Mapping[str, Mapping[str, Any]] = NONE) -> Record:
    """Return what somebody enrols, signed; later than the version of it that is listed already.

    Args:
        document: What is wanted.
        who: Wants it.
        now: Microseconds UTC.
        before: What is listed, by id.

    Raises:
        RejectedError: The document is no watchlist entry, or rests on no authorisation.
    """
    if not isinstance(document, dict):
        raise RejectedError("malformed", "a watchlist entry is a JSON object")
    said: Record = {"state": "ACTIVE", "created_by": who.name, "approved_by": None, "updated_at": now, "deeds": []}
    record = from_json(newest()[SIGNING.record_type], {**document, **said})
    if not record.get("authorisation_id"):
        raise RejectedError("invalid_field", "an entry without authorisation never matches", "authorisation_id")
    there = before.get(record["entry_id"])
    if there is None:
        return who.signed(SIGNING, record, ENROL, now)
    return who.signed(SIGNING, record, ENROL, later(there, now), REPLACES)


def each_once(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows; an entry whose id was there before is refused, since nobody can say which of both is meant."""
    known: dict[str, str] = {}
    for name, row in rows:
        if isinstance(row, dict) and (first := known.setdefault(row["entry_id"], name)) != name:
            yield name, RejectedError("invalid_field", f"{row['entry_id']!r} is in {first} already", "entry_id")
        else:
            yield name, row


def decided(record: Mapping[str, Any], act: str, who: Signer, now: int, session: str = "") -> Record:
    """Return an entry that somebody agreed to or withdrew; `session` names the list of which it is one.

    Raises:
        ConfigurationError: Who enrolled it agrees to it.
    """
    if act == WITHDRAW:
        return who.signed(SIGNING, {**record, "state": "WITHDRAWN", "updated_at": now}, act, now)
    if who.name == record.get("created_by"):
        raise ConfigurationError(f"{who.name} enrolled {record['entry_id']}: a second person has to agree")
    return who.signed(SIGNING, {**record, "approved_by": who.name, "updated_at": now}, act, now, session)


def countersigned(settings: Settings, who: Signer, now: int) -> Iterator[Record]:
    """Yield each entry of before signatures that names the person, with the person's deed; it stands as it stood."""
    for record in latest(settings, TOPIC).values():
        done = {(deed["act"], deed["person_id"]) for deed in record["deeds"]}
        acts = [ENROL] if record.get("created_by") == who.name and who.may(SIGNING, ENROL) else []
        acts += [APPROVE] if record.get("approved_by") == who.name and who.may(SIGNING, APPROVE) else []
        for act in acts:
            made = who.signed(SIGNING, record, act, now)
            if (act, made["deeds"][-1]["person_id"]) not in done:
                yield made


def one(settings: Settings, entry_id: str) -> Record:
    """Return an entry; ConfigurationError where there is none."""
    found = latest(settings, TOPIC).get(entry_id)
    if found is None:
        raise ConfigurationError(f"there is no watchlist entry {entry_id!r}")
    return dict(found)


async def write(
    settings: Settings,
    act: str,
    who: Signer,
    found: Iterable[Row],
    because: str,
    now: int,
) -> list[publishing.Result]:
    """Publish entries, each with its audit record; return what became of each.

    Args:
        settings: Of the broker.
        act: What was done.
        who: By whom.
        found: (name, entry or why it is none).
        because: Answers a word that is asked about.
        now: Microseconds UTC.

    Raises:
        RetryableError: The broker does not acknowledge.
    """
    answer = publishing.Answer(because, who.name, now) if because else None
    rows = list(found)
    results: list[publishing.Result] = []
    async with producer(settings, "cli") as publisher:
        said = publishing.publish(publisher, topics()[TOPIC], iter(rows), None, answer)
        async for result in said:
            record = rows[len(results)][1]
            results.append(result)
            if result.outcome == "published" and isinstance(record, dict):
                await publisher.publish("audit", record["entry_id"], audited(act, who, record, now))
    return results


async def tell_list(
    settings: Settings, act: str, who: Signer, digest: str, entries: Mapping[str, Record], now: int
) -> None:
    """Write into the audit that somebody enrolled or agreed to a list as one.

    Raises:
        RetryableError: The broker does not acknowledge.
    """
    record = list_audited(act, who, digest, entries, now)
    async with producer(settings, "cli") as publisher:
        await publisher.publish("audit", record["subject"], record)


def list_audited(
    act: str, who: Signer, digest: str, entries: Mapping[str, Record], now: int, reason: str = ""
) -> dict[str, Any]:
    """Return the audit record of what somebody did to a list as one, and of why where that was said."""
    under = sorted({str(entry["authorisation_id"]) for entry in entries.values()})
    subject, said = f"list:{digest[:16]}", {"entries": str(len(entries)), "authorisations": ", ".join(under)}
    said |= {"reason": reason} if reason else {}
    return {
        "audit_id": stable_id("audit", "entries", act, digest, who.name, now), "action": f"entries.{act}",
        "actor": who.name, "at": now, "subject": subject,
        "authorisation_id": under[0] if len(under) == 1 else None,
        "details": {"sha256": digest, "role": who.role, **who.cited, **said},
    }  # fmt: skip


def audited(act: str, who: Signer, record: Record, now: int) -> dict[str, Any]:
    """Return the audit record of what somebody did to an entry."""
    subject = record["entry_id"]
    return {
        "audit_id": stable_id("audit", "entry", act, subject, now, record["deeds"][-1]["signature"]),
        "action": f"entry.{act}", "actor": who.name, "at": now, "subject": subject,
        "authorisation_id": record.get("authorisation_id"),
        "details": {"kind": record["kind"], "state": record["state"], "role": who.role, **who.cited},
    }  # fmt: skip
