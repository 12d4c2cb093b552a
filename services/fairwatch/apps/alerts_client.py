"""Alerts through the console's API, for commands: signed in as a person, with that person's rights and no others."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from fairwatch.domain.errors import ConfigurationError, FairwatchError, RetryableError

OK = 300
TIMEOUT_S = 15.0


class RefusedError(FairwatchError):
    """The console said no; the message is its sentence."""


class AlertsClient:
    """A person at the console, without a browser.

    Args:
        http: A session with the console's address as its base.
        csrf: The token that every write carries.
    """

    def __init__(self, http: aiohttp.ClientSession, csrf: str) -> None:
        self._http = http
        self._headers = {"X-CSRF-Token": csrf}

    async def list(self, state: str, limit: int) -> list[dict[str, Any]]:
        """Return the latest alerts."""
        answer = await self._call("GET", "/api/alerts", params={"state": state, "limit": str(limit)})
        return list(answer["alerts"])

    async def get(self, alert_id: str) -> dict[str, Any]:
        """Return one alert."""
        return await self._call("GET", f"/api/alerts/{alert_id}")

    async def act(self, alert_id: str, deed: Mapping[str, str]) -> dict[str, Any]:
        """Do something to an alert; RefusedError when it cannot be done."""
        return await self._call("POST", f"/api/alerts/{alert_id}/actions", json={**deed, "via": "cli"})

    async def sign_out(self) -> None:
        """End the session."""
        await self._call("DELETE", "/api/session")

    async def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        return await _answer(self._http, method, path, headers=self._headers, **more)


@asynccontextmanager
async def signed_in(url: str, person: str, password: str) -> AsyncIterator[AlertsClient]:
    """Sign in for the time of the block.

    Raises:
        ConfigurationError: The address is none.
        RefusedError: Name or password is wrong.
        RetryableError: The console does not answer.
    """
    try:
        jar = aiohttp.CookieJar(unsafe=True)  # a console on this machine is reached by its address
        session = aiohttp.ClientSession(url, cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
    except (ValueError, AssertionError) as error:
        raise ConfigurationError(f"{url!r} is no address of a console: http(s)://host") from error
    async with session as http:
        me = await _answer(http, "POST", "/api/session", json={"name": person, "password": password})
        client = AlertsClient(http, str(me["csrf"]))
        yield client
        await client.sign_out()


async def _answer(http: aiohttp.ClientSession, method: str, path: str, **more: Any) -> dict[str, Any]:
    try:
        async with http.request(method, path, allow_redirects=False, **more) as response:
            body = await response.json()
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise RetryableError(f"the console does not answer: {type(error).__name__}") from error
    if response.status >= OK:
        raise RefusedError(f"{body.get('error', response.status)}: {body.get('message', '')}")
    return dict(body)
