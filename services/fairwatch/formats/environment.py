"""What a conversion may know beside the value: the payload it came in, and where to put pictures."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from fairwatch.formats.bodies.opening import Picture
from fairwatch.formats.language.trace import Trace
from fairwatch.formats.payload import Payload


@dataclass(slots=True)
class Environment:
    """One payload while it is decoded.

    Attributes:
        payload: As received.
        pictures: Parts of the body that are pictures, in order.
        media: SHA-256 -> (bytes, media type), filled by conversions of inline pictures.
        sha256: Of the payload's body, in hex.
        trace: Where to note what becomes of each leaf; None on the hot path.
    """

    payload: Payload
    pictures: list[Picture] = field(default_factory=list)
    media: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    sha256: str = ""
    trace: Trace | None = None

    def __post_init__(self) -> None:
        self.sha256 = hashlib.sha256(self.payload.body).hexdigest()

    def keep(self, body: bytes, mime: str) -> str:
        """Keep bytes for the media store and return their SHA-256 in hex."""
        digest = hashlib.sha256(body).hexdigest()
        self.media[digest] = (body, mime)
        return digest

    def took(self, node: Any, what: str) -> None:
        """Note, in code that makes a canonical value before the rows read, what of the document it was made of."""
        if self.trace is not None:
            self.trace.took(node, what)

    def zone(self) -> ZoneInfo | None:
        """Return the zone of the device's clock, when it is known."""
        return zone_named(self.payload.time_zone) if self.payload.time_zone else None


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo | None:
    """Return the IANA zone, or None when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
