"""Reading what a request says, with refusals that name the parameter."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from fairwatch.domain.errors import RejectedError

MAX_LIMIT = 500
DEFAULT_LIMIT = 100


async def sent_object(request: web.Request, what: str, *needed: str) -> dict[str, Any]:
    """Return the JSON object that a request sends, with the fields that it needs.

    Args:
        request: Whose body is read.
        what: What to send, for the refusal: "an object with name".
        needed: Names of fields that have to be there.

    Raises:
        RejectedError: malformed.
    """
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedError("malformed", f"send {what}") from error
    if not isinstance(body, dict) or not body.keys() >= set(needed):
        raise RejectedError("malformed", f"send {what}")
    return body


def note_in(body: Mapping[str, Any], longest: int) -> str:
    """Return the `note` of a deed, or an empty text; RejectedError(invalid_field) for what is no text or too long."""
    note = body.get("note") or ""
    if not isinstance(note, str) or len(note) > longest:
        raise RejectedError("invalid_field", f"note is a text of at most {longest} characters", "note")
    return note


def require_word(name: str, given: Any, words: Sequence[str]) -> None:
    """Refuse a field that is none of the words: RejectedError(invalid_field)."""
    if given not in words:
        raise RejectedError("invalid_field", f"{name} is one of {', '.join(words)}", name)


def limit_of(request: web.Request) -> int:
    """Return the query's `limit`, 1 to 500; RejectedError(invalid_field) otherwise."""
    given = request.query.get("limit", str(DEFAULT_LIMIT))
    if not given.isascii() or not given.isdecimal() or not 1 <= int(given[:9]) <= MAX_LIMIT:
        raise RejectedError("invalid_field", f"limit is a number from 1 to {MAX_LIMIT}, not {given[:20]!r}", "limit")
    return int(given)


def page_of(request: web.Request) -> int:
    """Return the query's `page`, from 1 on; RejectedError(invalid_field) otherwise."""
    given = request.query.get("page", "1")
    if not given.isascii() or not given.isdecimal() or int(given[:9]) < 1:
        raise RejectedError("invalid_field", f"page is a number from 1 on, not {given[:20]!r}", "page")
    return int(given[:9])


def word_of(request: web.Request, name: str, allowed: Sequence[str]) -> str:
    """Return a query parameter, upper case, the first of `allowed` by default; RejectedError otherwise."""
    given = request.query.get(name, "").upper() or allowed[0]
    if given not in allowed:
        words = ", ".join(allowed).lower()
        raise RejectedError("invalid_field", f"{name} is one of {words}, not {given[:20]!r}", name)
    return given
