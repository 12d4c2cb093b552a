"""A listed plate is found when it may have been what was read, and only then."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.matching.plate_hypotheses import reading
from fairwatch.matching.plate_likelihood import Reading, compare
from fairwatch.matching.plate_text import normalise
from fairwatch.matching.plates import PlateIndex
from fairwatch.matching.strictness import PlateStrictness

ALPHABET = "0ODQ1I8B5SKX3ÜU?"
plates = st.text(ALPHABET.replace("?", ""), min_size=3, max_size=8)


def read(text: str, confidence: float | None = None, country: str | None = None) -> Reading:
    return Reading(text, (confidence,) * len(text), country)


def entry(entry_id: str, plate: str, edits: int = 0, country: str | None = None) -> Any:
    return {"entry_id": entry_id, "plate": plate, "plate_edits": edits, "plate_country": country}


def at_least(threshold: float) -> PlateStrictness:
    return PlateStrictness(threshold=threshold or 1e-9)


def index(*entries: Any) -> PlateIndex:
    made = PlateIndex()
    for item in entries:
        made.put(item)
    return made


def found(made: PlateIndex, text: str, threshold: float = 0.75) -> list[str]:
    return [hit.entry_id for hit in made.search(read(text), lambda _: True, at_least(threshold))]


def test_the_explanation_names_position_and_characters() -> None:
    comparison = compare(read("ABC8123"), "ABCB123")
    assert comparison
    assert comparison.manner == "confusable"
    assert comparison.explanation == ("position 4: read 8, listed B (confusable)",)
    assert comparison.likelihood == pytest.approx(0.9)


def test_exact_is_certain_and_weakened_by_doubt() -> None:
    assert compare(read("AB1234"), "AB1234").likelihood == 1.0  # type: ignore[union-attr]
    assert compare(read("AB1234", 0.9), "AB1234").likelihood == pytest.approx(0.97**6)  # type: ignore[union-attr]
    assert compare(read("AB1234", 0.2), "AB1234").likelihood < 0.3  # type: ignore[union-attr]


def test_a_doubtful_character_makes_its_confusion_likelier() -> None:
    sure, unsure = Reading("ABC8", (1, 1, 1, 1)), Reading("ABC8", (1, 1, 1, 0.2))
    assert compare(unsure, "ABCB").likelihood > compare(sure, "ABCB").likelihood  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "listed", "sentence"),
    [
        ("ABX1234", "ABK1234", "position 3: read X, listed K (edit)"),
        ("AB1234", "ABK1234", "position 3: nothing read, listed K (edit)"),
        ("ABK1234", "AB1234", "position 3: read K, not listed (edit)"),
        ("AB?1234", "ABK1234", "position 3: unread, listed K (edit)"),
    ],
)
def test_one_edit_only_where_the_entry_tolerates_it(text: str, listed: str, sentence: str) -> None:
    assert compare(read(text), listed) is None
    comparison = compare(read(text), listed, edits=1)
    assert comparison
    assert (comparison.manner, comparison.explanation) == ("one_edit", (sentence,))
    assert found(index(entry("e", listed)), text) == []
    assert found(index(entry("e", listed, edits=1)), text) == ["e"]


def test_short_plates_tolerate_no_edit_and_nothing_tolerates_two() -> None:
    assert compare(read("AB12"), "AB13", edits=1) is None
    assert compare(read("ABXX123"), "ABKK123", edits=1) is None
    assert found(index(entry("e", "ABK1234", edits=2)), "ABXX234") == []


def test_confusable_characters_have_a_budget() -> None:
    assert compare(read("0I8K"), "O18K") is None  # two of four
    assert compare(read("0I8KXY"), "O18KXY")


def test_another_country_makes_it_less_likely_and_says_so() -> None:
    comparison = compare(read("AB1234", country="FR"), "AB1234", country="de")
    assert comparison
    assert comparison.likelihood == pytest.approx(0.8)
    assert comparison.explanation[-1] == "country read FR, listed DE"
    assert compare(read("AB1234"), "AB1234", country="DE").likelihood == 1.0  # type: ignore[union-attr]


def test_what_is_not_admitted_is_not_compared() -> None:
    made = index(entry("in", "AB1234"), entry("out", "AB1234"))
    assert [h.entry_id for h in made.search(read("AB1234"), lambda e: e == "in", at_least(0.01))] == ["in"]


def test_an_entry_that_changes_is_found_by_its_new_plate_only() -> None:
    made = index(entry("e", "AB1234", edits=1), entry("e", "XY9876", edits=1))
    assert found(made, "AB1234") == []
    assert found(made, "XY9876") == ["e"]
    made.remove("e")
    made.remove("e")
    assert len(made) == 0
    assert found(made, "XY9876") == []


def test_an_entry_without_a_plate_is_not_listed() -> None:
    assert not PlateIndex().put(entry("e", "--"))
    assert not PlateIndex().put({"entry_id": "e"})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("state", ["NONE", "UNREADABLE", "COVERED"])
def test_a_plate_that_was_not_read_is_no_reading(state: str) -> None:
    assert reading({"text": "AB1234", "raw": "", "state": state}) is None  # type: ignore[typeddict-item]
    assert reading({"text": "", "raw": "无车牌"}) is None


def test_confidence_per_character_is_taken_where_it_fits_and_of_the_plate_otherwise() -> None:
    characters = [{"char": c, "value": 0.5} for c in "A-1234"]
    assert reading({"text": "A1234", "raw": "", "characters": characters}).confidences == (0.5,) * 5  # type: ignore[union-attr,typeddict-item]
    whole = {"text": "A1234", "raw": "", "characters": characters[:2], "confidence": {"value": 0.7}}
    assert reading(whole).confidences == (0.7,) * 5  # type: ignore[union-attr,arg-type]
    assert reading({"text": "A1234", "raw": "", "confidence": {"value": 97.0}}).confidences == (None,) * 5  # type: ignore[union-attr]


@given(st.lists(plates, max_size=6), st.integers(0, 1), st.text(ALPHABET, min_size=3, max_size=9))
def test_the_index_finds_exactly_what_comparing_everything_finds(listed: list[str], edits: int, text: str) -> None:
    made = index(*(entry(str(n), plate, edits) for n, plate in enumerate(listed)))
    everything = {str(n) for n, plate in enumerate(listed) if compare(read(text), plate, edits=edits)}
    assert set(found(made, text, threshold=0.0)) == everything


@given(plates)
def test_a_plate_is_always_found_by_itself(plate: str) -> None:
    assert found(index(entry("e", plate)), plate) == ["e"]


@given(plates, plates)
def test_a_likelihood_is_one(plate: str, other: str) -> None:
    comparison = compare(read(plate), other, edits=1)
    assert comparison is None or 0 < comparison.likelihood <= 1


@given(st.lists(st.tuples(st.integers(0, 9), plates, st.integers(0, 2)), max_size=40), st.integers(0, 6), plates)
def test_arrays_and_dictionaries_find_what_comparing_everything_finds(
    puts: list[tuple[int, str, int]], lately: int, text: str
) -> None:
    made, model = PlateIndex(lately), dict[str, Any]()
    for number, plate, what in puts:
        entry_id = f"e{number}"
        if what == 2:
            made.remove(entry_id)
            model.pop(entry_id, None)
        else:
            model[entry_id] = entry(entry_id, plate, edits=what)
            assert made.put(model[entry_id])
    compared = {e: compare(read(text), normalise(m["plate"]), edits=m["plate_edits"]) for e, m in model.items()}
    wanted = {entry_id for entry_id, comparison in compared.items() if comparison and comparison.likelihood >= 0.75}
    assert set(found(made, text)) == wanted
    assert len(made) == len(model)


def test_of_a_long_list_with_doubles_each_entry_is_found_once() -> None:
    listed = [entry(f"e{n}", f"KA{n:05}") for n in range(4_000)]
    doubles = [entry(f"d{n}", f"KA{n:05}") for n in range(0, 4_000, 100)]
    made = PlateIndex()
    made.update([*listed, *doubles])
    made.update(doubles)
    for number in (0, 100, 150, 3_900):
        twice = [f"d{number}"] if number % 100 == 0 else []
        assert sorted(found(made, f"KA{number:05}", 1.0)) == [*twice, f"e{number}"]
    made.remove("d100")
    assert found(made, "KA00100", 1.0) == ["e100"]


def test_a_list_that_is_given_at_once_is_found_like_one_that_grew() -> None:
    listed = [entry(f"e{n}", f"AB{n:04}", edits=1) for n in range(300)]
    grown, given_ = PlateIndex(8), PlateIndex(8)
    for item in listed:
        grown.put(item)
    assert given_.update(listed) == 300
    given_.update([], [f"e{n}" for n in range(0, 300, 2)])
    for made, own in ((grown, "e41"), (given_, "e41")):
        assert own in found(made, "AB0041")
    assert found(given_, "AB0040") != found(grown, "AB0040"), "the first entry is no longer listed in one of them"
