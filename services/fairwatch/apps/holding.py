"""Legal holds as people place and release them: each step is a signed deed, with its audit record."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fairwatch.apps.authentic import authentic
from fairwatch.apps.kafka import producer
from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings
from fairwatch.apps.signer import Signer
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import LegalHold
from fairwatch.policy.erasure import holds_now
from fairwatch.wire.signings import PLACE, RELEASE, SIGNINGS

TOPIC: Final = "legal-holds"
SIGNING: Final = SIGNINGS[TOPIC]
ACTIONS: Final = {PLACE: "hold.placed", RELEASE: "hold.released", "sign": "hold.signed"}

Record = dict[str, Any]


def placed(
    subject: str, who: Signer, now: int, *, reason: str, reference: str = "", until: int | None = None
) -> Record:
    """Return a hold from now on, signed; ConfigurationError where it says no reason, or would have ended already."""
    if not reason:
        raise ConfigurationError("say why with --reason")
    if until is not None and until <= now:
        raise ConfigurationError("--until: lies in the past")
    hold: LegalHold = {
        "hold_id": stable_id("legal-hold", subject, who.name, now),
        "subject": subject,
        "reason": reason,
        "reference": reference,
        "placed_by": who.name,
        "placed_at": now,
        "until": until,
        "released_by": None,
        "released_at": None,
        "deeds": [],
    }
    return who.signed(SIGNING, dict(hold), PLACE, now)


def released(hold: Mapping[str, Any] | None, who: Signer, now: int) -> Record:
    """Return a hold that ends now, signed. It takes somebody else than who placed it: nobody lifts their own duty.

    Raises:
        ConfigurationError: It does not stand, or is their own.
    """
    if hold is None or not holds_now(hold, now):  # type: ignore[arg-type]  # a LegalHold
        raise ConfigurationError("there is no hold of this id that stands")
    if hold["placed_by"] == who.name:
        raise ConfigurationError(f"{who.name} placed this hold: somebody else has to release it")
    return who.signed(SIGNING, {**hold, "released_by": who.name, "released_at": now}, RELEASE, now)


def countersigned(holds: Mapping[str, Mapping[str, Any]], who: Signer, now: int) -> Iterator[Record]:
    """Yield each hold of before signatures that names the person, with the person's deed; it stands as it stood."""
    for hold in holds.values():
        for act, name in ((PLACE, hold["placed_by"]), (RELEASE, hold.get("released_by"))):
            if name != who.name or not who.may(SIGNING, act) or any(deed["act"] == act for deed in hold["deeds"]):
                continue
            yield who.signed(SIGNING, dict(hold), act, now)


def known(settings: Settings) -> dict[str, Any]:
    """Return the newest record of each hold by its id, as it counts."""
    return dict(authentic(settings, TOPIC))


def written(settings: Settings) -> dict[str, Any]:
    """Return the newest record of each hold by its id, whoever wrote it."""
    return latest(settings, TOPIC)


async def write(settings: Settings, act: str, who: Signer, hold: Record) -> None:
    """Publish a hold and its audit record.

    Raises:
        RetryableError: The broker does not acknowledge.
    """
    deed = hold["deeds"][-1]
    audit: dict[str, Any] = {
        "audit_id": stable_id("audit", ACTIONS[act], hold["hold_id"], deed["at"], deed["signature"]),
        "action": ACTIONS[act],
        "actor": who.name,
        "at": deed["at"],
        "subject": hold["subject"],
        "details": {
            "hold_id": hold["hold_id"],
            "role": who.role,
            **who.cited,
            "reason": hold["reason"],
            "reference": hold.get("reference", ""),
        },
    }
    async with producer(settings, "holds") as publisher:
        await asyncio.gather(
            publisher.publish("audit", hold["subject"], audit), publisher.publish(TOPIC, hold["hold_id"], hold)
        )
