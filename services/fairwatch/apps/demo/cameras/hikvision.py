"""A Hikvision camera: ISAPI alerts pushed over HTTP with digest authentication, pictures as further parts."""

from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import orjson

BOUNDARY = "MIME_boundary"
ANPR = """<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<ipAddress>127.0.0.1</ipAddress><portNo>80</portNo><protocol>HTTP</protocol><macAddress>{mac}</macAddress>
<channelID>1</channelID><dateTime>{time}</dateTime><activePostCount>1</activePostCount>
<eventType>ANPR</eventType><eventState>active</eventState><eventDescription>ANPR</eventDescription>
<channelName>{name}</channelName>
<ANPR><country>1</country><licensePlate>{plate}</licensePlate><line>1</line><direction>forward</direction>
<confidenceLevel>{confidence}</confidenceLevel><plateType>unknown</plateType><plateColor>white</plateColor>
<plateCharBelieve>{characters}</plateCharBelieve><vehicleType>vehicle</vehicleType>
<vehicleInfo><index>{index}</index><colorDepth>1</colorDepth><color>blue</color></vehicleInfo>
<pictureInfoList><pictureInfo><fileName>vehicle.jpg</fileName><type>vehiclePicture</type></pictureInfo></pictureInfoList>
<originalLicensePlate>{plate}</originalLicensePlate></ANPR>
<UUID>{uuid}</UUID></EventNotificationAlert>"""
TAMPER = """<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<ipAddress>127.0.0.1</ipAddress><portNo>80</portNo><protocol>HTTP</protocol><macAddress>{mac}</macAddress>
<channelID>1</channelID><dateTime>{time}</dateTime><activePostCount>1</activePostCount>
<eventType>shelteralarm</eventType><eventState>active</eventState><eventDescription>shelter alarm</eventDescription>
<channelName>{name}</channelName></EventNotificationAlert>"""


def now() -> str:
    """Return the camera's clock as it writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class HikvisionCamera:
    """One camera; `url` is the gateway's push address for it."""

    session: aiohttp.ClientSession
    url: str
    name: str
    mac: str

    async def read_plate(self, plate: str, picture: bytes, *, index: int, times: int = 1) -> int:
        """Send an ANPR alert with the vehicle's picture, the same bytes `times` over; return the last HTTP status."""
        characters = ",".join("61" if character == "8" else "97" for character in plate)
        alert = ANPR.format(
            mac=self.mac, time=now(), name=self.name, plate=plate, confidence=91,
            characters=characters, index=index, uuid=f"{self.mac}-{index}",
        )  # fmt: skip
        status = 0
        for _ in range(times):
            status = await self._post(alert.encode(), "anpr.xml", "application/xml", {"vehicle.jpg": picture})
        return status

    async def tampered(self) -> int:
        """Send a shelter alarm: somebody covers the lens."""
        return await self.send(TAMPER.format(mac=self.mac, time=now(), name=self.name).encode(), "application/xml")

    async def capture_face(self, picture: bytes, *, face_id: int) -> int:
        """Send a faceCapture alert with the face's picture."""
        alert = {
            "ipAddress": "127.0.0.1", "portNo": 80, "protocol": "HTTP", "macAddress": self.mac, "channelID": 1,
            "dateTime": now(), "activePostCount": 1, "eventType": "faceCapture", "eventState": "active",
            "eventDescription": "faceCapture", "channelName": self.name,
            "faceCapture": [{
                "targetAttrs": {"deviceName": self.name, "deviceChannel": 1, "faceTime": now()},
                "faces": [{
                    "faceId": face_id, "faceRect": {"x": 0.0, "y": 0.0, "width": 1.0, "height": 1.0},
                    "contentID": "faceImage", "pId": f"{self.mac}{face_id}", "faceScore": 90,
                }],
                "uid": f"{self.mac}-{face_id}",
            }],
        }  # fmt: skip
        return await self._post(orjson.dumps(alert), "faceCapture", "application/json", {"faceImage": picture})

    async def send(self, body: bytes, content_type: str) -> int:
        """Send one body as it is; return the HTTP status."""
        async with self.session.post(self.url, data=body, headers={"Content-Type": content_type}) as response:
            await response.read()
            return response.status

    async def _post(self, alert: bytes, name: str, content_type: str, pictures: dict[str, bytes]) -> int:
        parts = [part(name, content_type, alert)]
        parts += [part(file, "image/jpeg", data, file) for file, data in pictures.items()]
        body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
        return await self.send(body, f"multipart/form-data; boundary={BOUNDARY}")


def part(name: str, content_type: str, data: bytes, filename: str | None = None) -> bytes:
    """Return one part of a multipart body."""
    file = f'; filename="{filename}"' if filename else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n'
    return f"{head}Content-Type: {content_type}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data + b"\r\n"
