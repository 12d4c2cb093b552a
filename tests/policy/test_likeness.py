"""Two names that look alike to a person are one person, and a name that hides something is not taken."""

import pytest

from fairwatch.policy.authorisation import person
from fairwatch.policy.likeness import LETTERS, disguise, seen_as


@pytest.mark.parametrize(
    "name",
    [
        "dora", " Dora ", "DORA", "do\u200bra", "do\u00adra", "d\u043era", "dor\u0430", "\uff44ora", "d\u0332ora",
        "\u2060dora\u2028", "d\u03bfra", "do\x00ra", "\U0001d41dora",
    ],
)  # fmt: skip
def test_another_spelling_is_the_same_person(name: str) -> None:
    assert seen_as(name) == person(name) == "dora"


@pytest.mark.parametrize("name", ["dora b", "d0ra", "dorá", "dora\u0301", "dor", "doora", "emil"])
def test_another_name_is_another_person(name: str) -> None:
    assert seen_as(name) != "dora"


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u00ad\u2060", "\u0301"])
def test_where_there_is_nothing_to_see_there_is_nobody(name: str) -> None:
    assert seen_as(name) == person(name) == person(None) == ""


@pytest.mark.parametrize("letter", LETTERS)
def test_each_letter_of_another_alphabet_passes_for_the_latin_one_that_it_is_drawn_like(letter: str) -> None:
    assert seen_as(f"x{letter}x") == f"x{LETTERS[letter]}x"


def test_names_differ_within_two_thousand_characters() -> None:
    assert seen_as("a" * 1_999 + "b") != seen_as("a" * 1_999 + "c")
    assert seen_as("a" * 2_000 + "b") == seen_as("a" * 2_000 + "c"), "nobody's name is that long"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("Zoë Müller-O'Neill", ""),
        ("Даша", ""),
        ("Αθηνά", ""),
        ("李 Wei", ""),
        ("d\u043era", "has letters of two alphabets"),
        ("Athen\u03b1", "has letters of two alphabets"),
        ("\u052fora", "has letters of two alphabets"),
        ("\u0370ora", "has letters of two alphabets"),
        ("do\u200bra", "has characters that nobody sees"),
        ("dora\u00ad", "has characters that nobody sees"),
        ("do\nra", "has characters that nobody sees"),
        ("1 2", ""),
        ("", ""),
    ],
)
def test_what_is_wrong_with_a_name_that_somebody_typed_is_said(name: str, wrong: str) -> None:
    assert disguise(name) == wrong
