"""Checkpoints on their way to an anchor, one lane for each: what one does not take holds up nothing else."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

import orjson
import structlog

from fairwatch.domain.clock import Clock
from fairwatch.policy.anchoring import covered
from fairwatch.sinks.http import HttpClient
from fairwatch.telemetry import metrics

MICROS = 1_000_000
WAITING = 1_000  # checkpoints; the oldest goes, and the newer ones vouch for what it did
FIRST_WAIT_S, LONGEST_WAIT_S = 1, 300
TOLD_AFTER_S = 60  # an anchor that stumbles is no news

_log = structlog.get_logger(__name__)


class Target(Protocol):
    """Where checkpoints are kept."""

    name: str

    async def keep(self, said: Mapping[str, Any]) -> str:
        """Return `ok` once it is kept, or why it is not, as a bounded word."""
        ...


class PostedCheckpoints:
    """Posts each checkpoint as JSON; it is signed, so that the receiver need not know who sends it."""

    name = "webhook"

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def keep(self, said: Mapping[str, Any]) -> str:
        """POST it."""
        return (await self._client.post(orjson.dumps(said), {})).reason


class AnchorLane:
    """The way to one anchor: in order, again and again with growing pauses, beside the work of the processor.

    Args:
        target: Where to.
        clock: The wall clock.
        anchored: Records that it vouches for already.
    """

    def __init__(self, target: Target, clock: Clock, *, anchored: int = 0, at: int = 0) -> None:
        self.name = target.name
        self.conflict = False
        self._target, self._clock = target, clock
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._wait_s, self._next_at = FIRST_WAIT_S, 0
        self._anchored = anchored
        self._failing_since: int | None = None
        self._reason, self._told = "", False
        metrics.AUDIT_ANCHORED.labels(self.name).set((at or clock.now()) / MICROS)

    def add(self, said: Mapping[str, Any]) -> None:
        """Take a checkpoint."""
        self._waiting.append(said)
        if len(self._waiting) > WAITING:
            self._waiting.popleft()
            metrics.AUDIT_ANCHORINGS.labels(self.name, "overflow").inc()

    def forget(self) -> None:
        """Let go of what waits: somebody else has written what it would follow."""
        self._waiting.clear()
        self.conflict = False

    def step(self, size: int) -> tuple[str, dict[str, str]] | None:
        """Go on where it is time; return what the audit is to be told, an action with its details.

        Args:
            size: Records in the log.
        """
        metrics.AUDIT_UNANCHORED.labels(self.name).set(max(0, size - self._anchored))
        if self._waiting and self._task is None and self._clock.now() >= self._next_at and not self.conflict:
            self._task = asyncio.create_task(self._hand_over())
            self._task.add_done_callback(self._done)
        return self._news()

    async def settled(self) -> None:
        """Wait for what is on its way."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _hand_over(self) -> None:
        while self._waiting:
            said = self._waiting[0]
            outcome = await self._target.keep(said)
            metrics.AUDIT_ANCHORINGS.labels(self.name, outcome).inc()
            if outcome != "ok":
                self._failed(outcome)
                return
            self._anchored = covered(said)
            self._wait_s, self._reason = FIRST_WAIT_S, ""
            metrics.AUDIT_ANCHORED.labels(self.name).set(self._clock.now() / MICROS)
            if self._waiting and self._waiting[0] is said:
                self._waiting.popleft()

    def _failed(self, outcome: str) -> None:
        now = self._clock.now()
        if self._failing_since is None:
            self._failing_since = now
            _log.warning("audit.anchor.failing", anchor=self.name, reason=outcome)
        self._reason, self.conflict = outcome, outcome == "conflict"
        self._next_at = now + self._wait_s * MICROS
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("audit.anchor.failed", anchor=self.name, error=repr(error))
            metrics.AUDIT_ANCHORINGS.labels(self.name, "internal_error").inc()
            self._failed("internal_error")

    def _news(self) -> tuple[str, dict[str, str]] | None:
        if self._failing_since is None:
            return None
        seconds = (self._clock.now() - self._failing_since) // MICROS
        if not self._reason:
            self._failing_since = None
            _log.info("audit.anchor.back", anchor=self.name, after_s=seconds)
            if self._told:
                self._told = False
                return "anchor.recovered", {"after_s": str(seconds)}
        elif not self._told and seconds >= TOLD_AFTER_S:
            self._told = True
            return "anchor.failing", {"reason": self._reason}
        return None
