"""Orders under which data may leave: asked for by one person, agreed to by another, each signed, each in the audit log.

Backups run unattended, so that what two people agree to is not one file but a purpose for a time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from fairwatch.apps.authentic import authentic
from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import must_be_signed
from fairwatch.apps.settings import Settings
from fairwatch.apps.signer import Signer
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import ExportOrder
from fairwatch.wire.signings import REQUEST, REVOKE, SIGNINGS

TOPIC: Final = "export-orders"
SIGNING: Final = SIGNINGS[TOPIC]
DAY: Final = 86_400_000_000
LONGEST: Final = 90 * DAY

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when records leave, microseconds UTC; None: from the beginning, to the end."""

    since: int | None = None
    until: int | None = None

    @classmethod
    def of(cls, order: Mapping[str, Any] | None) -> Self:
        """Return the window that an order names; the whole where there is none."""
        return cls(order.get("records_from"), order.get("records_until")) if order else cls()

    @property
    def is_empty(self) -> bool:
        """Whether nothing can lie in it."""
        return self.since is not None and self.until is not None and self.since >= self.until

    @property
    def is_whole(self) -> bool:
        """Whether everything lies in it."""
        return self.since is None and self.until is None

    def said(self) -> dict[str, str]:
        """Return what audit records say of it."""
        return {name: str(at) for name, at in (("from", self.since), ("until", self.until)) if at is not None}


WHOLE: Final = Window()


def requested(
    who: Signer, now: int, *, purpose: str, recipient: str, pictures: bool, until: int, window: Window = WHOLE
) -> Record:
    """Return an order that somebody asks for, signed; times in microseconds UTC, `window` of the audit log.

    Raises:
        ConfigurationError: It says no purpose, or lasts for longer than 90 days or for no time.
    """
    if not purpose:
        raise ConfigurationError("say what for with --purpose")
    if not now < until <= now + LONGEST:
        raise ConfigurationError("an order ends within 90 days: ask for another one then")
    if window.is_empty:
        raise ConfigurationError("--records-from: lies after --records-until")
    order: ExportOrder = {
        "order_id": stable_id("export-order", who.name, now),
        "purpose": purpose,
        "recipient": recipient,
        "state": "REQUESTED",
        "pictures": pictures,
        "valid_from": now,
        "valid_until": until,
        "records_from": window.since,
        "records_until": window.until,
        "requested_by": who.name,
        "approved_by": [],
        "updated_at": now,
        "deeds": [],
    }
    return who.signed(SIGNING, dict(order), REQUEST, now)


def decided(order: Mapping[str, Any], act: str, who: Signer, now: int) -> Record:
    """Return an order that somebody agreed to or took back.

    Raises:
        ConfigurationError: Who asked for it agrees to it, or it is over.
    """
    if act == REVOKE:
        return who.signed(SIGNING, {**order, "state": "REVOKED", "updated_at": now}, act, now)
    if order["state"] == "REVOKED" or order["valid_until"] <= now:
        raise ConfigurationError(f"export order {order['order_id']} is over: ask for another")
    if who.name == order["requested_by"]:
        raise ConfigurationError(f"{who.name} asked for it: a second person has to agree")
    changed = {**order, "state": "GRANTED", "approved_by": [who.name], "updated_at": now}
    return who.signed(SIGNING, changed, act, now)


def standing(orders: Mapping[str, Any], order_id: str, now: int, *, sealed: bool, whole: bool = False) -> Record:
    """Return the order under which an export may run now.

    Args:
        orders: By id, as they count.
        order_id: The one that is named; the one that allows it, where none is.
        now: Microseconds UTC.
        sealed: Whether pictures and credentials go in.
        whole: Whether what leaves is of all times: an order for a window is not enough.

    Raises:
        ConfigurationError: Says what is missing.
    """
    if order_id and order_id not in orders:
        raise ConfigurationError(f"there is no export order {order_id!r}")
    named = [orders[order_id]] if order_id else orders.values()
    faults = {one["order_id"]: _fault(one, now, sealed=sealed, whole=whole) for one in named}
    good = [one for one in named if not faults[one["order_id"]]]
    if not good:
        said = faults.get(order_id) or "none stands that allows it"
        raise ConfigurationError(f"export order: {said}; `fairwatch exports request`, then `approve` by somebody else")
    return dict(max(good, key=lambda one: (one["valid_until"], one["order_id"])))


def demanded(settings: Settings) -> bool:
    """Tell whether data leaves only under an order, as `trust.yaml` says."""
    return TOPIC in must_be_signed(settings)


def known(settings: Settings) -> dict[str, Any]:
    """Return the newest record of each order by its id, as it counts."""
    return dict(authentic(settings, TOPIC))


async def write(settings: Settings, act: str, who: Signer, order: Record) -> None:
    """Publish an order and its audit record.

    Raises:
        RetryableError: The broker does not acknowledge.
    """
    subject = order["order_id"]
    async with producer(settings, "cli") as publisher:
        await publisher.publish("audit", subject, audited(act, who, order))
        await publisher.publish(TOPIC, subject, order)


def audited(act: str, who: Signer, order: Record, reason: str = "") -> dict[str, Any]:
    """Return the audit record of what somebody did to an order, and of why where that was said."""
    subject, deed = order["order_id"], order["deeds"][-1]
    said = {
        **who.cited, "state": order["state"], "role": who.role, "purpose": order["purpose"],
        "recipient": order["recipient"],
        "pictures": str(order["pictures"]).lower(), "valid_until": str(order["valid_until"]), **Window.of(order).said(),
    }  # fmt: skip
    said |= {"reason": reason} if reason else {}
    return {
        "audit_id": stable_id("audit", "export", act, subject, deed["at"], deed["signature"]),
        "action": f"export.{act}", "actor": who.name, "at": deed["at"], "subject": subject, "details": said,
    }  # fmt: skip


def people_of(order: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what an audit record says of the order under which data left."""
    if order is None:
        return {"order": "none"}
    agreed: Iterable[str] = order["approved_by"]
    return {
        "order": order["order_id"], "purpose": order["purpose"], "recipient": order["recipient"],
        "asked_by": order["requested_by"], "agreed_by": ", ".join(agreed),
    }  # fmt: skip


def _fault(order: Mapping[str, Any], now: int, *, sealed: bool, whole: bool) -> str:
    """Return why an export may not run under an order now; empty where it may."""
    if order["state"] != "GRANTED" or not set(order["approved_by"]) - {order["requested_by"]}:
        return f"it is {order['state'].lower().replace('_', ' ')}, not granted"
    if not order["valid_from"] <= now < order["valid_until"]:
        return "its time is over, or has not come"
    if whole and not Window.of(order).is_whole:
        return "it is for a window of time, and this would leave from all times"
    return "it does not allow pictures and credentials, as a sealed file has them" if sealed > order["pictures"] else ""
