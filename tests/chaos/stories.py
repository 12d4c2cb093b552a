"""Stories: several events of one group, in an order whose outcome is known.

A story begins at a number and takes further numbers after it. A *life* story raises and ends alerts about one object,
several times; a *quiet* story does so while somebody silences it; a *face* story is a candidate and what two people
decide about it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal

Deed = Literal["begin", "end", "silence", "expire", "candidate", "match", "no_match"]
Door = Literal["kafka", "http", "mqtt", "viid"]
Script = tuple[tuple[int, Deed, str], ...]

EVERY = 100  # numbers from one story to the next
RECORDERS, HALLS = 2, 4  # devices of life stories, by MQTT and straight to Kafka
WITHDRAWN_SHARE = 0.3  # of the faces: their authorisation is revoked during the run
PEOPLE = ("carol", "dave")


@dataclass(frozen=True, slots=True)
class Act:
    """One step of a story.

    Attributes:
        story: The number at which the story began; its name.
        step: Its place in the story, from 0.
        person: Who decides or silences.
    """

    story: int
    step: int
    deed: Deed
    person: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """One story.

    Attributes:
        script: (distance in numbers from the beginning, deed, person), in order.
        withdrawal: Which authorisation a face rests on, that is revoked during the run; None for one that stays.
    """

    number: int
    name: str
    script: Script
    device: str
    door: Door
    withdrawal: int | None = None

    @property
    def is_face(self) -> bool:
        """Whether people decide."""
        return any(deed == "candidate" for _, deed, _ in self.script)

    @property
    def is_quiet(self) -> bool:
        """Whether somebody silences it."""
        return any(deed == "silence" for _, deed, _ in self.script)

    @property
    def confirmed(self) -> bool:
        """Whether two different people say MATCH, and nobody says otherwise."""
        deeds = [deed for _, deed, _ in self.script]
        people = {person for _, deed, person in self.script if deed == "match"}
        return self.is_face and len(people) > 1 and "no_match" not in deeds

    @property
    def lives(self) -> list[tuple[int, bool]]:
        """(number of triggers, whether it ended) of each alert of a life story."""
        lives: list[tuple[int, bool]] = []
        for _, deed, _ in self.script:
            if deed == "begin":
                count, ended = lives.pop() if lives and not lives[-1][1] else (0, False)
                lives.append((count + 1, ended))
            elif deed == "end":
                lives.append((lives.pop()[0], True))
        return lives


def _life(*steps: int) -> Script:
    """Return a script from distances, negative ones for an end."""
    return tuple((abs(step), "end" if step < 0 else "begin", "") for step in steps)


ANNE, BEN = PEOPLE
LIVES: dict[str, Script] = {
    "ends within seconds and begins again": _life(0, -40, 80, 81, -120),
    "goes on for long": _life(0, 120, 240, 360, -480, 520, -560),
    "a burst": _life(*range(12), -12, 13, -14),
    "stays open": _life(0, 200, 400),
    "one after the other": _life(0, -1, 2, -3, 4, -5, 300, -301),
}
QUIETS: dict[str, Script] = {  # a silence is known everywhere long before what comes after it
    "silenced, told when that ends": (
        (0, "silence", ANNE), (900, "begin", ""), (1000, "begin", ""), (1900, "expire", ANNE)
    ),
    "over before the silence is": (
        (0, "silence", BEN), (900, "begin", ""), (1000, "end", ""), (1900, "expire", BEN), (2800, "begin", "")
    ),
    "told before, ends in silence": (
        (0, "begin", ""), (600, "silence", ANNE), (1500, "begin", ""), (1600, "end", ""), (1700, "begin", "")
    ),
    "ends after the silence": ((0, "silence", BEN), (900, "begin", ""), (1800, "expire", BEN), (2700, "end", "")),
}  # fmt: skip
FACES: dict[str, Script] = {
    "two people": ((0, "candidate", ""), (10, "match", ANNE), (60, "match", BEN)),
    "people are faster": ((0, "match", ANNE), (5, "match", BEN), (40, "candidate", "")),
    "they disagree": ((0, "candidate", ""), (20, "match", ANNE), (60, "no_match", BEN)),
    "one person twice": ((0, "candidate", ""), (20, "match", ANNE), (60, "match", ANNE)),
    "nobody": ((0, "candidate", ""),),
}


def stories(seed: int, limit: int, withdrawals: int) -> Iterator[Story]:
    """Yield the stories of a run in order."""
    for number in range(EVERY // 2, limit, EVERY):
        random = Random(f"{seed}/story/{number}")
        if random.random() < 0.5:
            name = random.choice(sorted(FACES))
            withdrawal = random.randrange(withdrawals) if random.random() < WITHDRAWN_SHARE else None
            yield Story(number, name, FACES[name], f"hall-{random.randrange(HALLS)}", "kafka", withdrawal)
        else:
            name = random.choice(sorted(LIVES.keys() | QUIETS.keys()))
            mqtt = random.random() < 0.5 and name in LIVES  # a recorder's queue may be behind a silence
            device = f"recorder-{random.randrange(RECORDERS)}" if mqtt else f"hall-{random.randrange(HALLS)}"
            yield Story(number, name, {**LIVES, **QUIETS}[name], device, "mqtt" if mqtt else "kafka")
