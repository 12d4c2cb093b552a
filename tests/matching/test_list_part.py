"""A list that is shared out among several is one list: each entry is in one part, and they find what one would find."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.domain.errors import ConfigurationError
from fairwatch.matching.list_part import MOST, WHOLE, ListPart
from fairwatch.processors.match import Match
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import sighting
from tests.support.watchlist import authorisation, entry, lists

PLATES = [f"AB{first}{second}8B" for first in "0O8B" for second in "1I7"]  # many that readers take for each other


@given(st.text(), st.integers(1, MOST))
def test_an_entry_is_in_exactly_one_part(entry_id: str, parts: int) -> None:
    assert [ListPart(n, parts).holds(entry_id) for n in range(1, parts + 1)].count(True) == 1


def test_parts_are_about_equal() -> None:
    sizes = [sum(ListPart(n, 4).holds(f"entry-{e}") for e in range(4000)) for n in range(1, 5)]
    assert max(sizes) - min(sizes) < 200


def test_the_setting_names_a_part_or_the_whole_list() -> None:
    assert (ListPart.read("2/3"), ListPart.read("")) == (ListPart(2, 3), WHOLE)
    assert (ListPart(2, 3).name, WHOLE.name, ListPart.read("1/1").name) == ("-shard-2-of-3", "", "")


@pytest.mark.parametrize("text", ["0/2", "3/2", "1/65", "1", "a/b", "1/2/3", "-1/2", "01/2"])
def test_what_names_no_part_is_a_fault_of_the_configuration(text: str) -> None:
    with pytest.raises(ConfigurationError, match="gallery_shard"):
        ListPart.read(text)


class Gates:
    """One that holds the whole list, or several that share it."""

    def __init__(self, entries: list[dict[str, Any]], *parts: ListPart) -> None:
        self.worlds = []
        for part in parts:
            world = World(None)  # type: ignore[arg-type]  # set in the next line: both share the clock
            held = lists([dict(each) for each in entries], [authorisation(required_verifications=1)])
            world.processor = Match(world.clock, MemoryState(), held, None, list_part=part)
            self.worlds.append(world)

    async def candidates(self, seen: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
        found: dict[str, tuple[Any, ...]] = {}
        for world in self.worlds:
            events = [world.event("sightings", "Sighting", one) for one in seen]
            for made in emitted(await world.push(*events), "candidates"):
                assert made["candidate_id"] not in found, "two parts found the same"
                found[made["candidate_id"]] = (made["entry_id"], made["score"], made["observation_id"])
        return found


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), parts=st.integers(2, 4))
async def test_the_parts_find_what_one_would_find(seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    entries = [entry(f"e{n}", plate=str(rng.choice(PLATES)), plate_edits=int(rng.integers(2))) for n in range(12)]
    seen = []
    for n in range(8):
        text = str(rng.choice(PLATES))
        plates = {"plates": [{"text": text, "raw": text}], "object_id": str(rng.integers(3))}
        seen.append(sighting("plate.read", n=n, observation=plates))
    one = await Gates(entries, WHOLE).candidates(seen)
    shared = await Gates(entries, *(ListPart(n, parts) for n in range(1, parts + 1))).candidates(seen)
    assert shared == one
    assert one
