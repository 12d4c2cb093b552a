"""Legal holds as people place and release them, each with its audit record."""

import asyncio
from typing import Any

from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings
from fairwatch.apps.signer import named
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import LegalHold
from fairwatch.policy.erasure import holds_now

TOPIC = "legal-holds"


def placed(
    settings: Settings, subject: str, who: str, now: int, *, reason: str, reference: str = "", until: int | None = None
) -> LegalHold:
    """Return a hold from now on; ConfigurationError where nobody of that name may, or it would have ended already."""
    _require(settings, who, reason)
    if until is not None and until <= now:
        raise ConfigurationError("--until: lies in the past")
    return {
        "hold_id": stable_id("legal-hold", subject, who, now),
        "subject": subject,
        "reason": reason,
        "reference": reference,
        "placed_by": who,
        "placed_at": now,
        "until": until,
        "released_by": None,
        "released_at": None,
    }


def released(settings: Settings, hold_id: str, who: str, now: int) -> LegalHold:
    """Return a hold that ends now. It takes somebody else than who placed it: nobody lifts their own duty.

    Raises:
        ConfigurationError: There is none that stands, or it is their own.
    """
    _require(settings, who, "released")
    hold = known(settings).get(hold_id)
    if hold is None or not holds_now(hold, now):
        raise ConfigurationError(f"{hold_id}: there is no hold of this id that stands")
    if hold["placed_by"] == who:
        raise ConfigurationError(f"{who} placed this hold: somebody else has to release it")
    return {**hold, "released_by": who, "released_at": now}


def known(settings: Settings) -> dict[str, LegalHold]:
    """Return the newest record of each hold by its id."""
    return latest(settings, TOPIC)


async def write(settings: Settings, action: str, hold: LegalHold) -> None:
    """Publish a hold and its audit record.

    Raises:
        RetryableError: The broker does not acknowledge.
    """
    at = hold.get("released_at") or hold["placed_at"]
    audit: dict[str, Any] = {
        "audit_id": stable_id("audit", action, hold["hold_id"], at),
        "action": action,
        "actor": hold.get("released_by") or hold["placed_by"],
        "at": at,
        "subject": hold["subject"],
        "details": {
            "hold_id": hold["hold_id"],
            "reason": hold["reason"],
            "reference": hold.get("reference", ""),
        },
    }
    async with producer(settings, "holds") as publisher:
        await asyncio.gather(
            publisher.publish("audit", hold["subject"], audit), publisher.publish(TOPIC, hold["hold_id"], hold)
        )


def _require(settings: Settings, who: str, reason: str) -> None:
    if not who or not reason:
        raise ConfigurationError("say who does it with --as, and why with --reason")
    named(settings, who)
