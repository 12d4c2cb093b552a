"""What a program writes that passes no adapter is filtered by the same list as what devices send."""

import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.policy import protected_terms as terms
from fairwatch.wire.avro import Codec
from fairwatch.wire.cleaning import Cleaner
from fairwatch.wire.dead_letter import Raw, dead_letter
from tests.support.records import AT, device, observation, raw_event

CODEC = Codec()
MARK = "marked-value"
FORBIDDEN = {
    "ethnicity": MARK,
    "attributes.Race": MARK,
    "Religion": MARK,
    "faces[0].emotion": MARK,
    "skinColor": MARK,
    "民族": MARK,
}
KEPT = {"lane": "2", "speed_kmh": "61"}


def foreign(**fields):
    """Return an observation that a client of somebody else wrote, forbidden keys in every free-form map."""
    code = {"system": "x", "code": MARK}
    return observation(
        extensions={**FORBIDDEN, **KEPT},
        source={"format": "foreign", "tokens": {"ethnicity": MARK, "track": "7"}},
        person={"clothing": {"religion": code, "upper": {"system": "x", "code": "coat"}}, "activities": {"mood": code}},
        face={"codes": {"facialExpression": code}},
        vehicle={"details": {"driver.race": MARK, "axles": "2"}},
        count={"total": 3, "by_class": {"ethnicity": 3, "car": 3}},
        **fields,
    )


def test_every_free_form_map_of_an_observation_is_cleaned_and_counted():
    clean = Cleaner().clean("Observation", foreign(removed_fields=1))
    text = repr(clean)
    assert MARK not in text
    assert "ethnicity" not in text
    assert clean["extensions"] == KEPT
    assert clean["source"]["tokens"] == {"track": "7"}
    assert clean["vehicle"]["details"] == {"axles": "2"}
    assert clean["count"]["by_class"] == {"car": 3}
    assert clean["removed_fields"] == 1 + len(FORBIDDEN) + 6
    assert CODEC.decode(CODEC.encode("Observation", clean))[1]["person"]["clothing"].keys() == {"upper"}


def test_what_holds_nothing_forbidden_is_handed_back_as_it_is():
    plain = CODEC.decode(CODEC.encode("Observation", observation(extensions=KEPT)))[1]
    assert Cleaner().clean("Observation", plain) is plain


def test_age_and_gender_stay_only_where_the_law_allows():
    seen = observation(face={"age_years": {"min": 30.0}, "gender": {"system": "x", "code": "1"}})
    assert Cleaner(soft_biometrics=True).clean("Observation", seen) == seen
    assert Cleaner().clean("Observation", seen)["face"] == {}


def test_of_reference_data_only_the_free_form_map_is_touched():
    given = device(extensions={"ethnicity": MARK, "pole": "4"}) | {"name": "Race Street"}
    clean = Cleaner().clean("Device", given)
    assert (clean["name"], clean["extensions"]) == ("Race Street", {"pole": "4"})
    assert given["extensions"]["ethnicity"] == MARK, "the caller's record is its own"


def test_a_plate_is_no_word_whatever_it_spells():
    plate = {"text": "HIJAB1", "raw": "HIJAB 1"}
    assert Cleaner().clean("Observation", observation(plates=[plate]))["plates"] == [plate]


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("Observation", foreign()),
        ("Device", device(extensions={"ethnicity": MARK})),
    ],
)
def test_framed_bytes_for_a_dead_letter_are_cleaned(kind, record):
    kept = Cleaner().framed(CODEC, CODEC.encode(kind, record))
    assert MARK.encode() not in kept
    assert CODEC.decode(kept)[0] == kind


def test_nothing_of_a_raw_event_is_kept_in_a_dead_letter():
    assert Cleaner().framed(CODEC, CODEC.encode("RawEvent", raw_event(b'{"race": "marked-value"}'))) == b""


def test_age_in_the_free_form_map_of_reference_data_goes_unless_the_law_allows_it():
    given = device(extensions={"age": "30", "pole": "4"})
    assert Cleaner().clean("Device", given)["extensions"] == {"pole": "4"}
    assert Cleaner(soft_biometrics=True).clean("Device", given) is given


def test_an_observation_in_a_dead_letter_is_closed():
    said = observation("woman_with_hijab", extensions={"note": "a woman with a hijab"}, zones=["hijab"])
    kept = Cleaner().framed(CODEC, CODEC.encode("Observation", said))
    assert b"hijab" not in kept
    assert CODEC.decode(kept)[1]["event_type"] == "other"


def test_headers_of_a_dead_letter_are_cleaned():
    raw = Raw("observations", 0, 7, b"cam-1", b"x", {"ethnicity": MARK.encode(), "traceparent": b"00-1"})
    letter = dead_letter(raw, RejectedError("malformed", "broken"), processor="enrich", version="1", at=AT)
    assert letter["headers"] == {"traceparent": b"00-1"}


def test_no_term_is_spelt_with_hexadecimal_letters():
    values = {*terms.STEMS, *terms.WORDS, *terms.NAMES, *terms.PROXY_VALUES, *terms.PROXY_VALUE_WORDS, *terms.SECRETS}
    assert not [term for term in values | terms.SOFT_BIOMETRICS if set(term) <= set("0123456789abcdef")]
