"""Random lists and sightings: an entry is evaluated where its mandate reaches, and nowhere else.

Every entry lists the same plate or the same face, and every sighting shows both: whatever is compared is found, so the
candidates are the evaluations. `python -m tests.matching.test_mandate_pairs 1000000` plays so many pairs of an entry
and a sighting.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from fairwatch.domain.outcome import Emit
from fairwatch.matching.face_search import FaceSearch
from fairwatch.matching.faces import Template
from fairwatch.matching.models import FaceConfig
from fairwatch.processors.match import Match
from fairwatch.stores.media import MediaStore
from tests.support.processor_world import MemoryState, World
from tests.support.records import AT, sighting
from tests.support.watchlist import HOUR, authorisation, entry, lists

ENTRIES, AUTHORISATIONS, SIGHTINGS = 40, 6, 50
PLATE = "ABCB123"
PLACES = (("cam-1", "harbour"), ("cam-2", "harbour"), ("cam-3", "airport"), ("cam-4", None), ("cam-9", "nowhere"))
AREAS = {"harbour": ["east"], "airport": ["east", "west"]}


class OneFace:
    """A reader of faces to which everybody looks alike: what is compared is found."""

    config, template_space, runtime = FaceConfig(), "one-face", "test"

    def read(self, *_: Any, **__: Any) -> Template:
        return Template(np.zeros(self.config.embedder.dimensions, np.float32), self.template_space, 1.0)


class Town:
    """A processor with random lists that change, and the rules written out plainly."""

    def __init__(self, seed: int, media: MediaStore, picture: str) -> None:
        self.random = Random(seed)
        self.picture = picture
        self.authorisations = {f"auth-{n}": self.authorisation(n) for n in range(AUTHORISATIONS)}
        self.entries = {f"e{n}": self.entry(n) for n in range(ENTRIES)}
        self.references = lists(list(self.entries.values()), list(self.authorisations.values()))
        self.references["sites"].put("airport", {"site_id": "airport", "areas": AREAS["airport"]})
        self.world = World(None)  # type: ignore[arg-type]  # set in the next line: both share the clock
        reader: Any = OneFace()
        self.match = Match(self.world.clock, MemoryState(), self.references, FaceSearch(reader, media))

    def some(self, *choices: str) -> list[str]:
        return [choice for choice in choices if self.random.random() < 0.6]

    def time(self) -> dict[str, int]:
        begins = AT + self.random.choice((-2, -1, -1, -1, 0, 1)) * HOUR
        return {"valid_from": begins, "valid_until": begins + self.random.choice((0, 2, 3, 30, 30, 30)) * HOUR}

    def authorisation(self, number: int) -> dict[str, Any]:
        return authorisation(
            f"auth-{number}",
            state=self.random.choice(("GRANTED",) * 12 + ("REVOKED", "REQUESTED")),
            approved_by=self.random.choice((*[["ben"]] * 8, ["ann"], [])),
            kinds=self.some("PLATE", "FACE") or ["FACE", "PLATE"],
            modes=self.random.choice((*[["REALTIME"]] * 5, ["RETROSPECTIVE"])),
            site_ids=self.some("harbour", "airport"),
            device_ids=self.some("cam-2", "cam-4"),
            areas=self.some("east", "west"),
            **self.time(),
        )

    def entry(self, number: int) -> dict[str, Any]:
        kind = ("PLATE", "FACE")[number % 2]
        face = {"plate": None, "references": [{"uri": self.picture, "role": "REFERENCE"}]}
        return entry(
            f"e{number}",
            kind=kind,
            state=self.random.choice(("ACTIVE",) * 12 + ("SUSPENDED", "WITHDRAWN")),
            authorisation_id=self.random.choice((*self.authorisations, "auth-none", None)),
            device_ids=self.some("cam-1", "cam-3") if self.random.random() < 0.2 else [],
            areas=self.some("west") if self.random.random() < 0.2 else [],
            **({"plate": PLATE} if kind == "PLATE" else face),
            **self.time(),
        )

    def change(self) -> None:
        """Let one thing become another, or time pass."""
        what, number = self.random.choice(("entry", "authorisation", "time", "nothing")), self.random.randrange(ENTRIES)
        if what == "entry":
            self.entries[f"e{number}"] = self.entry(number)
            self.references["watchlist-entries"].put(f"e{number}", self.entries[f"e{number}"])
        elif what == "authorisation":
            name = f"auth-{number % AUTHORISATIONS}"
            self.authorisations[name] = self.authorisation(number % AUTHORISATIONS)
            self.references["authorisations"].put(name, self.authorisations[name])
        elif what == "time":
            self.world.clock.advance(seconds=self.random.choice((1, 600, 1800)))

    async def see(self, number: int) -> int:
        """Show plate and face somewhere; fail unless exactly the entries that may be are evaluated. Return how many."""
        device, site = self.random.choice(PLACES)
        at = self.world.clock.now() - self.random.choice((0, 0, 1, 60)) * HOUR // 60
        seen = {
            "plates": [{"text": PLATE, "raw": PLATE}],
            "object_class": "FACE",
            "media": [{"uri": self.picture, "role": "FACE"}],
        }
        shown = sighting("plate.read", device, n=number, site_id=site, occurred_at=at, observation=seen)
        (outcomes,) = await self.match.handle([self.world.event("sightings", "Sighting", shown)])
        found = {one.record["entry_id"] for one in outcomes if isinstance(one, Emit) and one.topic == "candidates"}
        now = self.world.clock.now()
        allowed = {name for name in self.entries if self.allowed(self.entries[name], device, site, (at, now))}
        assert found == allowed, f"evaluated against the rules: {found - allowed}; left out: {allowed - found}"
        return len(found)

    def allowed(self, listed: dict[str, Any], device: str, site: str | None, moments: tuple[int, int]) -> bool:
        """Say by the rules alone whether an entry may be evaluated."""
        under = self.authorisations.get(listed["authorisation_id"] or "")
        if listed["state"] != "ACTIVE" or under is None or under["state"] != "GRANTED":
            return False
        areas = set(AREAS.get(site or "", []))
        return (
            under["approved_by"] == ["ben"]  # somebody other than who asked
            and listed["kind"] in under["kinds"]
            and "REALTIME" in under["modes"]
            and (device in under["device_ids"] or site in under["site_ids"] or bool(areas & set(under["areas"])))
            and (not listed["device_ids"] or device in listed["device_ids"])
            and (not listed["areas"] or bool(areas & set(listed["areas"])))
            and all(
                each["valid_from"] <= moment < each["valid_until"] for each in (under, listed) for moment in moments
            )
        )


async def play(first: int, towns: int, folder: Path) -> tuple[int, int]:
    """Play so many towns; return how many pairs there were, and how many of them were evaluated."""
    media = MediaStore.open(f"file://{folder}")
    picture = await media.put(b"a face", "image/jpeg")
    evaluated = 0
    for seed in range(first, first + towns):
        town = Town(seed, media, picture)
        for number in range(SIGHTINGS):
            town.change()
            evaluated += await town.see(number)
    return towns * SIGHTINGS * ENTRIES, evaluated


@pytest.mark.parametrize("first", [0, 5])
async def test_no_entry_is_evaluated_outside_its_mandate_and_none_within_it_is_left_out(
    first: int, tmp_path: Path
) -> None:
    pairs, evaluated = await play(first, 5, tmp_path)
    assert pairs / 50 < evaluated < pairs / 2


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        played, found = asyncio.run(play(10**6, -(-int(sys.argv[1]) // (SIGHTINGS * ENTRIES)), Path(place)))
    sys.stdout.write(f"{played:,} pairs, {found:,} within the mandate and evaluated, none outside it\n")
