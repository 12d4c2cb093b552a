# ruff: noqa: RUF001 - words in the alphabets of devices
"""A vocabulary says what words mean, and one that contradicts itself is refused with file and line."""

from pathlib import Path

import pytest

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.vocabulary import EVENT_TYPES
from fairwatch.wire.kinds.tables import load_tables, may_travel
from fairwatch.wire.kinds.vocabularies import enumerations, load_vocabularies, vocabularies, vocabulary

GOOD = "vocabulary: beast\nabout: Animals.\nwords:\n  CAT: {any: [cat, Katze]}\n  DOG: {any: [dog]}\n"


def loaded(folder: Path, text: str, name: str = "beast") -> None:
    (folder / f"{name}.yaml").write_text(text)
    load_vocabularies(folder, {"Beast": ("CAT", "DOG")})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD.replace("[dog]", "[dog, KATZE]"), "beast.yaml:5: 'KATZE' means DOG here and CAT in line 4"),
        (GOOD + "  CAT: {}\n", "beast.yaml:6: 'CAT' stands here and in line 4"),
        (GOOD.replace("about:", "of: Beast\nabouts:"), "'abouts' is no field of a vocabulary"),
        (GOOD.replace("about: Animals.\n", ""), "says nothing about itself"),
        (GOOD.replace("  DOG: {any: [dog]}\n", "").replace("words:", "of: Beast\nwords:"), "differs from Beast in DOG"),
        (GOOD.replace("words:", "of: Bird\nwords:"), "no schema has an enumeration Bird"),
        (GOOD.replace("[dog]", "[dog, hijab]"), "beast.yaml:5: 'hijab' stands for a protected attribute"),
        (GOOD.replace("[dog]", "[dog, '***']"), "beast.yaml:5: '***' is no word"),
        (GOOD.replace("[dog]", "{dog: 1}"), "beast.yaml:5: must be a list"),
        (GOOD.replace("beast", "bird"), "must be named as its file"),
        (GOOD + "parts: [cat]\n", "has either words or parts"),
        (GOOD.replace("{any: [dog]}", "{any: [dog], implied: [hound], more: [hound]}"), "so it cannot stand here too"),
        ("vocabulary: [", "no YAML"),
        ("- a\n", "must be a mapping"),
    ],
)
def test_a_vocabulary_that_contradicts_itself_is_refused_with_file_and_line(tmp_path: Path, text: str, fault: str):
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)
    assert fault in str(caught.value)


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path):
    (tmp_path / "a.yaml").write_text(GOOD)
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, GOOD.replace("[dog]", "[cat, Katze]"))
    assert len(str(caught.value).splitlines()) == 3


def test_case_separators_and_width_do_not_make_another_word():
    classes = vocabulary("object-class")
    assert {classes.meaning(word) for word in ("motor_vehicle", "Motor Vehicle", "ｍｏｔｏｒＶｅｈｉｃｌｅ")} == {
        "MOTOR_VEHICLE"
    }


def test_a_word_that_says_more_than_its_class_means_it_and_does_not_travel():
    classes = vocabulary("object-class")
    assert classes.meaning("woman") == "PERSON"
    assert not classes.holds("woman")


@pytest.mark.parametrize(
    ("word", "name"), [("红色", "RED"), ("深蓝色", "BLUE"), ("grau", "GREY"), ("серый", "GREY"), ("weird", None)]
)
def test_colours_are_known_in_the_languages_of_devices(word: str, name: str | None):
    assert vocabulary("colour").meaning(word) == name


@pytest.mark.parametrize("word", ["person-uyghur", "uyghur", "per\u200bson", "person ", "x" * 99])
def test_a_word_that_no_vocabulary_holds_does_not_travel(word: str):
    assert not any(words.holds(word) for words in vocabularies().values() if not words.parts and word != "person ")


def test_event_types_are_those_of_the_domain():
    assert set(vocabulary("event-type").words) == EVENT_TYPES


def test_hundreds_of_classes_are_known():
    assert len(vocabulary("object-class").meanings) > 700
    assert set(vocabulary("object-class").words) == set(enumerations()["ObjectClass"])


@pytest.mark.parametrize(
    ("system", "code", "travels"),
    [
        ("frigate:label", "horse", True),
        ("frigate:label", "person-uyghur", False),
        ("hikvision:eventType", "linedetection", True),
        ("hikvision:eventType", "ethnicDetection", False),
        ("onvif:topic", "tns1:RuleEngine/LineDetector/Crossed", True),
        ("onvif:topic", "tns1:RuleEngine/UyghurDetector/Crossed", False),
        ("gat1400:Coat", "3", True),
        ("gat1400:Coat", "2", False),
        ("gat1400:Coat", "02", False),
        ("nobody:list", "person", False),
        ("hikvision:a sentence about people", "1", False),
        ("frigate:label", "unlisted", True),
    ],
)
def test_a_code_travels_only_if_the_table_of_its_system_holds_it(system: str, code: str, travels: bool):
    assert may_travel(system, code) is travels


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("{of: [nothing]}", "no vocabulary is named 'nothing'"),
        ("{numbers: [9, 1]}", "are not the first and the last"),
        ("{pattern: '['}", "the pattern '[' is none"),
        ("{words: [niqab]}", "'niqab' is no code that may travel"),
        ("{sizes: [1]}", "'sizes' is no field of a code system"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_file_and_line(tmp_path: Path, table: str, fault: str):
    (tmp_path / "maker.yaml").write_text(f"maker: M\nabout: Codes.\nsystems:\n  m:list: {table}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_tables(tmp_path, vocabularies())
    assert f"maker.yaml:4: {fault}" in str(caught.value) or fault in str(caught.value)
