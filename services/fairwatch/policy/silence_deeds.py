"""What people do about silences: make one, agree to it, end it; checked before it is written, written with its audit.

The command line and the console call the same functions, so that a person may do the same at both.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import Publisher
from fairwatch.policy.matchers import matcher
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.silencing import faults

TOPIC = "silences"
Record = dict[str, Any]


class SilenceRefusedError(ConfigurationError):
    """A silence may not be.

    Args:
        found: (reason, sentence) of all that is wrong; the message names each.
    """

    def __init__(self, found: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(found)
        super().__init__("; ".join(f"{reason}: {sentence}" for reason, sentence in self.faults))


@dataclass(frozen=True, slots=True)
class Wish:
    """A silence that somebody asks for. Times in microseconds.

    Attributes:
        sites: The only ones that the author looks after; none for all.
    """

    author: str
    role: str
    reason: str
    matchers: tuple[str, ...]
    starts_at: int
    expires_at: int
    sites: frozenset[str] = frozenset()


def draft(wish: Wish, quiet: Quiet, now: int) -> Record:
    """Return the record of a silence; SilenceRefusedError where it may not be."""
    record = {
        "silence_id": stable_id("silence", wish.author, *wish.matchers, wish.starts_at),
        "author": wish.author,
        "role": wish.role,
        "reason": wish.reason,
        "matchers": list(wish.matchers),
        "starts_at": wish.starts_at,
        "expires_at": wish.expires_at,
        "approved_by": [],
        "expired_by": None,
        "updated_at": now,
    }
    refuse(faults(record, quiet))
    refuse(_of_other_sites(wish.matchers, wish.sites))
    if wish.expires_at <= now:
        refuse([("ends_before_start", "it has ended already")])
    return record


def approved(
    record: Mapping[str, Any], who: str, quiet: Quiet, now: int, sites: frozenset[str] = frozenset()
) -> Record:
    """Return a silence that one more person agreed to; SilenceRefusedError says why that one cannot."""
    refuse(_still_holds(record, now))
    refuse(_of_other_sites(record["matchers"], sites))
    changed = {**record, "approved_by": [*record.get("approved_by", ()), who], "updated_at": now}
    refuse(faults(changed, quiet))
    return changed


def expired(record: Mapping[str, Any], who: str, now: int, sites: frozenset[str] = frozenset()) -> Record:
    """Return a silence that somebody ends now; SilenceRefusedError where it has ended."""
    refuse(_still_holds(record, now))
    refuse(_of_other_sites(record["matchers"], sites))
    started = min(record["starts_at"], now - 1)
    return {**record, "starts_at": started, "expires_at": now, "expired_by": who, "updated_at": now}


async def write(publisher: Publisher, action: str, who: str, record: Record) -> None:
    """Publish a silence and what the audit keeps of it.

    Raises:
        RetryableError: The broker does not acknowledge.
    """
    silence_id = record["silence_id"]
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
    await asyncio.gather(publisher.publish("audit", silence_id, audit), publisher.publish(TOPIC, silence_id, record))


def longest_role(roles: Iterable[str], quiet: Quiet) -> str:
    """Return that of the roles which lets somebody silence for the longest time; empty for none."""
    return max(sorted(roles), key=lambda role: quiet.longest(role) or 0, default="")


def refuse(wrong: Iterable[tuple[str, str]]) -> None:
    """Raise SilenceRefusedError if anything is wrong."""
    if found := list(wrong):
        raise SilenceRefusedError(found)


def _still_holds(record: Mapping[str, Any], now: int) -> list[tuple[str, str]]:
    ended = record["expires_at"] <= now
    return [("ended", f"silence {record['silence_id']} has ended already")] if ended else []


def _of_other_sites(matchers: Iterable[str], sites: frozenset[str]) -> list[tuple[str, str]]:
    """Refuse what may hold back alerts of sites that somebody does not look after."""
    named = {one.value for one in map(matcher, matchers) if (one.label, one.operator) == ("site_id", "=")}
    if not sites or named & sites:
        return []
    return [("other_site", f'it needs a matcher site_id="…" of a site of yours: {", ".join(sorted(sites))}')]
