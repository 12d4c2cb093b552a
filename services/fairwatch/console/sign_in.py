"""Signing in and out, and who is signed in."""

import json
from typing import Any

import structlog
from aiohttp import web

from fairwatch.console.access import actions
from fairwatch.console.desk import DESK, SIGNED_IN, Desk, SignedIn, answer, refusal
from fairwatch.console.guard import cookie_name
from fairwatch.console.people import MAX_PASSWORD, Person
from fairwatch.domain.errors import RejectedError, RetryableError
from fairwatch.stores.sign_ins import Brake, Session

BY_BOTH = Brake("both", 5)
BY_NAME = Brake("name", 30)  # higher, so that nobody can easily lock somebody else out
BY_ADDRESS = Brake("address", 30)
MAX_NAME = 64
log = structlog.get_logger()


async def sign_in(request: web.Request) -> web.Response:
    """Check name and password and start a session; every refusal takes as long and says as little."""
    desk = request.app[DESK]
    name, password = await _credentials(request)
    address = request.remote or ""
    brakes = [(BY_BOTH, f"{name} {address}"), (BY_NAME, name), (BY_ADDRESS, address)]
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
    await _tell(desk, "login.succeeded", person.name, address)
    response = answer(_me(person, session))
    response.set_cookie(
        cookie_name(secure=desk.config.secure),
        token,
        max_age=desk.config.absolute_s,
        secure=desk.config.secure,
        httponly=True,
        samesite="Strict",
        path="/",
    )
    return response


async def sign_out(request: web.Request) -> web.Response:
    """End the session."""
    desk, visitor = request.app[DESK], request[SIGNED_IN]
    await desk.sessions.end(visitor.token)
    await _tell(desk, "logout", visitor.person.name, request.remote or "")
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
    try:
        body = await request.json()
        name, password = body["name"], body["password"]
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError) as error:
        raise RejectedError("malformed", "send an object with name and password") from error
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
