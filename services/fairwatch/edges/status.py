"""Signs of life: what reaches a gateway says that its device is there, whatever it is about.

A quiet camera sends heartbeats, a dead one does not: heartbeats are no events, so that they are told apart here, before
anybody reads a body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import FairwatchError
from fairwatch.domain.ports import Publisher
from fairwatch.telemetry import metrics

TOPIC: Final = "device-status"
EVERY: Final = 60_000_000  # microseconds between two tellings of the same state
AT_MOST: Final = 5_000_000  # between two tellings of a device that comes and goes
_BY_THE_BROKER: Final = frozenset({b"offline", b"disconnected"})  # last wills, which brokers send for who has gone
_LONGEST_WILL: Final = 64  # bytes, blanks around it included
_log = structlog.get_logger(__name__)

State = Literal["ALIVE", "GONE"]


@dataclass(slots=True)
class _Told:
    state: State
    since: int
    at: int


class DeviceStatuses:
    """Tells which devices are there: at a change, and at most once a minute each.

    Args:
        publisher: Where it is told.
        gateway: Who tells.
        clock: Time.
    """

    def __init__(self, publisher: Publisher, gateway: str, clock: Clock) -> None:
        self._publisher, self._gateway, self._clock = publisher, gateway, clock
        self._told: dict[str, _Told] = {}  # by device; only who proved to be one that is registered is here

    async def heard(self, device_id: str) -> None:
        """Note that something came from a device; what cannot be told now is told with the next sign."""
        await self._tell(device_id, "ALIVE", "")

    async def gone(self, device_id: str, reason: str) -> None:
        """Note that a device has signed off, or that its stream has ended."""
        await self._tell(device_id, "GONE", reason)

    async def _tell(self, device_id: str, state: State, reason: str) -> None:
        now, told = self._clock.now(), self._told.get(device_id)
        pause = EVERY if told is not None and told.state == state else AT_MOST
        if told is not None and 0 <= now - told.at < pause:
            return
        if told is not None and told.state == state == "GONE":
            return
        before = told
        since = told.since if told is not None and told.state == state else now
        self._told[device_id] = _Told(state, since, now)  # before it is sent: others do not tell it meanwhile
        record = {
            "device_id": device_id,
            "state": state,
            "since": since,
            "at": now,
            "gateway": self._gateway,
            "reason": reason,
        }
        try:
            await self._publisher.publish(TOPIC, device_id, record)
        except FairwatchError as error:
            _log.warning("status of a device is not told", device_id=device_id, error=str(error))
            if before is None:
                self._told.pop(device_id, None)
            else:
                self._told[device_id] = before
        else:
            metrics.EMITTED.labels(self._gateway, TOPIC).inc()


def is_sign_of_life(body: bytes, headers: Mapping[str, str]) -> bool:
    """Tell whether a message comes from its device: not what an MQTT broker kept, nor the last will of who has gone."""
    if headers.get("mqtt-retained") == "true":
        return False
    return len(body) > _LONGEST_WILL or body.strip().lower() not in _BY_THE_BROKER
