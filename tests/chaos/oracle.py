"""A naive model of what the hub must say about what was sent: for each subject its alerts, their counts and their end.

What timing leaves open is left open: how many revisions lie between the first and the last, and whether something is
told that was sent shortly before its authorisation was revoked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.chaos.stories import Story
from tests.chaos.world import Event, face_entry, object_id

BOUND_S = 10.0  # what is sent so long after the acknowledgement of a revocation raises no alert under it
SURE_S = 300.0  # what is sent so long before it has raised one
ROOM, GUARDS = "control-room", "guards"


@dataclass(frozen=True, slots=True)
class Span:
    """A fault, from its beginning until everything flowed again; seconds since 1970.

    Attributes:
        repeats: A delivery that was under way may be made again because of it.
    """

    began: float
    ended: float
    repeats: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent.

    Attributes:
        events: All that were acknowledged.
        at: When each was sent, by number; seconds.
        resent: Numbers whose order and count are not known, since they had to be sent again.
        poison: Number by SHA-256 of the bytes.
        revoked_at: When revocations were acknowledged, by authorisation.
        stories: All that may have begun.
        faults: What went wrong meanwhile.
    """

    events: list[Event]
    at: list[float]
    resent: set[int]
    poison: Mapping[str, int]
    revoked_at: Mapping[str, float]
    stories: list[Story] = field(default_factory=list)
    faults: list[Span] = field(default_factory=list)

    def revoked(self, withdrawal: int) -> float | None:
        """Return when an authorisation was revoked."""
        return self.revoked_at.get(f"withdrawn-{withdrawal}")

    def forbidden(self, event: Event) -> bool:
        """Tell whether an event must not raise an alert, since its authorisation was revoked when it was sent."""
        if event.kind == "withdrawn":
            at = self.revoked(event.withdrawal)
            return at is not None and self.at[event.number] >= at + BOUND_S
        return event.kind == "revoked"


@dataclass(frozen=True, slots=True)
class Life:
    """One alert as it must be in the end.

    Attributes:
        count: Triggers that it counts.
        final: State of its last revision; `open` is NEW or UPDATED.
    """

    count: int
    final: Literal["open", "ENDED", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be said about one subject.

    Attributes:
        must: False where nothing may be said as well.
        numbers: Events that it rests on.
    """

    subject: str
    receivers: tuple[str, ...]
    lives: tuple[Life, ...]
    must: bool
    numbers: tuple[int, ...]


def expect(sent: Sent) -> dict[str, Expected]:
    """Return what must be said, by subject; what is not named must not be said."""
    found = [*_plates(sent), *_stories(sent)]
    return {each.subject: each for each in found}


def _plates(sent: Sent) -> Iterator[Expected]:
    for event in sent.events:
        if event.kind == "listed":
            yield Expected(str(event.number), (ROOM,), (Life(1, "open"),), must=True, numbers=(event.number,))
        elif event.kind == "withdrawn" and not sent.forbidden(event):
            life, must = _until_revoked(sent, event.withdrawal, sent.at[event.number])
            yield Expected(str(event.number), (ROOM,), (life,), must, (event.number,))


def _until_revoked(sent: Sent, withdrawal: int, at: float) -> tuple[Life, bool]:
    revoked = sent.revoked(withdrawal)
    if revoked is None:
        return Life(1, "open"), True
    return Life(1, "CANCELLED"), at <= revoked - SURE_S


def _stories(sent: Sent) -> Iterator[Expected]:
    steps: dict[int, list[Event]] = {}
    for event in sent.events:
        if event.act:
            steps.setdefault(event.act.story, []).append(event)
    for story in sent.stories:
        played = steps.get(story.number, [])
        if not played:
            continue
        said = _cut(story, len(played))
        numbers = tuple(event.number for event in played)
        if not said.is_face:
            lives = tuple(Life(count, "ENDED" if ended else "open") for count, ended in said.lives)
            yield Expected(f"objects|{object_id(story.number)}", (GUARDS,), lives, must=True, numbers=numbers)
        elif said.confirmed:
            yield from _face(sent, said, numbers)


def _face(sent: Sent, story: Story, numbers: tuple[int, ...]) -> Iterator[Expected]:
    subject, at = face_entry(story.number), sent.at[numbers[-1]]
    life, must = Life(1, "open"), True
    if story.withdrawal is not None:
        revoked = sent.revoked(story.withdrawal)
        if revoked is not None and at >= revoked + BOUND_S:
            return
        life, must = _until_revoked(sent, story.withdrawal, at)
    yield Expected(subject, (ROOM, GUARDS), (life,), must, numbers)


def _cut(story: Story, steps: int) -> Story:
    """Return a story of which only the first steps were sent."""
    return Story(story.number, story.name, story.script[:steps], story.device, story.door, story.withdrawal)
