"""What a search covers is named by a hash of exactly the entries that one by one would be admitted."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.place import Place
from fairwatch.matching.scopes import DIGITS, MODULUS, Scopes, mark
from fairwatch.policy.authorisation import entry_in_force

MOMENTS = st.integers(0, 12)
UNDER = st.sampled_from(["a", "b", "ab"])
PLACES = [Place("cam-1", None, frozenset()), Place("cam-2", "yard", frozenset({"east"}))]


@st.composite
def entries(draw: st.DrawFn) -> WatchlistEntry:
    begins = draw(MOMENTS)
    made: Any = {
        "entry_id": f"e{draw(st.integers(0, 6))}",
        "authorisation_id": draw(st.sampled_from(["a", "b"])),
        "kind": "PLATE",
        "plate": draw(st.sampled_from(["B-1", "B-2"])),
        "valid_from": begins,
        "valid_until": begins + draw(st.integers(0, 8)),
        "device_ids": draw(st.sampled_from([[], ["cam-1"]])),
        "areas": draw(st.sampled_from([[], ["east"]])),
    }
    return made  # type: ignore[no-any-return]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), entries()),
        st.tuples(st.sampled_from(["remove", "suspend"]), st.integers(0, 6).map("e{}".format)),
        st.tuples(st.just("ask"), st.tuples(MOMENTS, MOMENTS, st.sampled_from(PLACES), UNDER)),
    ),
    min_size=8,
    max_size=40,
)


@settings(max_examples=200)
@given(STEPS)
def test_it_covers_what_asking_each_entry_covers(steps: list[tuple[str, Any]]) -> None:
    scopes, model, suspended = Scopes(), dict[str, WatchlistEntry](), set[str]()
    for what, given_ in steps:
        if what == "put":
            scopes.put(given_)
            model[given_["entry_id"]] = given_
            suspended.discard(given_["entry_id"])
        elif what == "remove":
            scopes.remove(given_)
            model.pop(given_, None)
            suspended.discard(given_)
        elif what == "suspend":
            scopes.suspend(given_)
            suspended |= {given_} & model.keys()
        else:
            at, now, place, under = given_
            admitted = [
                entry
                for entry in model.values()
                if entry["authorisation_id"] in under
                and entry["entry_id"] not in suspended
                and not entry_in_force(entry, at=at, now=now, device_id=place.device_id, areas=place.areas)
            ]
            found = scopes.admission(under, place, at=at, now=now)
            assert found.size == len(admitted)
            assert found.version == f"{sum(map(mark, admitted)) % MODULUS:064x}"[:DIGITS]
            held = {e for e, entry in model.items() if entry["authorisation_id"] in found.authorisations}
            assert held - found.without == {entry["entry_id"] for entry in admitted}
            assert scopes.any(under, place, at=at, now=now) == bool(admitted)
            assert len(scopes) == len(model)


def test_another_plate_or_another_version_of_an_entry_is_another_search() -> None:
    base: Any = {"entry_id": "e", "plate": "B-1", "updated_at": 1}
    assert len({mark(base), mark(base | {"plate": "B-2"}), mark(base | {"updated_at": 2})}) == 3


def test_an_entry_that_came_after_the_last_question_counts_from_its_beginning() -> None:
    def listed(name: str, begins: int, ends: int) -> Any:
        return {"entry_id": name, "authorisation_id": "a", "plate": name, "valid_from": begins, "valid_until": ends}

    scopes = Scopes()
    scopes.put(listed("always", 0, 20))
    assert scopes.admission("a", PLACES[0], at=3, now=3).without == set()
    scopes.put(listed("later", 5, 8))
    found = {now: scopes.admission("a", PLACES[0], at=now, now=now).without for now in (4, 5, 7, 8, 6)}
    assert found == {4: {"later"}, 5: set(), 7: set(), 8: {"later"}, 6: set()}
