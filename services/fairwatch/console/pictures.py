"""Pictures of alerts and candidates; each look is in the audit log before it is possible."""

import re

from aiohttp import web

from fairwatch.console.access import may
from fairwatch.console.desk import DESK, SIGNED_IN, refusal
from fairwatch.stores.read_model import Subject

SHA256 = re.compile(r"[0-9a-f]{64}")
UNKNOWN = "There is no such picture here."


async def get_picture(request: web.Request) -> web.Response:
    """Return a picture that an alert or candidate refers to which the person may see."""
    desk, visitor, sha256 = request.app[DESK], request[SIGNED_IN], request.match_info["sha256"]
    owners = await desk.read_model.owners(sha256) if SHA256.fullmatch(sha256) else []
    visible = [
        owner for owner in owners if may(visitor.person, "alert.view" if owner.kind == "alert" else "candidate.view")
    ]
    if not visible:
        return refusal(404, "unknown", UNKNOWN)
    for owner in visible[:1]:
        await desk.audit(
            "media.viewed",
            visitor.person.name,
            owner.id,
            details={"sha256": sha256, "of": owner.kind},
            authorisation_id=_authorisation(owner),
        )
    return await served(request, sha256)


async def served(request: web.Request, sha256: str) -> web.Response:
    """Return a picture of the store that somebody may see and the audit log knows that they do."""
    desk, visitor = request.app[DESK], request[SIGNED_IN]
    data = await desk.media.get(f"fw-media:{sha256}")
    await desk.sessions.note_served(visitor.token, sha256)
    mime = mime_of(data)
    headers = {"Cache-Control": "no-store"}
    if mime is None:
        headers["Content-Disposition"] = "attachment"
    return web.Response(body=data, content_type=mime or "application/octet-stream", headers=headers)


def mime_of(data: bytes) -> str | None:
    """Return the type of a picture by its first bytes, whatever its sender called it; None for anything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _authorisation(owner: Subject) -> str | None:
    value = owner.parts[owner.kind].get("authorisation_id")
    return str(value) if value else None
