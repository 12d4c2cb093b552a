"""Bytes to records and back, in both framings, and what is said of bytes that are no record."""

import json
import math
import struct

import pytest
from fastavro.schema import fingerprint
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatch.domain.errors import RejectedError
from fairwatch.wire.avro import Codec, check, schema
from fairwatch.wire.example_checks import Numbered, examples
from fairwatch.wire.faults import faults
from fairwatch.wire.json_form import from_json, to_json
from fairwatch.wire.schemas import FOLDER, newest, released
from tests.support.avro_strategies import records

SINGLE = Codec()
CONFLUENT = Codec(Numbered(released()))
NOW = 1_767_225_600_000_000
SITE = {"site_id": "harbour", "updated_at": NOW}
OBSERVATION = {
    "observation_id": "1",
    "event_type": "plate.read",
    "device_id": "cam-1",
    "source": {"format": "frigate"},
    "occurred_at": NOW,
    "received_at": NOW,
}
RAW = {
    "raw_id": "1",
    "device_id": "cam-1",
    "gateway": "http",
    "transport": "http",
    "received_at": NOW,
    "sha256": "",
    "size": 0,
}


def finite(value):
    """Replace NaN and infinities, which no record may hold."""
    if isinstance(value, float):
        return value if math.isfinite(value) else 0.0
    if isinstance(value, dict):
        return {name: finite(item) for name, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list) else value


def rejection(call, *arguments):
    with pytest.raises(RejectedError) as caught:
        call(*arguments)
    return caught.value


def outcome(decode, data):
    """Return the record, or why there is none."""
    try:
        return decode(data)
    except RejectedError as error:
        return error.reason, error.detail


@pytest.mark.parametrize("kind", sorted(newest()))
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_any_record_comes_back_the_same(kind, data):
    record = data.draw(records(kind).map(finite))
    check(kind, record)
    for codec in (SINGLE, CONFLUENT):
        encoded = codec.encode(kind, record)
        assert codec.decode(encoded, expect=kind) == (kind, record)
        assert codec.encoder(kind)(record) == encoded
        assert codec.decoder(kind)(encoded) == record


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_rejection(data):
    for head in (b"", b"\xc3\x01", b"\xc3\x01" + newest()["Observation"].fingerprint, bytes([0, 0, 0, 0, 7])):
        said = [outcome(CONFLUENT.decoder("Observation"), head + data)]
        said.append(outcome(lambda given: CONFLUENT.decode(given, "Observation")[1], head + data))
        assert said[0] == said[1]


@given(st.data())
def test_damaged_record_is_a_record_or_a_rejection(data):
    encoded = bytearray(
        SINGLE.encode("Observation", OBSERVATION | {"shape": {"box": {"x0": 0, "y0": 0, "x1": 1, "y1": 1}}})
    )
    encoded[data.draw(st.integers(10, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    try:
        _, record = SINGLE.decode(bytes(encoded))
    except RejectedError:
        return
    check("Observation", record)


def test_fingerprint_is_that_of_the_specification():
    # Avro 1.12, "Schema Fingerprints": CRC-64-AVRO of "int" is 0x7275d51a3f395c8f, written little-endian.
    assert fingerprint('"int"', "CRC-64-AVRO") == (0x7275D51A3F395C8F).to_bytes(8, "little").hex()
    assert SINGLE.encode("Site", SITE)[:10] == b"\xc3\x01" + newest()["Site"].fingerprint


def test_framings_differ_only_in_their_head():
    single, confluent = SINGLE.encode("Site", SITE), CONFLUENT.encode("Site", SITE)
    assert single[10:] == confluent[5:]
    assert confluent[0] == 0
    assert CONFLUENT.decode(single) == CONFLUENT.decode(confluent)


def test_times_are_integers_and_defaults_are_filled_in():
    _, record = SINGLE.decode(SINGLE.encode("Site", SITE))
    assert record == SITE | {
        "name": "", "time_zone": "UTC", "geo": None, "areas": [], "kind": "public", "parent_id": None,
    }  # fmt: skip
    assert SINGLE.decode(SINGLE.encode("RawEvent", RAW))[1]["body"] == b""


def test_schema_is_given_as_released():
    assert any(
        field["type"] == {"type": "long", "logicalType": "timestamp-micros"} for field in schema("Alert")["fields"]
    )
    assert schema("Alert", 3) == schema("Alert")
    assert rejection(schema, "Alert", 99).reason == "unknown_schema"
    assert rejection(schema, "Alart").reason == "unknown_schema"


@pytest.mark.parametrize("data", [b"", bytearray(), memoryview(b"")])
def test_empty_value_is_empty(data):
    assert rejection(SINGLE.decode, data).reason == "empty"


@pytest.mark.parametrize("data", [b"{}", b"\xc3", b"\xc3\x01\x00", b"\x00\x01", b"Obj\x01", b"\x01" * 40])
def test_other_bytes_are_malformed(data):
    assert rejection(SINGLE.decode, data).reason == "malformed"


def test_unknown_fingerprint_and_a_version_of_the_future_are_unknown():
    encoded = SINGLE.encode("Site", SITE)
    future = encoded[:2] + bytes(8) + encoded[10:]
    error = rejection(SINGLE.decode, future)
    assert (error.reason, "0000000000000000" in error.detail) == ("unknown_schema", True)
    assert rejection(CONFLUENT.decode, b"\x00\x00\x00\xff\xff" + encoded[10:]).reason == "unknown_schema"


def test_confluent_framing_without_a_registry_says_what_is_missing():
    encoded = CONFLUENT.encode("Site", SITE)
    error, number = rejection(SINGLE.decode, encoded), int.from_bytes(encoded[1:5])
    assert (error.reason, error.detail) == ("unknown_schema", f"schema id {number}: no schema registry is configured")


def test_record_of_another_type_is_told():
    error = rejection(SINGLE.decode, SINGLE.encode("Site", SITE), "Device")
    assert (error.reason, error.detail) == ("unknown_schema", "holds a Site where Device belongs")


@pytest.mark.parametrize("kind", ["Observation", "Alert", "RawEvent"])
def test_every_truncation_and_every_tail_is_malformed(kind):
    example = next(example for example in examples(FOLDER, released()) if example.schema.type == kind)
    encoded = SINGLE.encode(kind, from_json(example.schema, example.document))
    for length in range(10, len(encoded)):
        assert rejection(SINGLE.decode, encoded[:length]).reason in {"malformed", "invalid_field"}
    assert rejection(SINGLE.decode, encoded + b"\0").reason == "malformed"


def test_one_mebibyte_comes_back():
    body = bytes(range(256)) * 4096
    assert SINGLE.decode(SINGLE.encode("RawEvent", RAW | {"body": body}))[1]["body"] == body


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_number_that_is_not_finite_is_rejected_both_ways(number):
    box = {"x0": number, "y0": 0.0, "x1": 1.0, "y1": 1.0}
    error = rejection(SINGLE.encode, "Observation", OBSERVATION | {"shape": {"box": box}})
    assert (error.reason, error.field) == ("invalid_field", "shape.box.x0")
    good = SINGLE.encode("Observation", OBSERVATION | {"shape": {"box": box | {"x0": 0.123}}})
    bad = good.replace(struct.pack("<d", 0.123), struct.pack("<d", number))
    error = rejection(SINGLE.decode, bad)
    assert (error.reason, error.field) == ("invalid_field", "shape.box.x0")


@pytest.mark.parametrize(
    ("change", "field", "detail"),
    [
        ({"occurred_at": "now"}, "occurred_at", "Observation.occurred_at 'now' is no long"),
        ({"occurred_at": 1 << 64}, "occurred_at", "18446744073709551616 is no long"),
        ({"device_id": None}, "device_id", "None is no string"),
        ({"device_id": "\ud800"}, "device_id", "is no string"),
        ({"lifecycle": "SOON"}, "lifecycle", "'SOON' is none of MOMENTARY, START"),
        ({"media": [{"uri": 5}]}, "media[0].uri", "5 is no string"),
        ({"source": {}}, "source.format", "is missing"),
        ({"extensions": {"a": b"\x00"}}, "extensions.a", "a bytes is no string"),
        ({"colour": 1}, "colour", "is not a field of the schema"),
        ({"source": {"format": "x", "ip": "y"}}, "source.ip", "is not a field of the schema"),
        ({"plates": "AB"}, "plates", "'AB' is no list"),
    ],
)
def test_encoding_names_the_field_that_does_not_fit(change, field, detail):
    error = rejection(SINGLE.encode, "Observation", OBSERVATION | change)
    assert (error.reason, error.field) == ("invalid_field", field)
    assert detail in error.detail


def test_missing_field_is_named():
    error = rejection(SINGLE.encode, "Site", {})
    assert (error.field, error.detail) == ("site_id", "Site.site_id is missing")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"removed_fields": 1.5}, "removed_fields"),
        ({"removed_fields": True}, "removed_fields"),
        ({"active": 1}, "active"),
    ],
)
def test_check_is_stricter_than_the_writer(change, field):
    assert rejection(check, "Observation", OBSERVATION | change).field == field


def test_faults_show_no_long_values_and_no_vectors():
    ((_, shown),) = faults(newest()["Site"].parsed, SITE | {"name": 7, "site_id": "x" * 900} | {"name": [0.1] * 128})
    assert shown == "a list is no string"
    ((_, shown),) = faults(newest()["Site"].parsed, SITE | {"geo": "y" * 900})
    assert len(shown) < 100


def test_json_form_keeps_bytes_as_base64():
    known = newest()["DeadLetter"]
    example = next(example for example in examples(FOLDER, released()) if example.schema is known)
    record = from_json(known, example.document)
    assert isinstance(record["value"], bytes)
    assert from_json(known, json.loads(to_json(record))) == record
    assert rejection(from_json, known, example.document | {"value": "%"}).field == "value"
    assert rejection(from_json, known, ["no record"]).reason == "invalid_field"
