"""What every handler of the console works with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from fairwatch.console.access import CITED
from fairwatch.console.config import ConsoleConfig
from fairwatch.console.people import People, Person
from fairwatch.domain.clock import Clock
from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import MediaStore, Publisher
from fairwatch.stores.health import Health
from fairwatch.stores.read_model import RedisReadModel
from fairwatch.stores.sign_ins import KnownBrowsers, Session, Sessions, Throttle


@dataclass(frozen=True)
class Desk:
    """The ports of the console."""

    config: ConsoleConfig
    people: People
    sessions: Sessions
    throttle: Throttle
    browsers: KnownBrowsers
    read_model: RedisReadModel
    media: MediaStore
    publisher: Publisher
    health: Health
    clock: Clock

    async def audit(
        self,
        action: str,
        actor: str,
        subject: str,
        *,
        details: Mapping[str, str] | None = None,
        authorisation_id: str | None = None,
    ) -> None:
        """Write to the audit topic; return once the broker has it."""
        at = self.clock.now()
        record = {
            "audit_id": stable_id("audit", action, actor, subject, at),
            "action": action,
            "actor": actor,
            "at": at,
            "subject": subject,
            "authorisation_id": authorisation_id,
            "details": {**CITED.get(), **(details or {})},
        }
        await self.publisher.publish("audit", subject, record)


@dataclass(frozen=True)
class SignedIn:
    """Who asks: the person, the session and its token."""

    person: Person
    session: Session
    token: str


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
SIGNED_IN: web.RequestKey[SignedIn] = web.RequestKey("signed_in", SignedIn)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a JSON response."""
    return web.json_response(body, status=status, headers=headers)


def refusal(status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a refusal: a bounded word for programs, a sentence for people."""
    return answer({"error": error, "message": message}, status, headers)
