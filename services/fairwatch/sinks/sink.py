"""What every way out has in common: one alert in, one classified answer back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

# Why an alert about a match may not be told at this moment: `mandate_` and what `policy.authorisation` refuses with.
Withheld = Literal[
    "mandate_no_authorisation",
    "mandate_not_granted",
    "mandate_revoked",
    "mandate_no_approver",
    "mandate_not_yet",
    "mandate_expired",
    "mandate_wrong_kind",
    "mandate_wrong_mode",
    "mandate_wrong_place",
    "mandate_suspended",
    "mandate_withdrawn",
    "mandate_no_entry",
    "mandate_not_authentic",
    "mandate_moved",
    "mandate_replaced",
    "mandate_unknown",  # nobody was told what is authorised
    "unverified",  # not enough people have confirmed it
]
Reply = Literal[
    "ok",
    "timeout",
    "unreachable",
    "tls_error",
    "redirect",
    "not_found",
    "conflict",
    "gone",  # it says that it will not be back: nothing more is sent to it
    "auth_error",
    "client_error",
    "rate_limited",
    "server_error",
    "unknown_receiver",
    "overflow",  # too many alerts of one group wait for this receiver
    "superseded",  # a newer revision of the same alert waited as well
    "silenced",  # somebody silenced it
    "muted",  # its rule tells nobody at this time
    "storm",  # too many at once: it is in a digest
    "inhibited",  # another alert says why it had to come
    "internal_error",  # our sink raised
    "no_progress",  # a heartbeat that stayed away
]
Reason = Reply | Withheld


@dataclass(frozen=True, slots=True)
class Answer:
    """How a receiver answered.

    Attributes:
        reason: Bounded; a metric label.
        retryable: Whether the same delivery may succeed later.
        status: HTTP status, where there is one.
        retry_after: Microseconds after which it wants to be asked again, where it says so.
    """

    reason: Reason
    retryable: bool = False
    status: int | None = None
    retry_after: int | None = None


class Sink(Protocol):
    """A way out of the hub."""

    kind: str

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """Hand over one alert; `delivery_id` is the receiver's idempotency key. Never raises for what receivers do."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
