# ruff: noqa: RUF001  # letters of many scripts are the point
"""In every script the index finds exactly what comparing everything finds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.matching.plate_likelihood import Reading, compare
from fairwatch.matching.plate_text import normalise
from fairwatch.matching.plates import PlateIndex
from fairwatch.matching.strictness import PlateStrictness
from tests.support.plate_lists import lists_of, texts_of

ANY = PlateStrictness(threshold=1e-9)
LETTERS = {
    "Latin": "ABDEOQÄÖØÅ", "Cyrillic": "АБВЖЗИЙЧШЩ", "Greek": "ΑΒΓΔΛΞΣΩ", "Arabic": "ابتثنجحخدر", "Thai": "กขคดตถบปภฮ",
    "Hangul": "가거나너고구허하배", "Kana": "あおさきちぬめれわ", "Han": "京沪粤粵云雲川渝学學", "Hebrew": "אבגדהוזח",
    "Devanagari": "कखगघचछ", "Georgian": "აბგდევ", "Armenian": "ԱԲԳԴԵԶ", "full width": "ＡＢＯ０８Ｉ",
}  # fmt: skip


@pytest.mark.parametrize("script", LETTERS)
@settings(max_examples=25)
@given(st.data())
def test_the_index_finds_exactly_what_comparing_everything_finds(script: str, data: st.DataObject) -> None:
    texts = texts_of(script, LETTERS[script], 4)
    entries = data.draw(lists_of(texts))
    asked = data.draw(st.sampled_from([ANY, PlateStrictness(threshold=0.8), PlateStrictness(confusable=False)]))
    made = PlateIndex(data.draw(st.integers(0, 4)))
    listed = [each for each in entries if len(normalise(str(each["plate"]))) >= 3]
    made.update(listed)  # type: ignore[arg-type]
    text = normalise(data.draw(texts))
    read = Reading(text, (None,) * len(text))
    everything = {
        each["entry_id"]
        for each in listed
        if (
            found := compare(
                read,
                normalise(str(each["plate"])),
                country=each["plate_country"],  # type: ignore[arg-type]
                edits=int(str(each["plate_edits"])),
                strictness=asked,
            )
        )
        and found.likelihood >= asked.threshold
    }
    assert {hit.entry_id for hit in made.search(read, lambda _: True, asked)} == everything
