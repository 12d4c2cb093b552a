"""HTTP push of makers' webhooks and of ONVIF's WS-BaseNotification; what no adapter takes is answered 422."""

import json

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

from fairwatch.domain.errors import FairwatchError, RejectedError
from fairwatch.edges.auth.authentication import Doorkeeper
from fairwatch.edges.credentials import DeviceBinding
from fairwatch.edges.reception import Reception
from fairwatch.edges.refusal import RefusedError, refusal_of
from fairwatch.edges.requests import add_route
from fairwatch.telemetry import metrics

XML_TYPES = {"", "application/soap+xml", "text/xml", "application/xml", "application/octet-stream"}

_log = structlog.get_logger(__name__)


class HttpGateway:
    """The routes under `/v1`.

    Args:
        doorkeeper: Who may come in.
        reception: Takes bodies.
    """

    def __init__(self, doorkeeper: Doorkeeper, reception: Reception) -> None:
        self._doorkeeper, self._reception = doorkeeper, reception

    def application(self) -> web.Application:
        """Return the application to serve."""
        app = web.Application(middlewares=[refusals])
        for path in ("/v1/devices/{device_id}/events", "/v1/push/{device_id}", "/v1/push/{device_id}/{key}"):
            add_route(app, hdrs.METH_POST, path, self.receive_event)
        for path in ("/v1/onvif/{device_id}", "/v1/onvif/{device_id}/{key}"):
            add_route(app, hdrs.METH_POST, path, self.receive_notify)
        return app

    async def receive_event(self, request: web.Request) -> web.Response:
        """Take a maker's payload; 200 with its raw id after the broker's acknowledgement."""
        device = await self._admit(request)
        raw_id = await self._take(request, device, device.format)
        return web.Response(
            body=b'{"raw_id": "%s"}' % raw_id.encode(), content_type="application/json", charset="utf-8"
        )

    async def receive_notify(self, request: web.Request) -> web.Response:
        """Take a WS-BaseNotification Notify; 202 without content, as the message is one-way.

        SOAP toolkits take an empty 200 for a broken answer. A device that wrote its own request line, and wrongly, is
        no toolkit: it is told the 200 that such devices wait for.
        """
        device = await self._admit(request)
        refusal = None
        if request.content_type not in XML_TYPES and hdrs.CONTENT_TYPE in request.headers:
            refusal = RefusedError(415, "unsupported", "the content type is none of SOAP over XML")
        await self._take(request, device, "onvif-event", refusal)
        return web.Response(status=200 if getattr(request.protocol, "mended", False) else 202)

    async def _admit(self, request: web.Request) -> DeviceBinding:
        device_id = request.match_info["device_id"]
        device = await self._doorkeeper.admit(request, device_id, request.match_info.get("key", ""))
        self._reception.pace(device)
        return device

    async def _take(
        self, request: web.Request, device: DeviceBinding, known_format: str | None, refusal: RefusedError | None = None
    ) -> str:
        """Publish the body, and return its raw id if neither the caller nor the adapter refuses it."""
        raw_id, refused = await self._reception.take(request, device, known_format, lambda _: refusal)
        if isinstance(refused, RejectedError):
            raise RefusedError(422, refused.reason, refused.detail)
        if refused is not None:
            raise refused
        return raw_id


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every refusal as JSON {reason, detail} and count it."""
    try:
        return await handler(request)
    except FairwatchError as error:
        refusal = refusal_of(error)
    except web.HTTPException as error:
        if error.status < web.HTTPBadRequest.status_code:
            raise
        refusal = RefusedError(error.status, "unsupported", error.reason)
    except Exception:  # noqa: BLE001 - our fault: said in the protocol's words, and logged
        _log.exception("request failed")
        refusal = refusal_of(FairwatchError())
    metrics.GATEWAY_REFUSED.labels("http", refusal.reason).inc()
    text = json.dumps({"reason": refusal.reason, "detail": refusal.detail})
    return web.Response(
        status=refusal.status, text=text, content_type="application/json", headers=CIMultiDict(refusal.headers)
    )
