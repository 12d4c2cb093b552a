"""Keeps clients from knocking at a broker that is away a dozen times a second, each process for itself.

aiokafka's clients (a worker has five or more) retry at a fixed pace and know nothing of each other: thirty pods that
come back to a broker with TLS keep it from starting. One pause for each address, shared by all clients of the process,
grows while connecting fails and ends with the first success.
"""

import time
from collections.abc import Callable
from random import uniform
from typing import Any

from aiokafka.errors import KafkaConnectionError, KafkaError

from fairwatch.engine.private_names import connector, guard_writer, set_connector

FIRST_S = 0.2
MOST_S = 4.0


class HoldOff:
    """The pauses, by address."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._away: dict[tuple[str, int], tuple[float, float]] = {}

    def left_s(self, address: tuple[str, int]) -> float:
        """Return for how long nobody should connect; 0 where one may."""
        until, _ = self._away.get(address, (0.0, 0.0))
        return max(0.0, until - self._now())

    def failed(self, address: tuple[str, int]) -> None:
        """Let the next pause begin; it is up to a quarter shorter, so that processes do not come together."""
        _, pause_s = self._away.get(address, (0.0, FIRST_S / 2))
        pause_s = min(MOST_S, pause_s * 2)
        self._away[address] = self._now() + uniform(0.75, 1.0) * pause_s, pause_s  # noqa: S311  # no secret

    def succeeded(self, address: tuple[str, int]) -> None:
        """Forget that it was away."""
        self._away.pop(address, None)


def ended(error: RuntimeError) -> bool:
    """Tell whether uvloop says with it that a connection has ended."""
    return "handler is closed" in str(error)


class BrokenAsOSError:
    """A writer that raises an OSError where its connection has ended, as asyncio's do.

    uvloop raises RuntimeError. aiokafka takes that for a fault in its own code: the task that sends or looks for the
    group's coordinator ends for good, and the process stands still although the broker is back.
    """

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        """Send it; ConnectionResetError where that is too late."""
        try:
            self._writer.write(data)
        except RuntimeError as error:
            if not ended(error):
                raise
            raise ConnectionResetError(str(error)) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


def hold_off(pauses: HoldOff | None = None) -> None:
    """Make all of aiokafka's clients in this process ask `pauses` before they connect."""
    pauses = pauses or HoldOff()
    unheld = getattr(connector(), "unheld", connector())

    async def held(host: str, port: int, **options: Any) -> Any:
        address = host, port
        if left_s := pauses.left_s(address):
            raise KafkaConnectionError(f"{host}:{port} did not answer: tried again in {left_s:.1f} s")
        try:
            connection = await unheld(host, port, **options)
        except (OSError, KafkaError, TimeoutError):
            pauses.failed(address)
            raise
        except RuntimeError as error:
            if not ended(error):
                raise
            pauses.failed(address)
            raise KafkaConnectionError(f"{host}:{port} ended the connection") from error
        pauses.succeeded(address)
        guard_writer(connection, BrokenAsOSError)
        return connection

    held.unheld = unheld  # type: ignore[attr-defined]
    set_connector(held)
