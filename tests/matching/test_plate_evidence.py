# ruff: noqa: RUF001  # plates of many scripts are the point
"""What a reading is worth as evidence, and what a country's usual forms say of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.matching.plate_confusion import CONFUSABLE, SCRIPTS
from fairwatch.matching.plate_grammars import FORMS, usual
from fairwatch.matching.plate_likelihood import Reading, compare
from fairwatch.matching.plate_text import normalise
from fairwatch.matching.plates import compared
from fairwatch.matching.reader_model import ReaderModel
from fairwatch.matching.strictness import PlateStrictness

READER = ReaderModel()
plates = st.text("0O8BAK3", min_size=5, max_size=8)


def evidence(text: str, listed: str, reader: ReaderModel = READER, confidence: float | None = None) -> float:
    reading = Reading(text, (confidence,) * len(text))
    found = compare(reading, listed, edits=1)
    assert found
    return reader.evidence(text, reading.confidences, found.alignment)


def test_each_character_that_agrees_makes_the_listed_plate_as_many_times_likelier_as_there_are_others() -> None:
    assert evidence("1234567", "1234567") == pytest.approx(7 * 0.9868, abs=0.01)  # log10(0.97 * 10)
    assert evidence("ABCDEFG", "ABCDEFG") == pytest.approx(7 * 1.4018, abs=0.01)  # log10(0.97 * 26)


@given(plates, plates)
def test_no_reading_is_better_evidence_than_the_plate_itself(read: str, listed: str) -> None:
    found = compare(Reading(read, (None,) * len(read)), listed, edits=1)
    if found and len(read) == len(listed):
        assert READER.evidence(read, (None,) * len(read), found.alignment) <= evidence(read, read) + 1e-9


def test_a_reader_that_errs_more_makes_an_exact_reading_less_and_a_confusion_more_worth() -> None:
    poor = ReaderModel(wrong=0.2, characters=5000, source="gate 4")
    assert evidence("AB81234", "AB81234", poor) < evidence("AB81234", "AB81234")
    assert evidence("AB81234", "ABB1234", poor) > evidence("AB81234", "ABB1234")
    assert poor.sentence == "rates of the reader from 5000 characters (gate 4)"
    assert "do not rely on it" in READER.sentence


def test_a_doubtful_confusion_is_better_evidence_than_a_sure_one_and_an_unread_character_is_none() -> None:
    assert evidence("AB81234", "ABB1234", confidence=0.6) > evidence("AB81234", "ABB1234", confidence=0.99)
    whole, holed = evidence("ABK1234", "ABK1234"), evidence("AB?1234", "ABK1234")
    assert holed == pytest.approx(whole - 1.4018, abs=0.01)


def test_a_list_may_ask_for_evidence_beside_likelihood() -> None:
    listed: dict[str, object] = {"entry_id": "e", "plate": "AB123"}
    reading = Reading("AB123", (None,) * 5)
    asked = PlateStrictness(policy="p", least_evidence=6)
    assert compared(reading, listed, asked, READER) is None  # type: ignore[arg-type]  # five characters say 5.8
    lower = PlateStrictness(policy="p", least_evidence=5)
    assert compared(reading, listed, lower, READER)  # type: ignore[arg-type]


def test_what_is_no_plate_of_its_country_was_likelier_misread() -> None:
    reading = Reading("AB12CD8", (None,) * 7)
    somewhere, britain = compare(reading, "AB12CDB"), compare(reading, "AB12CDB", country="GB")
    assert somewhere and britain  # noqa: PT018  # both or neither
    assert somewhere.likelihood == pytest.approx(0.9)
    assert britain.likelihood == pytest.approx(0.95)
    assert britain.explanation[-1] == "read is no usual plate of GB, listed is one"
    both_usual = compare(Reading("AB1ZCDE", (None,) * 7), "AB12CDE", country="ZZ")
    assert both_usual
    assert both_usual.likelihood == pytest.approx(0.9), "nothing is known of that country's plates"


@pytest.mark.parametrize(
    ("country", "plate"),
    [
        ("DE", "B-MÜ 1234E"), ("GB", "AB12 CDE"), ("FR", "AB-123-CD"), ("ES", "1234 BCD"), ("IT", "AB 123 CD"),
        ("CN", "京A·12345"), ("CN", "粵B D12345"), ("RU", "А123ВС 77"), ("UA", "АА 1234 ВС"), ("KR", "12가 3456"),
        ("TR", "34 AB 1234"), ("BR", "ABC1D23"), ("IN", "MH 12 AB 1234"), ("SE", "ABC 12D"), ("NO", "AB 12345"),
    ],
)  # fmt: skip
def test_plates_as_they_are_written_are_of_a_usual_form(country: str, plate: str) -> None:
    assert usual(country, normalise(plate))


def test_forms_are_of_countries_and_of_normalised_plates() -> None:
    for country, form in FORMS.items():
        assert len(country) == 2
        assert country.isupper()
        assert normalise(form) == form.translate({ord(c): None for c in "[]{}|\\^$()-+,"}).upper() or "\\d" in form
    assert usual(None, "AB12CDE") is None


def test_every_script_has_classes_of_its_own() -> None:
    used: dict[str, str] = {}
    for name, table in SCRIPTS.items():
        for pair in {char for pairs in table.values() for char in pairs if char != " " and not char.isdigit()}:
            assert used.setdefault(pair, name) == name
            assert normalise(pair) == pair, "it is compared as it is written"
    assert all(0 < weight < 1 and len(pair) == 2 for pair, weight in CONFUSABLE.items())
