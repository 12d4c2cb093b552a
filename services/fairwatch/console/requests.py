"""Reading what a request says, with refusals that name the parameter."""

from collections.abc import Sequence

from aiohttp import web

from fairwatch.domain.errors import RejectedError

MAX_LIMIT = 500
DEFAULT_LIMIT = 100


def limit_of(request: web.Request) -> int:
    """Return the query's `limit`, 1 to 500; RejectedError(invalid_field) otherwise."""
    given = request.query.get("limit", str(DEFAULT_LIMIT))
    if not given.isascii() or not given.isdecimal() or not 1 <= int(given[:9]) <= MAX_LIMIT:
        raise RejectedError("invalid_field", f"limit is a number from 1 to {MAX_LIMIT}, not {given[:20]!r}", "limit")
    return int(given)


def word_of(request: web.Request, name: str, allowed: Sequence[str]) -> str:
    """Return a query parameter, upper case, the first of `allowed` by default; RejectedError otherwise."""
    given = request.query.get(name, "").upper() or allowed[0]
    if given not in allowed:
        words = ", ".join(allowed).lower()
        raise RejectedError("invalid_field", f"{name} is one of {words}, not {given[:20]!r}", name)
    return given
