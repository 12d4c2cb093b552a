"""What every way out has in common: one alert in, one classified answer back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Reason = Literal[
    "ok",
    "timeout",
    "unreachable",
    "tls_error",
    "redirect",
    "auth_error",
    "client_error",
    "rate_limited",
    "server_error",
    "circuit_open",  # not tried: the receiver failed a moment ago
    "unverified",  # not enough people have confirmed it
    "unknown_receiver",
    "overflow",  # too many revisions wait for this receiver
]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a receiver answered.

    Attributes:
        reason: Bounded; a metric label.
        retryable: Whether the same delivery may succeed later.
        status: HTTP status, where there is one.
    """

    reason: Reason
    retryable: bool = False
    status: int | None = None


class Sink(Protocol):
    """A way out of the hub."""

    kind: str

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """Hand over one alert; `delivery_id` is the receiver's idempotency key. Never raises for what receivers do."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
