"""`/live`, `/ready` and `/metrics` of the console, on a port of their own."""

import os
import signal
import time
from pathlib import Path

import aiohttp

from fairwatch.apps.embedded import free_port, start_valkey
from tests.support.console_world import console_world


async def page(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


async def test_ready_says_when_the_read_model_is_gone_while_live_goes_on(tmp_path: Path) -> None:
    health = free_port()
    with start_valkey() as valkey:
        async with console_world(valkey.address, tmp_path, health_port=health):
            assert await page(health, "/ready") == (200, "ready\n")
            assert 'fairwatch_ready{component="console"} 1.0' in (await page(health, "/metrics"))[1]
            os.kill(valkey.pid, signal.SIGKILL)
            began = time.monotonic()
            assert await page(health, "/ready") == (503, "the read model does not answer\n")
            assert time.monotonic() - began < 5, "a probe has to be answered, whatever Redis' client still tries"
            assert 'fairwatch_ready{component="console"} 0.0' in (await page(health, "/metrics"))[1]
            assert await page(health, "/live") == (200, "live\n")
