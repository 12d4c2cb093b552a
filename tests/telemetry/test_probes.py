"""The three pages that every component answers."""

import aiohttp
import pytest

from fairwatch.domain.errors import ConfigurationError
from fairwatch.telemetry.probes import probes


async def pages(port):
    """Return status and text of each page."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        found = {}
        for path in ("/live", "/ready", "/metrics"):
            async with session.get(path) as response:
                found[path] = response.status, await response.text()
    return found


async def test_a_component_that_works():
    async def unready():
        return None

    async with probes("at-work", "127.0.0.1", 0, unready) as port:
        found = await pages(port)
    assert found["/live"] == (200, "live\n")
    assert found["/ready"] == (200, "ready\n")
    assert 'fairwatch_ready{component="at-work"} 1.0' in found["/metrics"][1]


async def test_one_that_does_not_says_why_and_is_not_restarted_for_it():
    async def unready():
        return "broker away"

    async with probes("idle", "127.0.0.1", 0, unready) as port:
        found = await pages(port)
    assert found["/live"][0] == 200
    assert found["/ready"] == (503, "broker away\n")
    assert 'fairwatch_ready{component="idle"} 0.0' in found["/metrics"][1]


async def test_a_port_that_is_taken_is_named():
    async def unready():
        return None

    async with probes("first", "127.0.0.1", 0, unready) as port:
        with pytest.raises(ConfigurationError, match=f"cannot listen on http://127.0.0.1:{port}"):
            async with probes("second", "127.0.0.1", port, unready):
                pass
