"""One connection to one device: from its answer to our digest to the last part that it sends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from fairwatch.domain.errors import FairwatchError
from fairwatch.edges.hikvision_stream.heartbeats import Heartbeats
from fairwatch.edges.hikvision_stream.options import AlertStream
from fairwatch.edges.hikvision_stream.parts import PartCutter, content_of, is_document, message_of

SETTLE_S: Final = 0.5  # after an event, for the pictures that belong to it
CONNECT_S: Final = 10.0
_OK, _UNAUTHORISED = 200, 401


class StreamError(FairwatchError):
    """The stream cannot be had, or has ended; the reason is bounded: refused, silent, ended, away."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class AlertStreamReader:
    """Reads the messages of a stream.

    Args:
        options: Of the device.
        largest: Bytes of one part.
    """

    def __init__(self, options: AlertStream, largest: int) -> None:
        self._options, self._largest = options, largest
        self._heartbeats = Heartbeats()

    async def messages(self) -> AsyncIterator[tuple[bytes, str] | None]:
        """Yield body and content type of each event; None once connected and at each heartbeat.

        Raises:
            StreamError: It is over, and why.
            RejectedError: too_large: a part has no end.
        """
        options = self._options
        digest = aiohttp.DigestAuthMiddleware(options.username, options.password)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=options.silence_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, middlewares=(digest,)) as session,
                session.get(options.url.rstrip("/") + options.path, ssl=options.verify_tls) as response,
            ):
                if response.status != _OK:
                    why = "its password is wrong" if response.status == _UNAUTHORISED else f"status {response.status}"
                    raise StreamError("refused", why)
                yield None
                async for message in self._read(response.content):
                    yield message
        except TimeoutError as error:
            raise StreamError("silent", f"nothing in {options.silence_s:g} s, not even a heartbeat") from error
        except (aiohttp.ClientError, OSError) as error:
            raise StreamError("away", type(error).__name__) from error
        raise StreamError("ended", "the device closed the stream")

    async def _read(self, content: aiohttp.StreamReader) -> AsyncIterator[tuple[bytes, str] | None]:
        cutter, pending = PartCutter(self._largest), list[bytes]()
        heard = asyncio.get_running_loop().time()
        while True:
            try:
                async with asyncio.timeout(SETTLE_S if pending and not cutter.is_within else self._options.silence_s):
                    data = await content.readany()
            except TimeoutError:
                if not pending or asyncio.get_running_loop().time() - heard >= self._options.silence_s:
                    raise
                yield message_of(pending)
                pending.clear()
                continue
            heard = asyncio.get_running_loop().time()
            for part in cutter.feed(data):
                for message in self._take(part, pending):
                    yield message
            if not data:
                break
        if pending:
            yield message_of(pending)

    def _take(self, part: bytes, pending: list[bytes]) -> list[tuple[bytes, str] | None]:
        """Add a part to the event that it belongs to; return the event before it, if it begins another."""
        if not is_document(part):
            if pending and sum(map(len, pending)) + len(part) <= self._largest:
                pending.append(part)
            return []
        whole: list[tuple[bytes, str] | None] = [message_of(pending)] if pending else []
        pending.clear()
        if self._heartbeats.is_one(content_of(part)):
            return [*whole, None]
        pending.append(part)
        return whole
