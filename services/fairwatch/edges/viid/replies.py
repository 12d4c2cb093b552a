"""Answers in the words of GA/T 1400: ResponseStatus objects with the standard's codes 0 to 9."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from aiohttp import web
from multidict import CIMultiDict

from fairwatch.domain.clock import Clock
from fairwatch.edges.refusal import RefusedError

MEDIA_TYPE = "application/VIID+JSON;charset=UTF-8"
MAX_TEXT = 256


class Status(IntEnum):
    """StatusCode of a ResponseStatusObject."""

    OK = 0
    OTHER = 1
    DEVICE_BUSY = 2
    DEVICE_ERROR = 3
    INVALID_OPERATION = 4
    INVALID_XML = 5
    INVALID_XML_CONTENT = 6
    INVALID_JSON = 7
    INVALID_JSON_CONTENT = 8
    REBOOT_REQUIRED = 9


_OF_HTTP = {
    401: Status.INVALID_OPERATION,
    403: Status.INVALID_OPERATION,
    404: Status.INVALID_OPERATION,
    405: Status.INVALID_OPERATION,
    413: Status.OTHER,
    408: Status.OTHER,
    429: Status.DEVICE_BUSY,
    500: Status.DEVICE_ERROR,
    503: Status.DEVICE_BUSY,
}
_OF_REASON = {
    "malformed": Status.INVALID_JSON,
    "empty": Status.INVALID_JSON,
    "too_deep": Status.INVALID_JSON,
    "xml": Status.INVALID_XML,
}


@dataclass(frozen=True, slots=True)
class Replies:
    """Makes replies.

    Args:
        clock: Time.
        time_zone: IANA zone of the times in replies; the standard writes local time without a zone.
        server_id: Our own 20-digit id.
    """

    clock: Clock
    time_zone: str
    server_id: str

    def status(self, request: web.Request, id_: str, code: Status = Status.OK, text: str = "OK") -> dict[str, Any]:
        """Return a ResponseStatusObject."""
        return {
            "RequestURL": request.path[:MAX_TEXT]
            if request.path.startswith("/VIID/")
            else "",  # else it may hold a key
            "StatusCode": int(code),
            "StatusString": text[:MAX_TEXT],
            "Id": id_,
            "LocalTime": self._local_time(),
        }

    def one(self, request: web.Request, id_: str) -> web.Response:
        """Return 200 with a single status 0."""
        return _response({"ResponseStatusObject": self.status(request, id_)})

    def many(self, request: web.Request, ids: Sequence[str], refusal: RefusedError | None = None) -> web.Response:
        """Return one status for each object: 200 and 0, or what a refusal of the whole body means for each."""
        code, text = (code_of(refusal), refusal.detail) if refusal else (Status.OK, "OK")
        common = self.status(request, "", code, text)
        statuses = [{**common, "Id": id_} for id_ in ids]
        body = {"ResponseStatusListObject": {"ResponseStatusObject": statuses}}
        return _response(body, refusal)

    def refused(self, request: web.Request, refusal: RefusedError) -> web.Response:
        """Return the refusal of a whole request."""
        return _response({"ResponseStatusObject": self.status(request, "", code_of(refusal), refusal.detail)}, refusal)

    def time(self) -> web.Response:
        """Return the SystemTimeObject; TimeMode 1 is network time."""
        return _response(
            {
                "SystemTimeObject": {
                    "VIIDServerID": self.server_id,
                    "TimeMode": "1",
                    "LocalTime": self._local_time(),
                    "TimeZone": self.time_zone,
                }
            }
        )

    def _local_time(self) -> str:
        return datetime.fromtimestamp(self.clock.now() / 1_000_000, ZoneInfo(self.time_zone)).strftime("%Y%m%d%H%M%S")


def code_of(refusal: RefusedError) -> Status:
    """Return the StatusCode of a refusal; what is neither known by its reason nor its status is wrong content."""
    return _OF_REASON.get(refusal.reason) or _OF_HTTP.get(refusal.status, Status.INVALID_JSON_CONTENT)


def _response(body: dict[str, Any], refusal: RefusedError | None = None) -> web.Response:
    headers = CIMultiDict(refusal.headers if refusal else ())
    headers["Content-Type"] = MEDIA_TYPE
    return web.Response(body=orjson.dumps(body), status=refusal.status if refusal else 200, headers=headers)
