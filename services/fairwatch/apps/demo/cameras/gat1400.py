"""A GA/T 1400 platform: registers with digest authentication, then posts vehicles and faces of its cameras."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import aiohttp
import orjson

MEDIA_TYPE = "application/VIID+JSON;charset=UTF-8"
LOCAL = timedelta(hours=8)
SERIAL = count(1)


def local_time() -> str:
    """Return the platform's local time (UTC+8), 14 digits."""
    return (datetime.now(UTC) + LOCAL).strftime("%Y%m%d%H%M%S")


@dataclass(frozen=True, slots=True)
class GatPlatform:
    """One platform; `register` runs on a session with digest middleware, data calls on a plain one."""

    digest: aiohttp.ClientSession
    plain: aiohttp.ClientSession
    url: str
    platform_id: str

    async def register(self) -> int:
        """Register; the first answer is a challenge that the digest session meets."""
        body = {"RegisterObject": {"DeviceID": self.platform_id}}
        return await self._post(self.digest, "/VIID/System/Register", body)

    async def keepalive(self) -> int:
        """Keep the registration alive."""
        return await self._post(
            self.plain, "/VIID/System/Keepalive", {"KeepaliveObject": {"DeviceID": self.platform_id}}
        )

    async def vehicle(self, camera: str, plate: str) -> int:
        """Post one passing vehicle."""
        source, when = self._image_id(camera), local_time()
        vehicle = {
            "MotorVehicleID": f"{source}0200001", "InfoKind": 1, "SourceID": source, "DeviceID": camera,
            "StorageUrl1": "", "LeftTopX": 200, "LeftTopY": 180, "RightBtmX": 900, "RightBtmY": 760, "PassTime": when,
            "HasPlate": "1", "PlateClass": "02", "PlateColor": "5", "PlateNo": plate, "Speed": 42.0, "Direction": "3",
            "VehicleClass": "K33", "VehicleColor": "2", "IsSuspicious": "1", "PlateReliability": "93",
        }  # fmt: skip
        body = {"MotorVehicleListObject": {"MotorVehicleObject": [vehicle]}}
        return await self._post(self.plain, "/VIID/MotorVehicles", body)

    async def face(self, camera: str, picture: bytes, width: int, height: int) -> int:
        """Post one face, with everything that the standard lets a platform say of a person."""
        source, when = self._image_id(camera), local_time()
        image = {
            "ImageID": source, "EventSort": 10, "DeviceID": camera, "Type": "11", "FileFormat": "Jpeg",
            "ShotTime": when, "Width": width, "Height": height, "Data": base64.b64encode(picture).decode(),
        }  # fmt: skip
        face = {
            "FaceID": f"{source}0600001", "InfoKind": 1, "SourceID": source, "DeviceID": camera, "LeftTopX": 0,
            "LeftTopY": 0, "RightBtmX": width, "RightBtmY": height, "LocationMarkTime": when, "FaceAppearTime": when,
            "EthicCode": "07", "NationalityCode": "CHN", "SkinColor": "2", "ChineseAccentCode": "310000",
            "IsSuspectedTerrorist": "1", "IsCriminalInvolved": "1", "IsDetainees": "0", "IsVictim": "0",
            "IsSuspiciousPerson": "1", "GlassStyle": "99", "SubImageList": {"SubImageInfoObject": [image]},
        }  # fmt: skip
        return await self._post(self.plain, "/VIID/Faces", {"FaceListObject": {"FaceObject": [face]}})

    def _image_id(self, camera: str) -> str:
        return f"{camera}02{local_time()}{next(SERIAL):05d}"

    async def _post(self, session: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> int:
        headers = {"Content-Type": MEDIA_TYPE, "User-Identify": self.platform_id}
        async with session.post(self.url + path, data=orjson.dumps(body), headers=headers) as response:
            await response.read()
            return response.status
