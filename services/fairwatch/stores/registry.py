"""Devices and sites as `enrich` asks for them: who speaks for whom, where it stands, what its zones are."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import shapely

from fairwatch.domain.ports import Reference
from fairwatch.stores.registered_names import RegisteredNames, number_of
from fairwatch.wire.kinds.names import Names, is_token

AMBIGUOUS = ""
_REMEMBERED = 16_384  # senders; those that nobody has registered may be made up without end


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device stands; None where nobody has said."""

    device: dict[str, Any]
    site_id: str | None
    site: dict[str, Any] | None
    own_zone: str | None

    @property
    def site_zone(self) -> str | None:
        """IANA zone of the site."""
        return self.site.get("time_zone", "UTC") if self.site else None


class Registry:
    """Indexes that are made anew when the reference data change.

    Args:
        devices: `Device` records by id.
        sites: `Site` records by id.
        names: Makes the tokens by which devices' names travel.
    """

    def __init__(self, devices: Reference, sites: Reference, names: Names) -> None:
        self._names = names
        self._registered: dict[tuple[str, str], RegisteredNames] = {}
        self._devices = devices
        self._sites = sites
        self._version = -1
        self._children: dict[tuple[str, str], str] = {}
        self._polygons: dict[str, list[tuple[str, Any]]] = {}

    def speaker(self, sender_id: str, names: Iterable[str | None]) -> dict[str, Any] | None:
        """Return the device that an event is of: a child of the sender that has one of the names, else the sender.

        A name that several children share decides nothing.
        """
        self._refresh()
        for name in names:
            child = self._children.get((sender_id, name or ""))
            if not child and name and is_token(name):
                child = self._children.get((sender_id, number_of(name)))
            if child:
                return self._device(child)
        return self._device(sender_id)

    def is_enabled(self, device: dict[str, Any]) -> bool:
        """Tell whether a device and the one it belongs to may speak."""
        parent = self._device(device.get("parent_id") or "")
        return bool(device.get("enabled", True)) and (parent is None or bool(parent.get("enabled", True)))

    def place(self, device: dict[str, Any]) -> Place:
        """Return where a device stands; what it does not say itself, the recorder it belongs to says."""
        parent = self._device(device.get("parent_id") or "") or {}
        site_id = device.get("site_id") or parent.get("site_id")
        return Place(
            device, site_id, self._sites.get(site_id or ""), device.get("time_zone") or parent.get("time_zone")
        )

    def zones_of(self, device: dict[str, Any], shape: dict[str, Any] | None) -> list[str]:
        """Return the ids of the device's zones that hold the object's foot point, borders included."""
        self._refresh()
        foot = foot_point(shape)
        if foot is None or not device.get("zones"):
            return []
        polygons = self._polygons.get(device["device_id"])
        if polygons is None:
            polygons = self._polygons[device["device_id"]] = list(_polygons(device["zones"]))
        return [zone_id for zone_id, polygon in polygons if shapely.intersects_xy(polygon, *foot)]

    def names_of(self, sender: str, device: dict[str, Any] | None) -> RegisteredNames:
        """Return the names that are registered with a device which sends by itself or through another."""
        self._refresh()
        key = (sender, device["device_id"] if device else "")
        found = self._registered.get(key)
        if found is None:
            if len(self._registered) >= _REMEMBERED:
                self._registered.clear()
            found = self._registered[key] = RegisteredNames(self._names, sender, device)
        return found

    def _device(self, device_id: str) -> dict[str, Any] | None:
        device: dict[str, Any] | None = self._devices.get(device_id)
        return device

    def _refresh(self) -> None:
        if self._version == self._devices.version:
            return
        self._version = self._devices.version
        self._polygons = {}
        self._registered = {}
        self._children = {}
        for device_id, device in self._devices.items():
            for name in {device_id, *device.get("aliases", ())} - {""} if device.get("parent_id") else ():
                token = self._names.token(device["parent_id"], "name", name)
                for spelt in (name, number_of(token)):
                    key = (device["parent_id"], spelt)
                    self._children[key] = AMBIGUOUS if key in self._children else device_id


def foot_point(shape: dict[str, Any] | None) -> tuple[float, float] | None:
    """Return where an object stands in the picture: the bottom centre of its box, else its centre."""
    if not shape:
        return None
    box, centre = shape.get("box"), shape.get("centre")
    if box:
        point = ((box["x0"] + box["x1"]) / 2, box["y1"])
    elif centre:
        point = (centre["x"], centre["y"])
    else:
        return None
    return point if all(map(isfinite, point)) else None


def _polygons(zones: Iterable[dict[str, Any]]) -> Iterable[tuple[str, Any]]:
    for zone in zones:
        corners = [(point["x"], point["y"]) for point in zone["polygon"]]
        if len(corners) > 2 and all(isfinite(value) for corner in corners for value in corner):  # noqa: PLR2004  a triangle
            polygon = shapely.make_valid(shapely.Polygon(corners))  # people also draw bow ties
            shapely.prepare(polygon)
            yield zone["zone_id"], polygon
