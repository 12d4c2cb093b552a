"""Server of GA/T 1400 (VIID): registration with digest, keep-alive, time, and the data resources.

A session belongs to the peer that registered it (TLS client certificate, else source address). `User-Identify` says
which session a call means, never who is calling. Where several callers share an address (several devices registered
from it, or it is known to be that of a proxy or of a network behind NAT), a call must come over the connection that
answered a challenge, or answer one itself. Bodies that cannot be used are answered 400 with StatusCode 7
(syntax) or 8 (content) and published all the same, so that they become dead letters.
"""

from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import FairwatchError, RejectedError
from fairwatch.edges.auth.authentication import Doorkeeper
from fairwatch.edges.auth.digest import Algorithm
from fairwatch.edges.auth.peer import Peer
from fairwatch.edges.connection import proved_on
from fairwatch.edges.credentials import DeviceBinding
from fairwatch.edges.device_index import Devices
from fairwatch.edges.reception import Reception
from fairwatch.edges.refusal import RefusedError, refusal_of
from fairwatch.edges.requests import add_route
from fairwatch.edges.viid.replies import Replies
from fairwatch.edges.viid.resources import RESOURCES, Objects
from fairwatch.edges.viid.system import SystemCall
from fairwatch.stores.viid_sessions import Session, Sessions
from fairwatch.telemetry import metrics

IDENTIFY = "User-Identify"
SYSTEM_BODY_LIMIT = 64 * 1024
# Devices of this standard often read only the first challenge, and MD5 is the one that the standard names.
CHALLENGE_ORDER: tuple[Algorithm, ...] = ("MD5", "SHA-256")

_SPARED: Final = 0.01  # of a session's life

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VisualGateway:
    """The routes under `/VIID`.

    Attributes:
        session_s: Seconds that a session outlives its last successful request.
    """

    devices: Devices
    doorkeeper: Doorkeeper
    sessions: Sessions
    reception: Reception
    replies: Replies
    clock: Clock
    session_s: float = 300

    def application(self) -> web.Application:
        """Return the application to serve."""
        app = web.Application(middlewares=[self._refusals()])
        add_route(app, hdrs.METH_POST, "/VIID/System/Register", self.register)
        add_route(app, hdrs.METH_POST, "/VIID/System/UnRegister", self.unregister)
        add_route(app, hdrs.METH_POST, "/VIID/System/Keepalive", self.keep_alive)
        add_route(app, hdrs.METH_GET, "/VIID/System/Time", self.tell_time)
        for collection in RESOURCES:
            for method in (hdrs.METH_POST, hdrs.METH_PUT):
                add_route(app, method, f"/VIID/{collection}", self.receive_objects)
            add_route(app, hdrs.METH_PUT, f"/VIID/{collection}/{{id}}", self.receive_objects)
        return app

    async def register(self, request: web.Request) -> web.Response:
        """Open a session, after digest."""
        call = await self._system_call(request, "RegisterObject")
        await self._open(request, call.viid_id)
        return self._answered(request, call)

    async def unregister(self, request: web.Request) -> web.Response:
        """Close the session that the caller has, or has opened by digest with this very call."""
        call = await self._system_call(request, "UnRegisterObject")
        device = await self._session(request, call.viid_id)
        await self.sessions.drop(call.viid_id)
        await self.reception.heard(device, signed_off=True)
        return self._answered(request, call)

    async def keep_alive(self, request: web.Request) -> web.Response:
        """Make an idle session last."""
        call = await self._system_call(request, "KeepaliveObject")
        await self._session(request, call.viid_id)
        return self._answered(request, call)

    async def tell_time(self, request: web.Request) -> web.Response:
        """Tell the time to a registered device."""
        await self._session(request, request.headers.get(IDENTIFY, ""))
        return self.replies.time()

    async def receive_objects(self, request: web.Request) -> web.Response:
        """Take a list of objects; one status for each, after the broker's acknowledgement."""
        device = await self._session(request, request.headers.get(IDENTIFY, ""))
        self.reception.pace(device)
        objects = Objects(RESOURCES[request.path.split("/")[2]])
        method = {"method": request.method}
        _, refused = await self.reception.take(request, device, "gat1400", objects.fault, method)
        if isinstance(refused, RejectedError):
            refused = RefusedError(400, refused.reason, refused.detail)
        if refused is not None:
            metrics.GATEWAY_REFUSED.labels("viid", refused.reason).inc()
        return self.replies.many(request, objects.ids or [""], refused)

    async def _session(self, request: web.Request, viid_id: str) -> DeviceBinding:
        """Return the device of the live session that this very peer registered, and prolong it."""
        if hdrs.AUTHORIZATION in request.headers:  # some devices authenticate again after a reconnect
            return await self._open(request, viid_id)
        session = await self.sessions.get(viid_id)
        device = self.devices.by_viid(viid_id)
        peer = self.doorkeeper.peer(request)
        if session is None or device is None or session.device_id != device.device_id or session.peer != peer.key:
            if session is not None:
                _log.warning("session used by another peer", viid_id=viid_id, peer=peer.key)
            raise self.doorkeeper.challenge(device, CHALLENGE_ORDER)
        if viid_id not in proved_on(request) and (peer.shared or await self._is_shared(peer)):
            raise self.doorkeeper.challenge(device, CHALLENGE_ORDER)
        self.doorkeeper.check(device, peer)
        await self._prolong(viid_id, device, peer.key, session.expires_at)
        await self.reception.heard(device)
        return device

    async def _is_shared(self, peer: Peer) -> bool:
        return not peer.certificate and await self.sessions.sharers(peer.key) > 1

    async def _open(self, request: web.Request, viid_id: str) -> DeviceBinding:
        device = await self._digested(request, viid_id)
        proved_on(request).add(viid_id)
        await self._prolong(viid_id, device, self.doorkeeper.peer(request).key)
        await self.reception.heard(device)
        return device

    async def _prolong(self, viid_id: str, device: DeviceBinding, peer: str, until: int = 0) -> None:
        """Make a session last, unless it does already for all but a hundredth of its life: writing costs a request."""
        life = round(self.session_s * 1_000_000)
        expires_at = self.clock.now() + life
        if expires_at - until < life * _SPARED:
            return
        await self.sessions.put(viid_id, Session(device.device_id, peer, expires_at))

    async def _digested(self, request: web.Request, viid_id: str) -> DeviceBinding:
        device = self.devices.by_viid(viid_id)
        device = await self.doorkeeper.require_digest(request, device, viid_id, CHALLENGE_ORDER)
        self.doorkeeper.check(device, self.doorkeeper.peer(request))
        return device

    async def _system_call(self, request: web.Request, wrapper: str) -> SystemCall:
        """Return who calls by its own account; what is wrong with the body is told after the caller proved itself.

        The header wins over the body: platforms write another device's id there, or none.
        """
        claimed = request.headers.get(IDENTIFY, "").strip()
        if not claimed and hdrs.AUTHORIZATION not in request.headers and request.path.endswith("Register"):
            raise self.doorkeeper.challenge(None, CHALLENGE_ORDER)
        async with self.reception.bodies.read(request, SYSTEM_BODY_LIMIT) as body:
            return SystemCall.read(claimed, body, wrapper)

    def _answered(self, request: web.Request, call: SystemCall) -> web.Response:
        if call.fault is not None:
            raise call.fault
        return self.replies.one(request, call.viid_id)

    def _refusals(self) -> Any:
        @web.middleware
        async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                return await handler(request)
            except FairwatchError as error:
                refusal = refusal_of(error)
                if refusal.status == web.HTTPUnprocessableEntity.status_code:
                    refusal.status = web.HTTPBadRequest.status_code
            except web.HTTPException as error:
                refusal = RefusedError(error.status, "unsupported", f"{request.method} is not served here")
            except Exception:  # noqa: BLE001 - our fault: said in the protocol's words, and logged
                _log.exception("request failed")
                refusal = refusal_of(FairwatchError())
            metrics.GATEWAY_REFUSED.labels("viid", refusal.reason).inc()
            return self.replies.refused(request, refusal)

        return answer
