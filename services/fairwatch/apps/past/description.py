"""Who or what is looked for by how it looks: class, colour, kind, direction, place; by no protected attribute."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from fairwatch.apps.past.asking import MODE
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import Authorisation, MatchKind
from fairwatch.policy.authorisation import in_force

HALF: Final = 45.0  # degrees to each side that a direction may be off
CIRCLE: Final = 360.0
Kind = Literal["PERSON", "VEHICLE"]
CLASSES: Final[Mapping[Kind, tuple[MatchKind, frozenset[str]]]] = {
    "PERSON": ("FACE", frozenset({"PERSON", "FACE"})),
    "VEHICLE": ("PLATE", frozenset({"MOTOR_VEHICLE", "NON_MOTOR_VEHICLE", "PLATE"})),
}

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Description:
    """How somebody or something looks. What is not said is not asked.

    Attributes:
        what: A person or a vehicle; the order has to allow faces for the one, plates for the other.
        colour: Of it or of the vehicle, as ColourName.
        vehicle_kind: As VehicleKind.
        heading_deg: Compass direction in which it moved, within 45 degrees.
        clothing: Part and code of what is worn, such as `upper=RED`, as the source gave it.
        devices, sites: Where; anywhere with both empty.
    """

    what: Kind
    colour: str = ""
    vehicle_kind: str = ""
    heading_deg: float | None = None
    clothing: Mapping[str, str] | None = None
    devices: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not (self.colour or self.vehicle_kind or self.clothing or self.heading_deg is not None):
            raise ConfigurationError("say how it looks: everybody who passed is no description")

    @property
    def kind(self) -> MatchKind:
        """What an order has to allow."""
        return CLASSES[self.what][0]

    def fits(self, sighting: Record) -> bool:
        """Tell whether a sighting may be of it."""
        seen: Record = sighting["observation"]
        vehicle: Record = seen.get("vehicle") or {}
        if seen.get("object_class", "UNKNOWN") not in CLASSES[self.what][1] and not (
            self.what == "VEHICLE" and vehicle
        ):
            return False
        if self.devices and seen["device_id"] not in self.devices:
            return False
        if self.sites and sighting.get("site_id") not in self.sites:
            return False
        if self.vehicle_kind and vehicle.get("kind") != self.vehicle_kind:
            return False
        return self._coloured(seen, vehicle) and self._heads(seen) and self._wears(seen)

    def _coloured(self, seen: Record, vehicle: Record) -> bool:
        if not self.colour:
            return True
        colours = [*(seen.get("colours") or ()), vehicle.get("colour")]
        return any(colour and colour.get("name") == self.colour for colour in colours)

    def _heads(self, seen: Record) -> bool:
        if self.heading_deg is None:
            return True
        heading = (seen.get("direction") or {}).get("compass_deg")
        if heading is None:
            return False
        off = abs(heading - self.heading_deg) % CIRCLE
        return bool(min(off, CIRCLE - off) <= HALF)

    def _wears(self, seen: Record) -> bool:
        if not self.clothing:
            return True
        worn = (seen.get("person") or {}).get("clothing") or {}
        return all((worn.get(part) or {}).get("code") == code for part, code in self.clothing.items())

    @property
    def said(self) -> str:
        """What an audit record says of it."""
        parts = [self.what, self.colour, self.vehicle_kind]
        parts += [f"{part}={code}" for part, code in sorted((self.clothing or {}).items())]
        parts += [f"heading {self.heading_deg:g}"] if self.heading_deg is not None else []
        return " ".join([part for part in parts if part] + sorted(self.devices | self.sites))


def kind_of(word: str) -> Kind:
    """Return which of both a word says; ConfigurationError for another word."""
    for kind in CLASSES:
        if kind == word.upper():
            return kind
    raise ConfigurationError(f"{word!r} is none of {', '.join(CLASSES)}")


def allowed(
    sighting: Record, authorisation: Authorisation, kind: MatchKind, sites: Mapping[str, Record], now: int
) -> bool:
    """Tell whether an order allows looking back at a sighting: its time, its place, what is looked for, the mode."""
    site_id = sighting.get("site_id")
    areas = sites.get(site_id or "", {}).get("areas", [])
    return not in_force(
        authorisation,
        at=sighting["occurred_at"],
        now=now,
        device_id=sighting["observation"]["device_id"],
        site_id=site_id,
        areas=areas,
        kind=kind,
        mode=MODE,
    )
