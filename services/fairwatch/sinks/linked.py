"""Puts a signed link into what a receiver is told, so that whoever reads it can answer from there."""

from collections.abc import Mapping
from typing import Any

from fairwatch.domain.clock import Clock
from fairwatch.policy.deeds import OVER
from fairwatch.policy.links import LIFETIME, Link
from fairwatch.sinks.sink import Answer, Sink


class Linked:
    """A sink whose messages say where they can be acknowledged: `links.acknowledge`, while that says something new.

    Args:
        sink: Takes the message.
        receiver: Whom it is for; the link is theirs.
        key: Signs.
        console_url: Where people's browsers reach the console.
        clock: A link expires a day after it was sent.
    """

    def __init__(self, sink: Sink, receiver: str, key: bytes, console_url: str, clock: Clock) -> None:
        self.kind = sink.kind
        self._sink = sink
        self._receiver = receiver
        self._key = key
        self._url = console_url.rstrip("/")
        self._clock = clock

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """Hand over one alert with its link."""
        if alert.get("state") in OVER or alert.get("acknowledged_by"):
            return await self._sink.send(delivery_id, alert)
        link = Link(alert["alert_id"], "ACKNOWLEDGE", self._receiver, self._clock.now() + LIFETIME)
        address = f"{self._url}/act/{link.token(self._key)}"
        return await self._sink.send(delivery_id, {**alert, "links": {"acknowledge": address}})

    async def close(self) -> None:
        """Let go of connections."""
        await self._sink.close()
