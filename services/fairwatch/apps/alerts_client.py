"""Alerts and incidents through the console's API, for commands: as a person, with that person's rights."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import aiohttp
import typer

from fairwatch.domain.errors import ConfigurationError, FairwatchError, RetryableError

Answer = TypeVar("Answer")
Url = Annotated[str, typer.Option("--console", envvar="FAIRWATCH_CONSOLE_URL", help="Where the console is.")]
As = Annotated[str, typer.Option("--as", envvar="FAIRWATCH_PERSON", help="Your name at the console.")]
Password = Annotated[
    Path | None,
    typer.Option(envvar="FAIRWATCH_PERSON_PASSWORD_FILE", help="File of your password; asked for otherwise."),
]
Note = Annotated[str, typer.Option("--note", help="What others should know.")]
Because = Annotated[str, typer.Option(help="Why a word that is asked about has to stand in the note; audited.")]
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

    async def alerts(self, state: str, limit: int) -> list[dict[str, Any]]:
        """Return the latest alerts."""
        answer = await self._call("GET", "/api/alerts", params={"state": state, "limit": str(limit)})
        return list(answer["alerts"])

    async def get(self, alert_id: str) -> dict[str, Any]:
        """Return one alert."""
        return await self._call("GET", f"/api/alerts/{alert_id}")

    async def act(self, alert_id: str, deed: Mapping[str, str]) -> dict[str, Any]:
        """Do something to an alert; RefusedError when it cannot be done."""
        return await self._call("POST", f"/api/alerts/{alert_id}/actions", json={**deed, "via": "cli"})

    async def incidents(self, state: str, limit: int) -> list[dict[str, Any]]:
        """Return the latest incidents."""
        answer = await self._call("GET", "/api/incidents", params={"state": state, "limit": str(limit)})
        return list(answer["incidents"])

    async def incident(self, incident_id: str) -> dict[str, Any]:
        """Return one incident."""
        return await self._call("GET", f"/api/incidents/{incident_id}")

    async def act_on_incident(self, incident_id: str, deed: Mapping[str, Any]) -> dict[str, Any]:
        """Merge or split an incident; RefusedError when it cannot be done."""
        return await self._call("POST", f"/api/incidents/{incident_id}/actions", json={**deed, "via": "cli"})

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


def asked_as(
    url: str, person: str, password_file: Path | None, question: Callable[[AlertsClient], Awaitable[Answer]]
) -> Answer:
    """Return what the console answers to a person; the password is read from a file or asked for."""

    async def ask() -> Answer:
        async with signed_in(url, person, password) as client:
            return await question(client)

    password = _password(password_file)
    return asyncio.run(ask())


def _password(path: Path | None) -> str:
    if path is None:
        return str(typer.prompt("Password", hide_input=True, err=True))
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read") from error
