"""The demo's world: two sites, twelve cameras, what may be looked for where, and by whose authority."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fairwatch.domain.ids import stable_id

DAY = 86_400_000_000
STOLEN_LISTED = "HB-KX 41B"
STOLEN_READ = "HBKX418"
GAT_PLATFORM = "31010000005030000001"
GAT_CAMERAS = {"gat-harbour-1": "31010000001320000001", "gat-north-1": "31010000001320000002"}
FRIGATE_CAMERAS = {"frigate-harbour-1": "harbour_gate", "frigate-north-1": "north_yard"}
HIKVISION = {
    "hik-harbour-1": "44:19:b6:00:00:01",
    "hik-harbour-2": "44:19:b6:00:00:02",
    "hik-north-1": "44:19:b6:00:00:03",
    "hik-north-2": "44:19:b6:00:00:04",
}
ONVIF = ("onvif-harbour-1", "onvif-harbour-2", "onvif-north-1", "onvif-north-2")


@dataclass(frozen=True, slots=True)
class World:
    """Reference records by topic, each with its key."""

    records: list[tuple[str, str, dict[str, Any]]]


def zone_where_it_is(hour: int, now: datetime) -> str:
    """Return a fixed-offset IANA zone in which the local hour is `hour` now (Etc/GMT signs are reversed)."""
    offset = (hour - now.hour + 11) % 24 - 11
    return f"Etc/GMT{-offset:+d}" if offset else "Etc/GMT"


def build(reference: dict[str, Any]) -> World:
    """Return the world; it is night at the harbour and day at the north terminal whenever the demo runs.

    Args:
        reference: MediaRef of the missing child's picture, already in the media store.
    """
    now = datetime.now(UTC)
    at = int(now.timestamp() * 1_000_000)
    records = [*_sites(now, at), *_devices(at), *_authorisations(at), *_entries(at, reference)]
    return World(records)


def _sites(now: datetime, at: int) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (
            "sites",
            site_id,
            {
                "site_id": site_id,
                "name": name,
                "time_zone": zone_where_it_is(hour, now),
                "areas": [area],
                "updated_at": at,
            },
        )
        for site_id, name, hour, area in (
            ("harbour", "Harbour Station", 2, "district-1"),
            ("north", "North Terminal", 14, "district-2"),
        )
    ]


def _devices(at: int) -> list[tuple[str, str, dict[str, Any]]]:
    devices = [_device(name, "hikvision-isapi", [mac], "Hikvision") for name, mac in HIKVISION.items()]
    devices += [_device(name, "onvif-event", [], "ONVIF") for name in ONVIF]
    devices.append({"device_id": "frigate-1", "name": "Frigate recorder", "formats": ["frigate"]})
    devices += [_device(name, "frigate", [camera], "Frigate", "frigate-1") for name, camera in FRIGATE_CAMERAS.items()]
    devices.append(
        {"device_id": "gat-platform", "name": "GA/T 1400 platform", "formats": ["gat1400"], "aliases": [GAT_PLATFORM]}
    )
    devices += [_device(name, "gat1400", [number], "GA/T 1400", "gat-platform") for name, number in GAT_CAMERAS.items()]
    return [("devices", str(device["device_id"]), {**device, "updated_at": at}) for device in devices]


def _device(name: str, fmt: str, aliases: list[str], maker: str, parent: str | None = None) -> dict[str, Any]:
    site = name.split("-")[1]
    zone = {
        "zone_id": "tracks",
        "name": "Tracks",
        "polygon": [{"x": x, "y": y} for x, y in ((0, 0.3), (1, 0.3), (1, 1), (0, 1))],
    }
    return {
        "device_id": name, "name": f"{maker} {site} {name[-1]}", "site_id": site, "formats": [fmt], "aliases": aliases,
        "manufacturer": maker, "zones": [zone], "parent_id": parent,
    }  # fmt: skip


def _authorisations(at: int) -> list[tuple[str, str, dict[str, Any]]]:
    shared = {
        "state": "GRANTED", "site_ids": ["harbour"], "valid_from": at - DAY, "valid_until": at + DAY,
        "requested_by": "inspector.ray", "approved_by": ["judge.okafor"], "fria_id": "FRIA-2026-7",
        "dpia_id": "DPIA-2026-3",
        "authority": "District court, division 4", "updated_at": at,
    }  # fmt: skip
    car = {
        **shared, "authorisation_id": "auth-stolen-car", "objective": "stolen_vehicle",
        "legal_basis": "Vehicle theft act §12",
        "reference": "theft 2026-4411", "kinds": ["PLATE"], "required_verifications": 0,
    }  # fmt: skip
    child = {
        **shared, "authorisation_id": "auth-missing-child", "objective": "missing_person",
        "legal_basis": "AI Act Art. 5(1)(h)(i)", "reference": "missing 2026-118", "kinds": ["FACE"],
        "required_verifications": 2,
    }  # fmt: skip
    return [("authorisations", str(record["authorisation_id"]), record) for record in (car, child)]


def _entries(at: int, reference: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    shared = {
        "valid_from": at - DAY,
        "valid_until": at + DAY,
        "created_by": "inspector.ray",
        "approved_by": "judge.okafor",
        "updated_at": at,
    }
    car = {
        **shared, "entry_id": stable_id("entry", "stolen-car"), "authorisation_id": "auth-stolen-car", "kind": "PLATE",
        "title": "Stolen blue saloon", "plate": STOLEN_LISTED, "plate_country": "DE", "priority": 2,
        "reason": "reported stolen",
    }  # fmt: skip
    child = {
        **shared, "entry_id": stable_id("entry", "missing-child"), "authorisation_id": "auth-missing-child",
        "kind": "FACE", "title": "Missing child, case 118", "references": [reference], "priority": 1,
        "reason": "reported missing",
        "source_of_media": "handed in by the family",
    }  # fmt: skip
    return [("watchlist-entries", str(record["entry_id"]), record) for record in (car, child)]
