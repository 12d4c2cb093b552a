"""Silences as people make them: checked before they are written, written with their audit record."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairwatch.apps.asked_words import answered
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.console.people import People
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.policy.matchers import matcher
from fairwatch.policy.quiet import FILE, Quiet
from fairwatch.policy.silence_preview import Preview, preview
from fairwatch.policy.silencing import InForce, faults, matcher_faults

DAY = 86_400_000_000
TOPIC = "silences"
ADDED = "silence.added"
PEOPLE = "people.yaml"
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """A silence that somebody asks for. Times in microseconds."""

    author: str
    role: str
    reason: str
    matchers: tuple[str, ...]
    starts_at: int
    expires_at: int


def draft(settings: Settings, wish: Wish, now: int) -> Record:
    """Return the record of a silence.

    Raises:
        ConfigurationError: It may not be; the sentence begins with the reason.
    """
    quiet = Quiet.read(settings.config_dir / FILE)
    record = {
        "silence_id": stable_id("silence", wish.author, *wish.matchers, wish.starts_at),
        "author": wish.author,
        "role": wish.role or _role(settings, wish.author, quiet),
        "reason": wish.reason,
        "matchers": list(wish.matchers),
        "starts_at": wish.starts_at,
        "expires_at": wish.expires_at,
        "approved_by": [],
        "expired_by": None,
        "updated_at": now,
    }
    _refuse(faults(record, quiet))
    if wish.expires_at <= now:
        raise ConfigurationError("ends_before_start: it has ended already")
    return record


def approved(settings: Settings, record: Mapping[str, Any], who: str, now: int) -> Record:
    """Return a silence that one more person agreed to; ConfigurationError says why that one cannot."""
    _known(settings, who)
    changed = {**record, "approved_by": [*record.get("approved_by", ()), who], "updated_at": now}
    _refuse(faults(changed, Quiet.read(settings.config_dir / FILE)))
    return changed


def expired(settings: Settings, record: Mapping[str, Any], who: str, now: int) -> Record:
    """Return a silence that somebody ends now; ConfigurationError where it has ended."""
    _known(settings, who)
    if record["expires_at"] <= now:
        raise ConfigurationError(f"silence {record['silence_id']} has ended already")
    started = min(record["starts_at"], now - 1)
    return {**record, "starts_at": started, "expires_at": now, "expired_by": who, "updated_at": now}


async def write(settings: Settings, action: str, who: str, record: Record, because: str = "") -> None:
    """Publish a silence and what the audit keeps of it.

    Raises:
        ConfigurationError: A word that was typed is asked about, and `because` does not answer.
        RetryableError: The broker does not acknowledge.
    """
    silence_id = record["silence_id"]
    typed = record if action == ADDED else {}
    word = answered("Silence", typed, because, subject=silence_id, actor=who, at=record["updated_at"])
    audit = {
        "audit_id": stable_id("audit", action, silence_id, record["updated_at"]),
        "action": action,
        "actor": who,
        "at": record["updated_at"],
        "subject": silence_id,
        "details": {
            "reason": record["reason"],
            "matchers": " ".join(record["matchers"]),
            "starts_at": str(record["starts_at"]),
            "expires_at": str(record["expires_at"]),
        },
    }
    async with producer(settings, "silences") as publisher:
        await asyncio.gather(
            *(publisher.publish("audit", silence_id, one) for one in (audit, word) if one),
            publisher.publish(TOPIC, silence_id, record),
        )


def known(settings: Settings) -> dict[str, Record]:
    """Return the newest record of each silence by id."""
    return {record["silence_id"]: record for _, _, record in read_topic(settings, TOPIC)}


def one(settings: Settings, beginning: str) -> Record:
    """Return the silence whose id begins so; ConfigurationError when there is not exactly one."""
    found = [record for silence_id, record in known(settings).items() if silence_id.startswith(beginning)]
    if len(found) != 1:
        raise ConfigurationError(f"{len(found)} silences have an id that begins with {beginning!r}")
    return found[0]


def preview_of(settings: Settings, matchers: Sequence[str], now: int, *, agreed: bool) -> Preview:
    """Return what a silence would have held back of the last day's alerts; ConfigurationError for odd matchers."""
    _refuse(matcher_faults(matchers))
    silence = InForce("", tuple(map(matcher, matchers)), now - DAY, now, agreed)
    alerts = (record for _, _, record in read_topic(settings, "alerts") if record["issued_at"] >= now - DAY)
    return preview(alerts, silence)


def _refuse(wrong: Iterable[tuple[str, str]]) -> None:
    if found := list(wrong):
        raise ConfigurationError("; ".join(f"{reason}: {sentence}" for reason, sentence in found))


def _role(settings: Settings, author: str, quiet: Quiet) -> str:
    """Return the role of a person that lets them silence for the longest time."""
    roles = sorted(_known(settings, author))
    return max(roles, key=lambda role: quiet.longest(role) or 0, default="")


def _known(settings: Settings, name: str) -> frozenset[str]:
    """Return the roles of a person; of nobody where there is no people.yaml to ask."""
    path = settings.config_dir / PEOPLE
    if not path.exists():
        return frozenset()
    person = People.load(path).get(name)
    if person is None:
        raise ConfigurationError(f"no_author: {path} knows nobody of the name {name!r}")
    return frozenset(person.roles)
