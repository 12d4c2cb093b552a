"""What a list says of itself holds for its entries, and for no others."""

from pathlib import Path
from typing import Any

import pytest

from fairwatch.domain.errors import ConfigurationError
from fairwatch.matching.list_policies import ListPolicies
from fairwatch.matching.match_policy import MatchPolicy
from fairwatch.processors.match import Match
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import sighting
from tests.support.watchlist import authorisation, entry, lists

OWN = """
lists:
  - name: stolen
    objectives: [stolen_vehicle]
    plates: {policy: stolen-2026, threshold: 0.95}
  - name: one order
    authorisations: [auth-2]
    plates: {policy: strict-2026, confusable: false}
    faces: {id: faces-2026, distance: 0.4}
"""


def policy(folder: Path, text: str) -> MatchPolicy:
    file = folder / "matching.yaml"
    file.write_text(text)
    return MatchPolicy.load(file)


def test_an_order_goes_before_an_objective_and_what_no_list_says_holds_for_all(tmp_path: Path) -> None:
    read = policy(tmp_path, OWN)
    of_lists = ListPolicies(read.lists, read.plates)
    assert of_lists.plates(authorisation("auth-1")).policy == "stolen-2026"
    assert of_lists.plates(authorisation("auth-2")).policy == "strict-2026"
    assert of_lists.plates(authorisation("auth-3", objective="missing_person")) == read.plates
    assert of_lists.plates(None) == read.plates
    assert of_lists.faces(authorisation("auth-1")) is None
    assert of_lists.faces(authorisation("auth-2")).distance == of_lists.farthest == 0.4  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "lists: [{name: nobody's}]",
        "lists: [{name: a, objectives: [x]}, {name: b, objectives: [x]}]",
        "lists: [{name: a, objectives: [x]}, {name: a, objectives: [y]}]",
        "lists: [{name: a, objectives: [x], plates: {threshold: 0.9}}]",
        "lists: [{name: a, objectives: [x], faces: {distance: 0.4}}]",
        "lists: [{name: a, objectives: [x], plates: {policy: p, edit_from: 3}}]",
    ],
)
def test_a_list_that_is_nobodys_or_two_or_nameless_is_a_fault(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"matching\.yaml"):
        policy(tmp_path, text)


async def test_each_list_takes_what_it_says_and_the_candidate_names_it(tmp_path: Path) -> None:
    entries = [entry("lax", authorisation_id="auth-3"), entry("stolen"), entry("strict", authorisation_id="auth-2")]
    orders = [authorisation(), authorisation("auth-2"), authorisation("auth-3", objective="missing_person")]
    world = World(None)  # type: ignore[arg-type]  # set below: both share the clock
    world.processor = Match(world.clock, MemoryState(), lists(entries, orders), None, policy(tmp_path, OWN))

    async def reads(text: str) -> dict[str, Any]:
        record = sighting("plate.read", observation={"plates": [{"text": text, "raw": text}]})
        outcomes = await world.push(world.event("sightings", "Sighting", record))
        return {made["entry_id"]: made for made in emitted(outcomes, "candidates")}

    assert set(await reads("ABC8123")) == {"lax"}, "0.9 is too little for the one, any confusion for the other"
    exact = await reads("ABCB123")
    assert {key: made["threshold_policy"] for key, made in exact.items()} == {
        "lax": "plates-2026-11", "stolen": "stolen-2026", "strict": "strict-2026",
    }  # fmt: skip
    assert exact["stolen"]["threshold"] == 0.95
    assert "likelihood ratio 10^8.6" in exact["lax"]["explanation"][-1]
    assert "do not rely on it" in exact["lax"]["explanation"][-1]
