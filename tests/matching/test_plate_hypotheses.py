"""Each hypothesis of a reader may be a listed plate by the same rules, exactly as comparing everything says."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.domain.plates import MOST_ALTERNATIVES
from fairwatch.matching.plate_hypotheses import UNSAID, hypotheses
from fairwatch.matching.plate_likelihood import Reading, compare
from fairwatch.matching.plate_text import normalise
from fairwatch.matching.plates import PlateHit, PlateIndex
from fairwatch.matching.reader_model import ReaderModel
from fairwatch.matching.strictness import PlateStrictness
from tests.matching.test_plate_scripts import ANY, LETTERS
from tests.support.plate_lists import lists_of, texts_of

USUAL = PlateStrictness()


def plate(text: str, *others: tuple[str, float | None], **fields: Any) -> Any:
    said = [{"text": one, "confidence": None if sure is None else {"value": sure}} for one, sure in others]
    return {"text": text, "raw": text, "alternatives": said, **fields}


def entry(entry_id: str, text: str, edits: int = 0) -> Any:
    return {"entry_id": entry_id, "plate": text, "plate_edits": edits, "plate_country": None}


def found(
    seen: Any, *entries: Any, asked: PlateStrictness = USUAL, reader: ReaderModel | None = None
) -> list[PlateHit]:
    index = PlateIndex()
    index.update(entries)
    said = hypotheses(seen)
    return index.search_all(said, lambda _: True, asked, {}, reader) if said else []


def oracle(said: tuple[Reading, ...], entries: list[Any], asked: PlateStrictness) -> dict[str, tuple[float, int]]:
    """Return of each entry that some hypothesis may be the likelihood and the hypothesis, by comparing everything."""
    best: dict[str, tuple[float, int]] = {}
    for place, read in enumerate(said, 1):
        for one in entries:
            listed = normalise(one["plate"])
            agrees = compare(read, listed, country=one["plate_country"], edits=one["plate_edits"], strictness=asked)
            if agrees and agrees.likelihood >= max(asked.threshold, best.get(one["entry_id"], (0.0, 0))[0]):
                known = best.get(one["entry_id"])
                if known is None or agrees.likelihood > known[0]:
                    best[one["entry_id"]] = (agrees.likelihood, place)
    return best


@pytest.mark.parametrize("script", LETTERS)
@settings(max_examples=25)
@given(st.data())
def test_hypotheses_find_exactly_what_comparing_everything_with_each_finds(script: str, data: st.DataObject) -> None:
    texts = texts_of(script, LETTERS[script], 2)
    entries = [one for one in data.draw(lists_of(texts)) if len(normalise(one["plate"])) >= 3]
    others = data.draw(st.lists(st.tuples(texts, st.one_of(st.none(), st.floats(0, 1))), max_size=12))
    sure = data.draw(st.one_of(st.none(), st.floats(0, 1)))
    said = hypotheses(plate(data.draw(texts), *others, confidence=None if sure is None else {"value": sure}))
    asked = data.draw(
        st.sampled_from([ANY, USUAL, PlateStrictness(confusable=False), PlateStrictness(edit_from=7, threshold=0.5)])
    )
    index = PlateIndex(data.draw(st.integers(0, 4)))
    index.update(entries)  # type: ignore[arg-type]
    ahead = index.candidates([one.text for one in said[::2]])  # some were looked up, others are not
    hits = index.search_all(said, lambda _: True, asked, ahead) if said else []
    assert {h.entry_id: (h.comparison.likelihood, h.hypothesis) for h in hits} == oracle(said, entries, asked)
    assert len({h.entry_id for h in hits}) == len(hits), "an entry is found once"
    assert hits == sorted(hits, key=lambda h: -h.comparison.likelihood)


def test_an_alternative_finds_what_the_reading_cannot_be_and_says_that_it_did() -> None:
    seen = plate("FWX88658", ("EW88658", 0.97), confidence={"value": 0.99})
    [hit] = found(seen, entry("e", "EW88658"))
    assert hit.hypothesis == 2
    assert hit.comparison.likelihood == pytest.approx((1 - 0.3 * 0.03) ** 7)
    assert hit.comparison.explanation == (
        "hypothesis 2 of 2 of the reader: EW88658 (0.970), not FWX88658",
        "all 7 characters as listed",
    )


def test_an_alternative_weighs_as_little_as_its_reader_was_sure_of_it() -> None:
    for sure, wanted in ((0.97, 1), (0.6, 0), (None, 0), (97.0, 0)):
        assert len(found(plate("XXXXXXX", ("AB12345", sure)), entry("e", "AB12345"))) == wanted
    assert hypotheses(plate("XXXXXXX", ("AB12345", None)))[1].confidences == (UNSAID,) * 7


def test_of_two_hypotheses_that_agree_as_well_the_reading_itself_is_named() -> None:
    seen = plate("AB1O345", ("AB10345", 0.5), confidence={"value": 0.99})
    [hit] = found(seen, entry("e", "AB10345"))
    assert (hit.hypothesis, hit.comparison.manner) == (1, "confusable")


def test_an_alternative_is_held_to_the_strictness_and_the_edits_of_the_list() -> None:
    seen = plate("XXXXXXX", ("AB1234K", 0.99))
    assert found(seen, entry("e", "AB1234W")) == []
    assert found(seen, entry("e", "AB1234W", edits=1), asked=PlateStrictness(threshold=0.7))
    assert found(seen, entry("e", "AB1234K"), asked=PlateStrictness(alternatives=False)) == []
    assert found(plate("AB1234K"), entry("e", "AB1234K"), asked=PlateStrictness(alternatives=False))


def test_the_further_down_a_hypothesis_the_less_it_is_worth_as_evidence() -> None:
    reader, listed = ReaderModel(), entry("e", "AB12345")
    second = found(plate("XXXXXXX", ("AB12345", 0.97)), listed, reader=reader)[0].evidence
    tenth = found(plate("XXXXXXX", *[(f"QQQQQ{n}", 0.98) for n in range(8)], ("AB12345", 0.97)), listed, reader=reader)
    assert second is not None
    assert tenth[0].evidence == pytest.approx(second - 0.699, abs=0.001)  # ten places are five times two
    asked = PlateStrictness(least_evidence=second + 0.1)
    assert found(plate("XXXXXXX", ("AB12345", 0.97)), listed, asked=asked, reader=reader) == []


def test_hypotheses_are_bounded_distinct_and_could_be_plates() -> None:
    seen = plate("ab-1234", ("AB1234", 0.9), ("AB1235", 0.9), ("ab 1235", 0.8), ("A1", 0.8), ("", 0.8))
    assert [one.text for one in hypotheses(seen)] == ["AB1234", "AB1235"]
    many = plate("AB1234", *[(f"AB{n:04}", 0.9) for n in range(5000)])
    assert len(hypotheses(many)) == 1 + MOST_ALTERNATIVES
    assert hypotheses(plate("AB1234", ("AB1235", 0.9), state="COVERED")) == ()


def test_what_is_not_admitted_is_compared_under_no_hypothesis() -> None:
    index = PlateIndex()
    index.update([entry("out", "AB12345")])
    said = hypotheses(plate("XXXXXXX", ("AB12345", 0.99)))
    assert index.search_all(said, lambda _: False, ANY, {}) == []
