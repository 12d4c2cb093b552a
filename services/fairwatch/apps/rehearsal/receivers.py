"""Receivers that take down what they are told, and answer as a script says."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairwatch.domain.clock import Clock
from fairwatch.sinks.sink import Answer, Reason

TAKEN = Answer("ok", status=204)
LASTING = frozenset({"gone", "client_error", "auth_error", "tls_error"})  # what a later attempt does not change


@dataclass(frozen=True, slots=True)
class Trouble:
    """How a receiver answers for a while. Times are microseconds.

    Attributes:
        first, last: From when, and until when.
        reason: What it answers.
        takes: How long it takes to answer.
    """

    first: int
    last: int
    reason: Reason = "ok"
    takes: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """What a receiver was told, and when, in microseconds."""

    at: int
    receiver: str
    alert: Mapping[str, Any]


@dataclass
class ScriptedSink:
    """A way out that notes what it took.

    Args:
        name: Of the receiver.
        clock: The rehearsal's.
        messages: Where it notes what it took; shared by all receivers.
        script: Its troubles; without any it takes everything at once.
    """

    name: str
    clock: Clock
    messages: list[Message]
    script: Sequence[Trouble] = ()
    kind: str = "scripted"
    answers_at: dict[asyncio.Event, int] = field(default_factory=dict)

    async def send(self, _delivery_id: str, alert: Mapping[str, Any]) -> Answer:
        """Answer as the script says at this moment."""
        now = self.clock.now()
        trouble = next((each for each in self.script if each.first <= now < each.last), None)
        if trouble is not None and trouble.takes:
            answered = asyncio.Event()
            self.answers_at[answered] = now + trouble.takes
            await answered.wait()
        if trouble is not None and trouble.reason != "ok":
            return Answer(trouble.reason, retryable=trouble.reason not in LASTING)
        self.messages.append(Message(self.clock.now(), self.name, dict(alert)))
        return TAKEN

    def answer(self) -> None:
        """Let go of what is to be answered by now."""
        due = [answered for answered, at in self.answers_at.items() if at <= self.clock.now()]
        for answered in due:
            del self.answers_at[answered]
            answered.set()

    async def close(self) -> None:
        """Do nothing: there is no connection."""
