"""A naive model of what the hub must say about what was sent: for each subject its alerts, their counts and their end.

What timing leaves open is left open: how many revisions lie between the first and the last, and whether something is
told that was sent shortly before its authorisation was revoked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.chaos import crowds
from tests.chaos.desk import Answer
from tests.chaos.hushed import Hush
from tests.chaos.stories import Story
from tests.chaos.world import Event, face_entry, object_id

BOUND_S = 10.0  # what is sent so long after the acknowledgement of a revocation raises no alert under it
SURE_S = 300.0  # what is sent so long before it has raised one
CALM_S = 1.0  # in which a silence reaches everybody who asks for it
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
        quiet_at: When silences and their ends were acknowledged, by number.
        answers: What people did to alerts, by number of the plate.
    """

    events: list[Event]
    at: list[float]
    resent: set[int]
    poison: Mapping[str, int]
    revoked_at: Mapping[str, float]
    stories: list[Story] = field(default_factory=list)
    faults: list[Span] = field(default_factory=list)
    quiet_at: Mapping[int, float] = field(default_factory=dict)
    answers: Mapping[int, Sequence[Answer]] = field(default_factory=dict)

    def known_at(self, at: float) -> float:
        """Return when something that was acknowledged is known everywhere: after a moment in which nothing is wrong."""
        for fault in sorted(self.faults, key=lambda each: each.began):
            if fault.began < at + CALM_S and fault.ended > at:
                at = fault.ended
        return at + CALM_S

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
        quiet: How many of these its last revision may not tell yet.
    """

    count: int
    final: Literal["open", "ENDED", "CANCELLED"]
    quiet: int = 0

    @property
    def counts(self) -> range:
        """What its last revision may count."""
        return range(self.count - self.quiet, self.count + 1)


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be said about one subject.

    Attributes:
        must: False where nothing may be said as well.
        numbers: Events that it rests on.
        hush: A silence of it.
        answers: What people did.
        crowd: Timing cuts it into any number of alerts: `lives` holds one, with their triggers in all.
    """

    subject: str
    receivers: tuple[str, ...]
    lives: tuple[Life, ...]
    must: bool
    numbers: tuple[int, ...]
    hush: Hush | None = None
    answers: tuple[Answer, ...] = ()
    crowd: bool = False


def expect(sent: Sent) -> dict[str, Expected]:
    """Return what must be said, by subject; what is not named must not be said."""
    found = [*_plates(sent), *_stories(sent), *_crowds(sent)]
    return {each.subject: each for each in found}


def _plates(sent: Sent) -> Iterator[Expected]:
    for event in sent.events:
        if event.kind == "listed":
            answers = tuple(sent.answers.get(event.number, ()))
            closed = any(each.action == "CLOSE" for each in answers)
            life = Life(1, "ENDED" if closed else "open")
            yield Expected(str(event.number), (ROOM,), (life,), must=True, numbers=(event.number,), answers=answers)
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
            subject, hush = f"objects|{object_id(story.number)}", _hush(sent, played) if said.is_quiet else None
            if lives:
                yield Expected(subject, (GUARDS,), lives, must=True, numbers=numbers, hush=hush)
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


def _hush(sent: Sent, played: Sequence[Event]) -> Hush:
    """Return a story's silence, and what of the story lies before it or may lie before its end."""
    deeds = [(event, event.act.deed if event.act else "") for event in played]
    since = next(sent.known_at(sent.quiet_at[event.number]) for event, deed in deeds if deed == "silence")
    over = next((event.number for event, deed in deeds if deed == "expire"), None)
    known = None if over is None else sent.known_at(sent.quiet_at[over])
    before, over_first, is_open = list[int](), list[bool](), False
    for event, deed in deeds:
        if deed == "begin":
            if not is_open:
                before, over_first = [*before, 0], [*over_first, False]
            before[-1] += sent.at[event.number] < since
            is_open = True
        elif deed == "end":
            over_first[-1], is_open = known is None or sent.at[event.number] < known, False
    return Hush(since, None if over is None else sent.at[over], tuple(before), tuple(over_first))


def _crowds(sent: Sent) -> Iterator[Expected]:
    for crowd in range(crowds.CROWDS):
        there = [event for event in sent.events if event.step and event.step.crowd == crowd]
        if there:
            comes = crowds.outcome(event.step for event in there if event.step)
            life = Life(comes.count, "ENDED" if comes.over else "open", comes.quiet)
            numbers = tuple(event.number for event in there)
            yield Expected(crowds.group_of(crowd), (GUARDS,), (life,), must=True, numbers=numbers, crowd=True)
