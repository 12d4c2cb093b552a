"""One plate has one spelling, whatever the script and the separators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatch.matching.plate_text import CONFUSABLE, confusion, normalise, skeleton


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("m-ab 1234", "MAB1234"),
        ("京A·12345", "京A12345"),
        ("粵B12345", "粤B12345"),  # traditional
        ("ＡＢ１２", "AB12"),  # noqa: RUF001  # full width
        ("в123мк77", "B123MK77"),  # Cyrillic
        ("ΑΒΕ-1234", "ABE1234"),  # noqa: RUF001  # Greek
        ("١٢٣", "123"),  # Arabic-Indic
        ("MÜ-X 7", "MÜX7"),
        ("MU\u0308-X 7", "MÜX7"),  # decomposed
        ("AB?12", "AB?12"),
        (" .·-•", ""),
    ],
)
def test_one_spelling(written: str, normal: str) -> None:
    assert normalise(written) == normal


@given(st.text(max_size=12))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_confusable_characters_share_their_class_and_no_others_are_confusable() -> None:
    for pair in CONFUSABLE:
        assert len({skeleton(char) for char in pair}) == 1, pair
    assert confusion("8", "B") == confusion("B", "8") == 0.9
    assert confusion("8", "C") is None


@given(st.text("0ODQ1IL8B5S2Z6G4A7TUVÜÖ", max_size=8))
def test_a_skeleton_is_its_own_skeleton(text: str) -> None:
    assert skeleton(skeleton(text)) == skeleton(text)
