"""Where something was seen, as authorisations are asked about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was seen."""

    device_id: str
    site_id: str | None
    areas: frozenset[str]
