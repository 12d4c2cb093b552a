"""Everything else, by Apprise: chats, push services, telephones; a hundred kinds of address in one library."""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.options import SinkOptions, Surroundings, Timeout
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.text import headline, plain

BODY = 20_000  # characters
TYPES = {"EXTREME": "failure", "SEVERE": "failure", "MODERATE": "warning"}


class AppriseOptions(SinkOptions):
    """An address as Apprise has them, several with white space between; it holds secrets, so it lies elsewhere.

    Prefer a sink of our own where there is one: Apprise says that something failed, not why, knows no id by which a
    message that comes twice is known, and follows what the service answers.
    """

    looked_up: ClassVar = ("urls",)

    urls_file: Path | None = None
    urls_env: str | None = None
    timeout: Timeout = timedelta(seconds=20)
    threads: int = Field(default=4, ge=1, le=32, description="messages at a time, hanging ones included")

    def open(self, surroundings: Surroundings) -> "Apprise":
        """Return the sink."""
        urls = self.look_up("urls", surroundings.environment).split()
        return Apprise(urls, timeout_s=self.timeout.total_seconds(), threads=self.threads)


class Apprise:
    """Services behind addresses.

    Args:
        urls: Their addresses.
        timeout_s: For one message to all of them.
        threads: Messages on their way at a time. One that hangs keeps its thread; while none is free, all time out.

    Raises:
        ConfigurationError: An address is none that Apprise knows; it is not told.
    """

    kind = "apprise"

    def __init__(self, urls: list[str], *, timeout_s: float = 20.0, threads: int = 4) -> None:
        import apprise  # noqa: PLC0415  slow to import, and few have one

        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it writes addresses, which are secrets
        self._services: Any = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
        for place, url in enumerate(urls, 1):
            if url.startswith("file:") or not self._services.add(url):
                raise ConfigurationError(f"apprise.urls: address {place} is none that Apprise knows")
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="apprise")
        self._free = asyncio.Semaphore(threads)

    def __repr__(self) -> str:
        return f"Apprise({len(self._services)})"

    async def send(self, delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """Hand the alert over as plain text."""
        kind = "success" if alert.get("state") == "ENDED" else TYPES.get(str(alert.get("severity")), "info")
        body = plain(alert, delivery_id)[:BODY]
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._free.acquire()
                taken = await asyncio.shield(self._notify(headline(alert), body, kind))
        except TimeoutError:
            return Answer("timeout", retryable=True)
        except Exception:  # noqa: BLE001  a plugin of somebody else: what it raises is not written, it may name secrets
            return Answer("server_error", retryable=True)
        return Answer("ok") if taken else Answer("server_error", retryable=True)

    async def close(self) -> None:
        """Wait for nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _notify(self, title: str, body: str, kind: str) -> "asyncio.Future[bool]":
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(
            self._threads, lambda: bool(self._services.notify(body=body, title=title, notify_type=kind))
        )
        work.add_done_callback(self._done)
        return work

    def _done(self, work: "asyncio.Future[bool]") -> None:
        self._free.release()
        if not work.cancelled():
            work.exception()  # seen: nobody may wait for it any more
