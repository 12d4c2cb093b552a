"""What happens to every request before and after its handler: headers, errors, sign-in, roles, CSRF."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from fairwatch.console.access import SESSION, Action, admits
from fairwatch.console.desk import DESK, SIGNED_IN, SignedIn, refusal
from fairwatch.console.signing import session_id
from fairwatch.domain.errors import OverloadedError, RejectedError, RetryableError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE = "fairwatch-session"
BROWSER_COOKIE = "fairwatch-browser"
CSRF_HEADER = "X-CSRF-Token"
READS = ("GET", "HEAD")
SERVER_ERROR = 500
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
log = structlog.get_logger()


@dataclass(frozen=True)
class Rule:
    """Who may call a handler.

    Attributes:
        open: True for what needs no sign-in.
        action: What the person's roles must allow; None for anybody who is signed in.
        touch: True when the call shows that the person is there, False for what a page does by itself.
    """

    open: bool = False
    action: Action | None = None
    touch: bool = False


RULES: web.AppKey[dict[Handler, Rule]] = web.AppKey("rules", dict)


def cookie_name(*, secure: bool) -> str:
    """Return the cookie's name; the prefix makes browsers insist on TLS and on this very host."""
    return f"__Host-{COOKIE}" if secure else COOKIE


def browser_cookie(*, secure: bool) -> str:
    """Return the name of the cookie by which a browser is known that somebody has signed in with."""
    return f"__Host-{BROWSER_COOKIE}" if secure else BROWSER_COOKIE


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn our errors into answers that say what to do, and the unexpected into a log line."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < SERVER_ERROR:
            return refusal(error.status, error.reason.lower().replace(" ", "_"), f"{error.reason}.")
        raise
    except RejectedError as error:
        return refusal(404 if error.reason == "media_unavailable" else 400, error.reason, error.detail)
    except RetryableError as error:
        log.warning("console_unavailable", path=request.path, error=str(error))
        wait = str(round(error.retry_after_s)) if isinstance(error, OverloadedError) else "2"
        message = "Something the console needs does not answer. Nothing was changed; try again in a moment."
        return refusal(503, "unavailable", message, {"Retry-After": wait})
    except Exception:  # the last line of defence: the reader learns nothing of our insides
        log.exception("console_failed", path=request.path)
        return refusal(500, "internal", "The console made a mistake. It has been written to its log.")


async def secure_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers that every response carries."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    if request.app[DESK].config.secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


@web.middleware
async def doorkeeper(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nobody in who is not signed in, whose roles do not allow it, or whose write comes from another page."""
    if request.match_info.http_exception is not None:  # 404 and 405 of the router itself
        return await handler(request)
    rule = request.app[RULES].get(request.match_info.handler)
    if rule is None:
        raise web.HTTPForbidden
    SESSION.set("")  # requests of one connection share what is set
    refused = _foreign(request) or (None if rule.open else await _stranger(request, rule))
    return refused or await handler(request)


def _foreign(request: web.Request) -> web.Response | None:
    if request.method in READS or _from_here(request):
        return None
    return refusal(403, "cross_site", "This request came from another page.")


async def _stranger(request: web.Request, rule: Rule) -> web.Response | None:
    visitor = await _visitor(request, rule)
    if visitor is None:
        return refusal(401, "signed_out", "Sign in first.")
    request[SIGNED_IN] = visitor
    SESSION.set(session_id(visitor.token))
    if request.method not in READS and not _has_token(request, visitor):
        return refusal(403, "csrf", f"Send the session's token in {CSRF_HEADER}.")
    if not admits(visitor.person, rule.action):
        await request.app[DESK].audit(
            "access.denied", visitor.person.name, rule.action or "", details={"path": request.path}
        )
        return refusal(403, "forbidden", "Your roles do not allow this.")
    return None


async def _visitor(request: web.Request, rule: Rule) -> SignedIn | None:
    desk = request.app[DESK]
    token = request.cookies.get(cookie_name(secure=desk.config.secure), "")
    session = await desk.sessions.find(token, touch=rule.touch) if token else None
    person = desk.people.get(session.person) if session else None
    return SignedIn(person, session, token) if session and person else None


def _has_token(request: web.Request, visitor: SignedIn) -> bool:
    return hmac.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), visitor.session.csrf.encode())


def _from_here(request: web.Request) -> bool:
    """Tell whether a browser says that our own page asks; programs that are no browsers say nothing."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
