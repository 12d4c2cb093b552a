"""How a request's body is taken: read within bounds, judged, and published whether it is refused or not."""

from collections.abc import Callable, Mapping

from aiohttp import hdrs, web

from fairwatch.domain.errors import RejectedError
from fairwatch.edges.credentials import DeviceBinding
from fairwatch.edges.ground import Door
from fairwatch.edges.intake import Arrival, Intake
from fairwatch.edges.refusal import RefusedError
from fairwatch.edges.requests import judge, kept_headers, path_without_key

Look = Callable[[bytes], RefusedError | None]


class Reception:
    """Takes the bodies of one gateway.

    What nobody can use is refused and published all the same: its sender hears of the mistake, and the bytes become a
    dead letter instead of being lost.

    Args:
        gateway: Its name.
        intake: Where bodies go.
        door: Bounds of bodies, and how often a device may send.
    """

    def __init__(self, gateway: str, intake: Intake, door: Door) -> None:
        self._gateway, self._intake, self.bodies, self._rates = gateway, intake, door.bodies, door.rates

    def pace(self, device: DeviceBinding) -> None:
        """Count a request of a device; RefusedError 429 where it sends too often."""
        if wait := self._rates.take(device.device_id):
            raise RefusedError(429, "rate_limited", f"device {device.device_id} sends too often", retry_after_s=wait)

    async def heard(self, device: DeviceBinding, *, signed_off: bool = False) -> None:
        """Note that a device is there though it sent no body, or that it signs off."""
        statuses = self._intake.statuses
        if statuses is None:
            return
        if signed_off:
            await statuses.gone(device.device_id, "unregistered")
        else:
            await statuses.heard(device.device_id)

    async def take(
        self,
        request: web.Request,
        device: DeviceBinding,
        known_format: str | None,
        look: Look = lambda _: None,
        more: Mapping[str, str] | None = None,
    ) -> tuple[str, RefusedError | RejectedError | None]:
        """Publish a body; return its raw id, and why it is refused all the same.

        Args:
            request: Its body is read here.
            device: Who sends.
            known_format: What it is in; None to recognise it.
            look: Says at once why the body is refused; the adapters are asked where it finds nothing.
            more: Kept beside the headers.

        Raises:
            RejectedError: There is no body.
            RefusedError: It is too large, too slow, or too much is held already.
            RetryableError: It is not stored; the sender should try again.
        """
        async with self.bodies.read(request) as body:
            if not body:
                raise RejectedError("empty", "the request has no body")
            arrival = Arrival(
                gateway=self._gateway,
                device_id=device.device_id,
                body=body,
                format=known_format,
                path=path_without_key(request),
                content_type=request.headers.get(hdrs.CONTENT_TYPE, ""),
                headers={**kept_headers(request), **(more or {})},
            )
            refusal = look(body) or await judge(self._intake, arrival)
            return await self._intake.accept(arrival), refusal
