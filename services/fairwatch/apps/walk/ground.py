"""The ground that is walked over: whom the walk is about, and where it is seen what became of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fairwatch.apps.demo import world
from fairwatch.apps.demo.stage import Stage
from fairwatch.apps.keys import CONSOLE
from fairwatch.apps.reading import latest, read_topic
from fairwatch.domain.errors import FairwatchError
from fairwatch.domain.ids import stable_id
from fairwatch.policy.signatures import PrivateKey

AUTHORISATION = "auth-walk"
ENTRY = stable_id("entry", "walk")
DAY = 86_400_000_000
MONTH = 30 * DAY  # since then, so that old records are of a time at which it would have allowed them
ASKS, AGREES = "inspector.ray", "judge.okafor"
WAIT_S = 30.0
POLL_S = 0.3


class OffTheWayError(FairwatchError):
    """Something did not come to what it must."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that must hold.

    Attributes:
        what: What was done or tried.
        held: Whether it came to what it must.
        seen: What was seen: for a forgery, what refused it.
    """

    what: str
    held: bool
    seen: str


@dataclass(slots=True)
class Ground:
    """The stage, and what is known of it.

    Attributes:
        reference: MediaRef of the enrolment picture.
        say: Told each line as it comes.
        lines: What held and what did not.
        candidate: Of the genuine sighting.
    """

    stage: Stage
    key: PrivateKey
    say: Callable[[Line], None]
    reference: dict[str, Any] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    candidate: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, stage: Stage, reference: dict[str, Any], say: Callable[[Line], None]) -> "Ground":
        """Return the ground on a stage."""
        folder = stage.components.logs.parent
        return cls(stage, PrivateKey.load(folder / "keys" / CONSOLE), say, reference)

    def note(self, what: str, *, held: bool = True, seen: str = "") -> None:
        """Take down a line."""
        line = Line(what, held, seen)
        self.lines.append(line)
        self.say(line)

    async def records(self, topic: str) -> list[dict[str, Any]]:
        """Return everything on a topic."""
        return await asyncio.to_thread(lambda: [r for _, _, r in read_topic(self.stage.settings, topic)])

    async def newest(self, topic: str) -> dict[str, Any]:
        """Return the newest record under each key of a topic."""
        return await asyncio.to_thread(latest, self.stage.settings, topic)

    async def until(self, topic: str, fits: Callable[[dict[str, Any]], bool], count: int = 1) -> list[dict[str, Any]]:
        """Return the records of a topic that fit, once there are so many, or what there is after half a minute."""
        deadline = time.monotonic() + WAIT_S
        while True:
            self.stage.components.check()
            found = [record for record in await self.records(topic) if fits(record)]
            if len(found) >= count or time.monotonic() > deadline:
                return found
            await asyncio.sleep(POLL_S)

    async def audited(self, action: str, subject: str, count: int = 1, **details: str) -> list[dict[str, Any]]:
        """Return what the chained audit log says of a subject, once it says it so often."""

        def fits(record: dict[str, Any]) -> bool:
            said = record["details"]
            named = record["action"] == action and record["subject"] == subject
            return named and all(said.get(name) == text for name, text in details.items())

        return await self.until("audit-chain", fits, count)


def build(reference: dict[str, Any]) -> world.World:
    """Return sites and devices of the demo, and nobody who is looked for."""
    kept = [row for row in world.build(reference).records if row[0] in {"sites", "devices"}]
    return world.World(kept)


def wish() -> dict[str, Any]:
    """Return what the inspector asks for."""
    now = time.time_ns() // 1000
    return {
        "authorisation_id": AUTHORISATION, "objective": "missing_person", "legal_basis": "AI Act Art. 5(1)(h)(i)",
        "reference": "missing 2026-118", "authority": "District court, division 4", "kinds": ["FACE"],
        "site_ids": ["harbour"], "valid_from": now - MONTH, "valid_until": now + DAY, "required_verifications": 2,
        "fria_id": "FRIA-2026-7", "dpia_id": "DPIA-2026-3",
    }  # fmt: skip


def entry(reference: dict[str, Any]) -> dict[str, Any]:
    """Return who is looked for."""
    now = time.time_ns() // 1000
    return {
        "entry_id": ENTRY, "authorisation_id": AUTHORISATION, "kind": "FACE", "title": "Missing child, case 118",
        "references": [reference], "priority": 1, "reason": "reported missing", "created_by": ASKS,
        "approved_by": AGREES, "source_of_media": "handed in by the family", "valid_from": now - MONTH,
        "valid_until": now + DAY, "updated_at": now,
    }  # fmt: skip
