# ruff: noqa: E501 - one field a line
"""What a device says in its own words does not travel: names become tokens, unknown words are unlisted."""

from typing import Any

import pytest

from fairwatch.wire.avro import check
from fairwatch.wire.kinds.closing import Closing, without_unlisted
from fairwatch.wire.kinds.names import Names, is_token
from fairwatch.wire.kinds.shapes import is_id, is_kept, is_plain_id, is_plate, is_uri

CANARY = "uyghur"


def observation(**more: Any) -> dict[str, Any]:
    return {
        "observation_id": "8782fd17-4373-5e7f-a89f-4dbd0a9e9b71",
        "event_type": "person.seen",
        "device_id": "cam-1",
        "source": {"format": "frigate"},
        "occurred_at": 1,
        "received_at": 1,
        **more,
    }


def closed(secret: str = "s", device: str = "cam-1", **more: Any) -> dict[str, Any]:
    record = Closing(Names(secret), device).close("Observation", observation(**more))
    check("Observation", record)
    return record


def test_a_rule_that_nobody_registered_travels_as_a_token_of_its_device():
    rule = closed(source={"format": "onvif-event", "rule": "Uyghur line"})["source"]["rule"]
    assert is_token(rule)
    assert rule.startswith("rule:")
    assert rule == closed(source={"format": "onvif-event", "rule": " uyghur LINE"})["source"]["rule"]
    assert rule != closed(source={"format": "x", "rule": "Uyghur line"}, device="cam-2")["source"]["rule"]
    assert rule != closed(source={"format": "x", "rule": "Uyghur line"}, secret="other")["source"]["rule"]


def test_a_token_is_not_hashed_again():
    once = closed(source={"format": "x", "rule": "Gate"})
    assert closed(source=dict(once["source"]))["source"] == once["source"]


def test_numbers_addresses_and_serials_are_no_names():
    source = {
        "format": "x",
        "device_id": "44:19:b6:0a:0b:0c",
        "channel": "3",
        "rule": "000",
        "module": "34020000001110000001",
    }
    assert closed(source=dict(source))["source"] == source


def test_a_word_of_no_vocabulary_is_other_and_its_code_unlisted():
    record = closed(class_code={"system": "frigate:label", "code": "person-uyghur", "text": CANARY})
    assert record["object_class"] == "OTHER"
    assert record["class_code"] == {"system": "frigate:label", "code": "unlisted"}
    assert "class_code" not in without_unlisted(record)


def test_a_word_that_a_vocabulary_knows_gives_the_class_that_its_format_does_not_know():
    record = closed(object_class="OTHER", class_code={"system": "frigate:label", "code": "giraffe"})
    assert (record["object_class"], record["class_code"]["code"]) == ("ANIMAL", "giraffe")


def test_a_code_of_a_system_without_a_table_is_left_out():
    assert "event_code" not in closed(event_code={"system": "unheard:of", "code": "1"})


def test_a_recognition_of_the_devices_own_is_dropped_and_counted():
    closing = Closing(Names(), "cam-1")
    record = closing.close("Observation", observation(claim={"enrolment_id": "John"}))
    assert "claim" not in record
    assert closing.claims == 1


def test_age_and_gender_need_the_switch():
    face = {"face": {"gender": {"system": "onvif:Gender", "code": "Male"}, "age_years": {"min": 3.0}}}
    assert not closed(face=dict(face["face"]))["face"]
    kept = Closing(Names(), "cam-1", soft_biometrics=True).close("Observation", observation(**face))
    assert set(kept["face"]) == {"gender", "age_years"}


def test_a_plate_is_never_touched():
    for text in ("HIJAB1", "京A12345", "MÜX8321", "กข1234", "B AB 123", "沪A?12?45"):
        record = closed(plates=[{"text": text, "raw": text, "country": "DE"}])
        assert record["plates"] == [{"text": text, "raw": text, "country": "DE"}]


def test_a_sentence_where_a_plate_belongs_is_no_plate():
    assert closed(plates=[{"text": "a woman with a scarf", "raw": "a woman with a scarf"}])["plates"][0]["text"] == ""


def test_no_sentence_of_a_device_is_left_anywhere():
    text = "a person who is Uyghur"
    record = closed(
        event_type=text,
        event_code={"system": "hikvision:eventType", "code": text, "text": text},
        source={"format": "x", "version": text, "device_id": text, "channel": text, "module": text, "rule": text,
                "tokens": {"Rule": text, text: "1"}},
        device_time={"utc": 1, "raw": text, "zone": text},
        class_code={"system": text, "code": text},
        confidence={"value": 0.5, "raw": text},
        object_id=text, object_uuid=text, parent_id=text, related=[text], zones=[text],
        colours=[{"name": "OTHER", "code": {"system": "onvif:ColorName", "code": text}, "colourspace": text}],
        geo={"lat": 1.0, "lon": 1.0, "datum": text},
        face={"codes": {text: {"system": "onvif:HairStyle", "code": text}}},
        person={"clothing": {"HairStyle": {"system": "onvif:HairStyle", "code": text}}, "carried": [{"system": "a:b", "code": text}]},
        vehicle={"model": text, "model_year": text, "details": {"HasPlate": text, text: "1"}},
        plates=[{"text": text, "raw": text, "country": text, "issuer": text, "characters": [{"char": text, "value": 1.0}]}],
        sensor={"quantity": text, "text": text, "unit": text, "sensor_id": text},
        track_change={"operation": text, "from_ids": [text], "to_ids": [text]},
        count={"by_class": {text: 1}},
        media=[{"uri": f"http://10.0.0.1/{text}.jpg"}, {"uri": "http://10.0.0.1/1.jpg", "mime": text, "source_id": text}],
        extensions={"a": text, text: "1", "b": "7"},
        raw_sha256=text,
        retention_class=text,
    )  # fmt: skip
    assert "uyghur" not in str(record).casefold()
    assert record["event_type"] == "other"
    assert record["extensions"] == {"b": "7"}
    assert [one["uri"] for one in record["media"]] == ["http://10.0.0.1/1.jpg"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [("17", True), ("1718987129.308396-fqk5ka", True), ("8782fd17-4373-5e7f-a89f-4dbd0a9e9b71", True), ("P-9", True),
     ("31010500001190000042022026030410111200007", True), ("192.168.1.10", True), ("A", True), ("han-5", False),
     ("person-uyghur", False), ("uyghur1", False), ("维吾尔", False), ("", False), ("7" * 200, False)],
)  # fmt: skip
def test_an_id_is_plain_when_it_cannot_name_anything(text: str, plain: bool):
    assert is_plain_id(text) is plain


def test_ids_of_words_that_say_nothing_travel():
    assert is_id("track-17")
    assert is_id("bg.jpg")
    assert not is_id("turban-17")


@pytest.mark.parametrize(
    ("uri", "travels"),
    [("fw-media:" + "ab" * 32, True), ("http://192.0.2.7/scene/7.jpg", True), ("/VIID/Images/111/Data", True),
     ("http://user:secret@192.0.2.7/7.jpg", False), ("http://192.0.2.7/Uyghur/7.jpg", False),
     ("http://192.0.2.7/%75yghur.jpg", False), ("rtsp://10.0.0.1/live", True)],
)  # fmt: skip
def test_an_address_travels_if_its_words_say_nothing(uri: str, travels: bool):
    assert is_uri(uri) is travels


def test_kept_values_are_numbers_flags_instants_ids_and_listed_words():
    assert all(map(is_kept, ("7", "-1.5", "true", "2026-01-01T00:00:00Z", "[1,2]", "HTTPS", "car")))
    assert not any(map(is_kept, ("uyghur", "a sentence", "dXlnaHVy", '{"a":1}')))


def test_long_and_odd_texts_are_judged_at_once():
    hostile = ["a1" * 5_000 + "!", "1" * 9_999 + "x", "aaa1" * 3_000, "[" + "1," * 9_000, "/" * 9_000]
    assert not any(shape(text) for text in hostile for shape in (is_plain_id, is_id, is_uri, is_plate, is_kept))
