"""Requests of devices, made before anything counts: at sending only the time of day is put in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from fairwatch.apps.demo.cameras.gat1400 import LOCAL
from fairwatch.formats import catalogue
from fairwatch.formats.payload import Payload
from fairwatch.wire.avro import Codec
from fairwatch.wire.headers import cloud_event
from tests.benchmarks.pipeline_world import (
    CAMERAS,
    Message,
    Numbers,
    over_http,
    over_mqtt,
    plate,
    platform,
    platform_id,
)

Now = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is sent in one go.

    Attributes:
        numbers: The events in it.
        device: Who sends.
        data: A whole HTTP request, or a message's payload.
        mark: What in it stands for the time; empty where nothing does.
        now: Writes the time as the device does, as long as `mark`.
        to: MQTT topic, where it is a message.
    """

    numbers: Sequence[int]
    device: str
    data: bytes
    mark: bytes = b""
    now: Now = bytes
    to: str = ""

    def bytes(self) -> bytes:
        """Return it as it is sent now."""
        return self.data.replace(self.mark, self.now()) if self.mark else self.data


def _hikvision() -> bytes:
    return datetime.now(UTC).isoformat(timespec="seconds").encode()


def _onvif() -> bytes:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


def _gat() -> bytes:
    return (datetime.now(UTC) + LOCAL).strftime("%Y%m%d%H%M%S").encode()


MARKS: Final[Mapping[Now, bytes]] = {now: b"@" * len(now()) for now in (_hikvision, _onvif, _gat)}


def posts(host: str, keys: Mapping[str, str], numbers: Numbers) -> Iterator[Prepared]:
    """Yield one HTTP request for each event; `keys` are API keys by device."""
    for number in numbers:
        kind = numbers.kind(number)
        now = _onvif if kind == "line" else _hikvision
        message = over_http(number, kind, MARKS[now].decode())
        data = request(host, message, {"X-Api-Key": keys[message.device]})
        yield Prepared((number,), message.device, data, MARKS[now], now)


def messages(numbers: Numbers) -> Iterator[Prepared]:
    """Yield one MQTT message for each event."""
    for number in numbers:
        message = over_mqtt(number, numbers.kind(number), MARKS[_onvif].decode())
        yield Prepared((number,), message.device, message.body, MARKS[_onvif], _onvif, message.to)


def vehicles(host: str, numbers: Numbers, objects: int) -> Iterator[Prepared]:
    """Yield GA/T 1400 requests of so many vehicles each."""
    every = list(numbers)
    for place, first in enumerate(range(0, len(every), objects)):
        device, mark = platform(place % CAMERAS), MARKS[_gat].decode()
        of_request = every[first : first + objects]
        found = [_vehicle(place % CAMERAS, number, mark) for number in of_request]
        body = orjson.dumps({"MotorVehicleListObject": {"MotorVehicleObject": found}})
        message = Message(device, "/VIID/MotorVehicles", body, "application/VIID+JSON;charset=UTF-8")
        data = request(host, message, {"User-Identify": platform_id(place % CAMERAS)})
        yield Prepared(of_request, device, data, MARKS[_gat], _gat)


def _vehicle(camera: int, number: int, when: str) -> dict[str, Any]:
    source = f"{platform_id(camera)}02{when}{number % 100_000:05d}"
    return {
        "MotorVehicleID": f"{source}02{number % 100_000:05d}", "InfoKind": 1, "SourceID": source,
        "DeviceID": platform_id(camera), "StorageUrl1": "", "LeftTopX": 200, "LeftTopY": 180, "RightBtmX": 900,
        "RightBtmY": 760, "PassTime": when, "HasPlate": "1", "PlateClass": "02", "PlateColor": "5",
        "PlateNo": plate(number), "Speed": 42.0, "Direction": "3", "VehicleClass": "K33", "VehicleColor": "2",
        "PlateReliability": "93",
    }  # fmt: skip


def request(host: str, message: Message, headers: Mapping[str, str]) -> bytes:
    """Return a whole HTTP request."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"POST {message.to} HTTP/1.1\r\nHost: {host}\r\n{more}"
        f"Content-Type: {message.content_type}\r\nContent-Length: {len(message.body)}\r\n\r\n"
    )
    return head.encode() + message.body


@dataclass(frozen=True, slots=True)
class Observed:
    """An observation as an Avro producer writes it: key, value and headers of its message."""

    number: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def observations(numbers: Numbers, due: Callable[[int], float]) -> list[Observed]:
    """Return one observation for each event, as `normalize` would make it of a camera's request.

    Args:
        numbers: The events.
        due: When each place is sent, in seconds since 1970: what it says of its time cannot be put in later.
    """
    codec, found = Codec(), []
    for place, number in enumerate(numbers):
        at, kind = due(place), numbers.kind(number)
        when = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
        message = over_http(number, kind, when.replace("+00:00", "Z") if kind == "line" else when)
        payload = Payload(message.body, message.content_type, message.to, device_id=message.device)
        said = catalogue.decode(payload, "onvif-event" if kind == "line" else "hikvision-isapi").records[0][1]
        record = {**said, "device_id": message.device, "received_at": round(at * 1e6)}
        about = cloud_event(
            "Observation", source="benchmark", event_id=str(number), at=round(at * 1e6), recorded_at=round(at * 1e6)
        )
        value = codec.encode("Observation", record)
        found.append(Observed(number, message.device.encode(), value, [*about.items()]))
    return found
