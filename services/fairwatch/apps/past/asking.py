"""Who looks back, why and under which order: in the audit log before anything is read, and what came of it after."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fairwatch.apps.telling import told
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.records import Authorisation, MatchKind
from fairwatch.policy.authorisation import Refusal, allows, entry_standing, standing, within

MODE: Final = "POST"
Tell = Callable[[dict[str, Any]], Awaitable[None]]  # writes an audit record


@dataclass(frozen=True, slots=True)
class Question:
    """Somebody's question about the past.

    Attributes:
        actor: Who asks.
        subject: Entry or order that it is about.
        authorisation_id: Under which order.
        case: Number of the case.
        purpose: What for.
        about: What else audit records say: how it is looked for.
        since, until: Of what was seen, microseconds UTC.
        at: When it is asked, microseconds UTC.
    """

    actor: str
    subject: str
    authorisation_id: str
    case: str
    purpose: str
    since: int
    until: int
    at: int
    about: Mapping[str, str]

    def __post_init__(self) -> None:
        if not (self.case.strip() and self.purpose.strip()):
            raise ConfigurationError("say which case it is about with --case, and what for with --purpose")
        if self.since >= self.until:
            raise ConfigurationError("--from is not before --to")

    def record(self, action: str, **more: str) -> dict[str, Any]:
        """Return an audit record of what became of it."""
        said = {"case": self.case, "purpose": self.purpose, "from": str(self.since), "until": str(self.until)}
        return told(
            action, self.subject, actor=self.actor, at=self.at, details={**said, **self.about, **more},
            authorisation_id=self.authorisation_id,
        )  # fmt: skip


def refusal(authorisation: Authorisation | None, kind: MatchKind, now: int) -> Refusal | None:
    """Return why an order allows no looking back at all, or None; where it does is asked of each sighting."""
    if authorisation is None:
        return "no_authorisation"
    return (
        standing(authorisation)
        or within(authorisation["valid_from"], authorisation["valid_until"], at=now, now=now)
        or allows(authorisation, kind, MODE)
    )


async def asked(
    question: Question, authorisation: Authorisation | None, kind: MatchKind, tell: Tell, entry: Any = None
) -> None:
    """Write down that somebody asks; ConfigurationError, also written down, where the order does not allow it."""
    said = refusal(authorisation, kind, question.at) or (entry_standing(entry) if entry else None)
    if said:
        await tell(question.record("past.refused", reason=said))
        raise ConfigurationError(
            f"{question.subject}: {said}: looking back takes an order in force with the mode {MODE}"
        )
    await tell(question.record("past.searched"))
