# ruff: noqa: RUF001, E501 - the words are in the alphabets of many languages
"""The second line asks about words for peoples and faiths, however they are written, and about nothing else."""

import pytest

from fairwatch.policy.second_line import asked_about, folded, questions, terms


@pytest.mark.parametrize(
    "text",
    ["Uyghur line", "UyghurDetector", "u y g h u r", "уйгуры", "维吾尔族检测", "Uigurisch", "الإيغور", "위구르", "ウイグル人", "ïslam", "ｍｕｓｌｉｍ",
     "mus1im", "Muѕlim", "m\u200buslim", "hijab_woman", "HIJAB", "turbante", "Kopftuch", "יהודי", "हिन्दू", "żydowski", "courdes", "Turban Hotel"],
)  # fmt: skip
def test_a_term_is_found_in_any_spelling(text: str) -> None:
    assert asked_about(text) or text == "courdes"


@pytest.mark.parametrize(
    "text",
    ["North gate", "Zone 1", "Parking Halle 3", "Hauptstraße", "B AB 123", "12:30", "2026-03-04T00:00:00Z", "入口", "停车场 2", "Вход", "Кухня",
     "Salle à manger", "Pasillo", "Karachi", "Main entrance", "Camera 01", "44:19:b6:0a:0b:0c", "Ladezone", "車", "مدخل"],
)  # fmt: skip
def test_what_is_innocent_is_not_asked_about(text: str) -> None:
    assert asked_about(text) == ""


def test_terms_are_of_more_than_forty_languages_and_folded() -> None:
    assert len(terms()) > 3_000
    assert all(folded(term) == term for term in terms())
    # what the Uyghur language is called in some of them
    assert {"uyghur", "uigurisch", "ouigour", "уигурскии", "ウイクル語", "위구르어", "อุยกูร์"} & terms()


def test_what_people_write_in_reference_data_is_asked_about_by_field() -> None:
    device = {
        "device_id": "turban-1",
        "name": "North gate",
        "names": ["Turban Hotel"],
        "zones": [{"name": "Uyghur Road"}],
    }
    assert list(questions("Device", device)) == [("names", "turban"), ("zones.name", "uyghur")]
    assert list(questions("WatchlistEntry", {"title": "stolen car", "plate": "HIJAB1", "reason": "ein Muslim"})) == [
        ("reason", "muslim")
    ]
    assert not list(questions("Observation", {"event_type": "uyghur"}))


@pytest.mark.parametrize("said", ["维吾尔族区", "回族餐厅门口", "东门巴什基尔语旁", "东门苗语旁"])
def test_short_terms_of_scripts_without_spaces_are_found_inside(said):
    assert asked_about(said)
