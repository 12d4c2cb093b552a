"""The world of the pipeline benchmark: cameras, an authorised list of plates, rules, and what devices send.

Every event bears its number: a plate is made of it, an object that crosses a line is called by it. An alert tells by
its entry or its group which event raised it.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
import yaml

from fairwatch.apps.demo.cameras.hikvision import ANPR
from fairwatch.apps.demo.cameras.onvif import NOTIFY, items
from fairwatch.domain.ids import stable_id
from fairwatch.edges.credentials import hash_api_key, issue_api_key

CAMERAS = 48
DAY = 86_400_000_000
LINE_RULE = "line"
Kind = Literal["plate", "line", "other"]
ROUTES = {
    "route": {
        "receivers": ["control-room"],
        "routes": [
            {"name": "plate", "match": {"kinds": ["PLATE"]}, "group_by": ["entry_id"], "title": "{entry_title}"},
            {"name": LINE_RULE, "match": {"event_types": ["line.crossed"]}, "group_by": ["object_id"]},
        ],
    }
}
RECEIVERS = {
    "receivers": [
        {
            "name": "control-room",
            "webhook": {"url_env": "FAIRWATCH_CONTROL_ROOM_URL", "secret_env": "FAIRWATCH_CONTROL_ROOM_SECRET"},
        }
    ]
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """The events of one phase; one in `every` is a listed plate and one a crossed line, the rest raise no alert."""

    first: int
    count: int
    every: int

    def __iter__(self) -> Iterator[int]:
        """Yield each."""
        return iter(range(self.first, self.first + self.count))

    def kind(self, number: int) -> Kind:
        """Return what an event is."""
        place = (number - self.first) % self.every
        return "plate" if place == 0 else "line" if place == self.every // 2 else "other"

    def of(self, *kinds: Kind) -> list[int]:
        """Return the events of these kinds."""
        return [number for number in self if self.kind(number) in kinds]


@dataclass(frozen=True, slots=True)
class Message:
    """What a device sends: to a path (HTTP) or a topic (MQTT)."""

    device: str
    to: str
    body: bytes
    content_type: str = ""


def platform(place: int) -> str:
    """Return the name of a GA/T 1400 platform."""
    return f"viid-{place}"


def platform_id(place: int) -> str:
    """Return its 20 digits."""
    return f"3402000000503{place:07d}"


def plate(number: int) -> str:
    """Return a plate that no other number has and no confusion leads to."""
    digits = np.base_repr(number, 6).zfill(9)
    return "K7" + digits.translate(str.maketrans("012345", "AHKMTV"))


def entry_id(number: int) -> str:
    """Return the id of the listed plate of this number."""
    return stable_id("entry", number)


def over_http(number: int, kind: Kind, when: str) -> Message:
    """Return a plate reading of a Hikvision camera, or a line crossed before an ONVIF camera; `when` as it says it."""
    if kind == "line":
        source = {"VideoSourceConfigurationToken": "vs0", "VideoAnalyticsConfigurationToken": "va0", "Rule": "fence"}
        body = NOTIFY.format(
            topic="tns1:RuleEngine/LineDetector/Crossed", time=when, operation="", source=items(source),
            data=items({"ObjectId": str(number)}),
        )  # fmt: skip
        camera = f"line-{number % CAMERAS}"
        return Message(camera, f"/v1/onvif/{camera}", body.encode(), "application/soap+xml; charset=utf-8")
    camera = f"plate-{number % CAMERAS}"
    body = ANPR.format(
        mac="44:19:b6:00:00:01", time=when, name=camera, plate=plate(number), confidence=95,
        characters=",".join(["99"] * 11), index=number, uuid=number,
    )  # fmt: skip
    return Message(camera, f"/v1/push/{camera}", body.encode(), "application/xml")


def over_mqtt(number: int, kind: Kind, when: str) -> Message:
    """Return a line crossed, or motion, of an ONVIF camera that speaks MQTT."""
    camera = f"mqtt-{number % CAMERAS}"
    topic, data = "LineDetector/Crossed", {"ObjectId": number}
    if kind != "line":
        topic, data = "CellMotionDetector/Motion", {"IsMotion": number // CAMERAS % 2}
    source = {"VideoSource": "1", "AnalyticsConfiguration": "2", "Rule": "fence"}
    body = orjson.dumps({"UtcTime": when, "Source": source, "Data": data})
    return Message(camera, f"{camera}/onvif-ej/RuleEngine/{topic}/&1/2/fence", body)


def event_of(alert: Mapping[str, Any], entries: Mapping[str, int]) -> int | None:
    """Return the number of the event that raised an alert; None for nobody's."""
    if alert.get("entry_id"):
        return entries.get(alert["entry_id"])
    rule, _, number = str(alert.get("group", "")).partition("|")
    return int(number) if rule == LINE_RULE and number.isdigit() else None


def reference_records(listed: Iterable[int]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return one site, its cameras, one authorisation and the listed plates."""
    at = time.time_ns() // 1000
    shared = {"valid_from": at - DAY, "valid_until": at + DAY, "updated_at": at}
    site = {"site_id": "bench", "name": "Bench", "time_zone": "UTC"}
    authorisation = {
        **shared, "authorisation_id": "bench", "state": "GRANTED", "objective": "stolen_vehicle",
        "legal_basis": "benchmark", "reference": "1", "authority": "benchmark", "kinds": ["PLATE"],
        "site_ids": ["bench"], "requested_by": "a", "approved_by": ["b"], "required_verifications": 0,
    }  # fmt: skip
    records = [("sites", "bench", site), ("authorisations", "bench", authorisation)]
    for device, form in _devices():
        record = {"device_id": device, "name": device, "site_id": "bench", "formats": [form]}
        records.append(("devices", device, record))
    for number in listed:
        entry = {
            **shared, "entry_id": entry_id(number), "authorisation_id": "bench", "kind": "PLATE",
            "title": "listed", "plate": plate(number), "created_by": "a", "approved_by": "b",
        }  # fmt: skip
        records.append(("watchlist-entries", entry["entry_id"], entry))
    return records


def write_config(folder: Path) -> dict[str, str]:
    """Write devices.yaml, routes.yaml and receivers.yaml; return the secret of each device: API key or password."""
    folder.mkdir(parents=True)
    keys = {device: issue_api_key()[0] for device, _ in _devices()}
    devices = []
    for place, (device, form) in enumerate(_devices()):
        access: dict[str, Any] = {"api_key_hash": hash_api_key(keys[device])}
        if form == "gat1400":
            (folder / device).write_text(keys[device], encoding="utf-8")
            access = {
                "viid_id": platform_id(place % CAMERAS),
                "digest": {"username": device, "password_file": device},
            }
        elif device.startswith("mqtt"):
            access = {"mqtt_topics": [f"{device}/#"]}
        devices.append({"device_id": device, "format": form, **access})
    for name, content in (("devices", {"devices": devices}), ("routes", ROUTES), ("receivers", RECEIVERS)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return keys


def _devices() -> list[tuple[str, str]]:
    forms = {"plate": "hikvision-isapi", "line": "onvif-event", "mqtt": "onvif-event", "viid": "gat1400"}
    return [(f"{name}-{number}", form) for name, form in forms.items() for number in range(CAMERAS)]
