"""What one sender, and all of them together, may ask of a gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_exceptions import HTTPException

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import OverloadedError, RejectedError
from fairwatch.edges.refusal import RefusedError

CHUNK = 64 * 1024


class TokenBuckets:
    """A token bucket for each key.

    Args:
        rate_per_s: Tokens that come back each second.
        burst: Tokens of a full bucket.
        clock: Time.
        max_keys: Buckets kept; the oldest is forgotten (and so full again) beyond.
    """

    def __init__(self, rate_per_s: float, burst: float, clock: Clock, *, max_keys: int = 100_000) -> None:
        self._rate, self._burst, self._clock, self._max_keys = rate_per_s, burst, clock, max_keys
        self._buckets: dict[str, tuple[float, int]] = {}

    def take(self, key: str) -> float:
        """Take one token; return 0, or the seconds until there is one."""
        tokens = self._tokens(key)
        wait = self._wait(tokens)
        self._buckets[key] = (tokens if wait else tokens - 1, self._clock.now())
        if len(self._buckets) > self._max_keys:
            del self._buckets[next(iter(self._buckets))]
        return wait

    def wait(self, key: str) -> float:
        """Take nothing; return 0 where there is a token, or the seconds until there is one."""
        return self._wait(self._tokens(key))

    def _tokens(self, key: str) -> float:
        now = self._clock.now()
        tokens, at = self._buckets.get(key, (self._burst, now))
        return min(self._burst, tokens + max(0, now - at) * self._rate / 1_000_000)

    def _wait(self, tokens: float) -> float:
        return 0.0 if tokens >= 1 else (1 - tokens) / self._rate


class Bodies:
    """Reads request bodies within bounds.

    Args:
        limit: Bytes of one body, after decompression.
        total: Bytes of all bodies that are being handled at a time.
        timeout_s: Seconds in which a body must have arrived.
    """

    def __init__(self, limit: int, total: int, timeout_s: float) -> None:
        self._limit, self._total, self._timeout_s = limit, total, timeout_s
        self.held = 0

    @asynccontextmanager
    async def read(self, request: web.BaseRequest, limit: int | None = None) -> AsyncIterator[bytes]:
        """Give the body, and count it as held until the caller is done with it.

        Raises:
            RejectedError: too_large | malformed (broken chunks or compression).
            OverloadedError: Too many bytes are held.
            RefusedError: timeout | hung_up: it did not arrive in time, or its sender is gone.
        """
        limit = self._limit if limit is None else min(limit, self._limit)
        if (request.content_length or 0) > limit:
            raise RejectedError("too_large", f"body of {request.content_length} bytes, {limit} are allowed")
        chunks: list[bytes] = []
        size = 0
        try:
            await self._collect(request, chunks, limit)
            body = b"".join(chunks)
            size = len(body)
            chunks.clear()  # or it would be in memory twice for as long as the broker takes
            yield body
        finally:
            self.held -= size or sum(map(len, chunks))

    async def _collect(self, request: web.BaseRequest, chunks: list[bytes], limit: int) -> None:
        size = 0

        def take(chunk: bytes) -> None:
            nonlocal size
            chunks.append(chunk)
            self.held += len(chunk)
            size += len(chunk)
            if size > limit:
                raise RejectedError("too_large", f"body of more than {limit} bytes")
            if self.held > self._total and self.held > size:  # a large one alone must pass at some time
                raise OverloadedError("too many bytes are being handled")

        try:
            if request.content.is_eof():  # small ones come with their head: there is nothing to wait for
                take(request.content.read_nowait())
                return
            async with asyncio.timeout(self._timeout_s):
                async for chunk in request.content.iter_chunked(CHUNK):
                    take(chunk)
        except TimeoutError as error:
            raise RefusedError(408, "timeout", f"the body did not arrive in {self._timeout_s:g} s") from error
        except OSError as error:
            raise RefusedError(400, "hung_up", "the connection ended before the body did") from error
        except (web.RequestPayloadError, HttpProcessingError, HTTPException) as error:
            raise RejectedError("malformed", "the body does not follow its transfer or content encoding") from error
