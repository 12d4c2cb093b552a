"""What goes into an adapter and what comes out of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fairwatch.wire.kinds.names import Names

_UNKEYED: Final = Names()


@dataclass(frozen=True, slots=True)
class Payload:
    """One message exactly as a gateway received it.

    Attributes:
        body: The bytes.
        content_type: Media type with parameters, e.g. `multipart/form-data; boundary=x`; empty when unknown.
        path: URL path or MQTT topic.
        headers: Transport headers.
        device_id: Hub id of the authenticated device; empty when there is none.
        received_at: Microseconds since 1970 UTC.
        time_zone: IANA zone of the device's clock, for formats that send local time without a zone.
        soft_biometrics: Keep estimated age and gender.
        names: Makes the tokens that stand for names which the device sends.
        listed: Tells whether the token of whom the device recognised is on a list that is bound to an authorisation;
            None: on none.
    """

    body: bytes
    content_type: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    device_id: str = ""
    received_at: int = 0
    time_zone: str | None = None
    soft_biometrics: bool = False
    names: Names = _UNKEYED
    listed: Callable[[str], bool] | None = None


@dataclass(slots=True)
class Decoded:
    """What a payload says.

    Attributes:
        format: The adapter that read it.
        records: (record name, record), e.g. ("Observation", {...}).
        skipped: (bounded reason, detail) for well-formed input that carries no record.
        media: SHA-256 in hex -> (bytes, media type) of inline pictures; a MediaRef says `fw-media:<sha256>`.
        removed_fields: How many fields policy removed.
        claims: How many recognitions of the device's own were dropped, since nobody authorised them.
    """

    format: str
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    media: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    removed_fields: int = 0
    claims: int = 0


@dataclass(frozen=True, slots=True)
class Encoded:
    """A canonical record in a maker's format.

    Attributes:
        lost: Dotted canonical paths that the format cannot carry.
    """

    body: bytes
    content_type: str
    path: str = ""
    lost: list[str] = field(default_factory=list)
