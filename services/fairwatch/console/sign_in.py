"""Signing in and out, and who is signed in."""

from typing import Any

import structlog
from aiohttp import web

from fairwatch.console.access import SESSION, actions
from fairwatch.console.desk import DESK, SIGNED_IN, Desk, SignedIn, answer, refusal
from fairwatch.console.guard import browser_cookie, cookie_name
from fairwatch.console.people import MAX_PASSWORD, Person
from fairwatch.console.requests import sent_object
from fairwatch.console.signing import session_id
from fairwatch.domain.addresses import caller, neighbourhood
from fairwatch.domain.errors import RejectedError, RetryableError
from fairwatch.stores.sign_ins import Brake, Session

BY_BROWSER = Brake("browser", 5)  # where the person has signed in before: what others guess elsewhere is no matter
BY_BOTH = Brake("both", 5)
BY_ADDRESS = Brake("address", 30)
BY_NAME = Brake("name", 1_000)  # only tries that were looked at count, 5 of an address: this is for armies of addresses
MAX_NAME, MAX_TOKEN = 64, 64
log = structlog.get_logger()


async def sign_in(request: web.Request) -> web.Response:
    """Check name and password and start a session; every refusal takes as long and says as little."""
    desk = request.app[DESK]
    name, password = await _credentials(request)
    address = address_of(request)
    browser = request.cookies.get(browser_cookie(secure=desk.config.secure), "")[:MAX_TOKEN]
    known = await desk.browsers.knows(browser, name)
    place = neighbourhood(address)
    brakes = [(BY_BOTH, f"{name} {place}"), (BY_NAME, name), (BY_ADDRESS, place)]
    brakes = [(BY_BROWSER, f"{name} {browser}")] if known else brakes
    wait_s = await desk.throttle.try_now(brakes)
    if wait_s:
        message = f"Too many tries. Wait {-(-wait_s // 60)} min, then try again."
        return refusal(429, "throttled", message, {"Retry-After": str(wait_s)})
    person = await desk.people.check(name, password)
    if person is None:
        # A name that is nobody's may be a password typed into the wrong field.
        await _tell(desk, "login.failed", name if desk.people.get(name) else "unknown", address)
        return refusal(401, "wrong_credentials", "Name or password is wrong.")
    await desk.throttle.succeeded(brakes)
    token, session = await desk.sessions.start(person.name)
    SESSION.set(session_id(token))
    await _tell(desk, "login.succeeded", person.name, address)
    response = answer(_me(person, session))
    secure = desk.config.secure
    browser = await desk.browsers.remember(browser if known else "", person.name)
    _set_cookie(response, cookie_name(secure=secure), token, desk.config.absolute_s, secure=secure)
    _set_cookie(response, browser_cookie(secure=secure), browser, desk.browsers.lifetime_s, secure=secure)
    return response


def address_of(request: web.Request) -> str:
    """Return the address of the person's browser, behind a trusted proxy the one that the proxy saw."""
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
    return caller(request.remote or "", forwarded, request.app[DESK].config.proxies)


def _set_cookie(response: web.Response, name: str, value: str, age_s: int, *, secure: bool) -> None:
    response.set_cookie(name, value, max_age=age_s, secure=secure, httponly=True, samesite="Strict", path="/")


async def sign_out(request: web.Request) -> web.Response:
    """End the session."""
    desk, visitor = request.app[DESK], request[SIGNED_IN]
    await desk.sessions.end(visitor.token)
    await _tell(desk, "logout", visitor.person.name, address_of(request))
    response = answer({})
    secure = desk.config.secure
    response.del_cookie(cookie_name(secure=secure), path="/", secure=secure, httponly=True, samesite="Strict")
    return response


async def me(request: web.Request) -> web.Response:
    """Return who is signed in and what they may do."""
    visitor: SignedIn = request[SIGNED_IN]
    return answer(_me(visitor.person, visitor.session))


def _me(person: Person, session: Session) -> dict[str, Any]:
    return {
        "name": person.name,
        "display_name": person.display_name,
        "roles": sorted(person.roles),
        "actions": actions(person),
        "csrf": session.csrf,
    }


async def _credentials(request: web.Request) -> tuple[str, str]:
    if request.content_type != "application/json":  # what a form on another page cannot send
        raise RejectedError("malformed", "send name and password as application/json")
    body = await sent_object(request, "an object with name and password", "name", "password")
    name, password = body["name"], body["password"]
    if not isinstance(name, str) or not isinstance(password, str):
        raise RejectedError("invalid_field", "name and password are texts")
    if len(name) > MAX_NAME or len(password) > MAX_PASSWORD:
        raise RejectedError("too_large", "name or password is longer than any can be")
    return name.strip().lower(), password


async def _tell(desk: Desk, action: str, person: str, address: str) -> None:
    """Audit a sign-in; without the broker people may still come in to see what is wrong, but see no picture."""
    try:
        await desk.audit(action, person, person, details={"address": address})
    except RetryableError as error:
        log.warning("sign_in_not_audited", action=action, person=person, error=str(error))
