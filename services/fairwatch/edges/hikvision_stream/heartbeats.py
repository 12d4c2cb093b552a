"""Hikvision's heartbeat: a loss of video that says that there is none, every few seconds."""

import re
from typing import Final

_TYPE: Final = re.compile(rb"eventType[\"\s:>]{1,8}(\w{1,64})", re.IGNORECASE)
_STATE: Final = re.compile(rb"eventState[\"\s:>]{1,8}(\w{1,16})", re.IGNORECASE)
_CHANNEL: Final = re.compile(rb"(?:dynC|c)hannelID[\"\s:>]{1,8}(\w{1,16})", re.IGNORECASE)


class Heartbeats:
    """Tells heartbeats of one stream from the end of a loss of video that was said before."""

    def __init__(self) -> None:
        self._lost: set[bytes] = set()

    def is_one(self, document: bytes) -> bool:
        """Return whether a document says nothing but that the device is alive."""
        kind, state, channel = (pattern.search(document) for pattern in (_TYPE, _STATE, _CHANNEL))
        if kind is None or kind[1].lower() not in {b"videoloss", b"heartbeat"}:
            return False
        place = channel[1] if channel else b""
        if state is not None and state[1].lower() == b"active":
            self._lost.add(place)
            return False
        if place in self._lost:
            self._lost.discard(place)
            return False
        return True
