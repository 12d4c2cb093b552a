"""Texts that people type are asked about where they name a people, a faith or what gives them away; never changed."""

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from fairwatch.console.desk import Desk, refusal
from fairwatch.domain.errors import RejectedError
from fairwatch.policy.second_line import asked_about

LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed, and why a word in it has to stand there.

    Attributes:
        field: Where it was typed.
        term: The word that is asked about; empty for none.
        because: What the person answers; empty where nothing was asked yet.
    """

    field: str
    term: str
    because: str

    def question(self) -> web.Response | None:
        """Return the question, or None where there is nothing to ask or it is answered."""
        if not self.term or self.because:
            return None
        return refusal(
            422, "asked", f"Your {self.field} speaks of “{self.term}”. If it has to, say why; the answer is audited."
        )

    async def audit(self, desk: Desk, actor: str, subject: str) -> None:
        """Write to the audit topic why the word stands there, if there is one."""
        if self.term:
            details = {"field": self.field, "term": self.term, "reason": self.because}
            await desk.audit("word.registered", actor, subject, details=details)


def asked(field: str, text: str, body: Any) -> Asked:
    """Return what a text is asked about; the answer is `because` of the request's body.

    Raises:
        RejectedError: invalid_field, where the answer is no text or too long.
    """
    because = body.get("because") or ""
    if not isinstance(because, str) or len(because) > LONGEST:
        raise RejectedError("invalid_field", f"because is a text of at most {LONGEST} characters", "because")
    return Asked(field, asked_about(text), because.strip())
