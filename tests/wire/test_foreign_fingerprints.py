"""Single objects of libraries that compute other fingerprints for our schemas are read as what they are."""

import pytest

from fairwatch.wire.avro import SINGLE_OBJECT, Codec
from fairwatch.wire.schemas import newest, released
from tests.support.engine_lab import observation

# Computed by these libraries from schemas/avro: apache-avro 0.22.0 (`schema.fingerprint::<Rabin>()`) and
# hamba/avro 2.31.0 (`schema.FingerprintUsing(avro.CRC64AvroLE)`).
COMPUTED = [
    ("alert.v1", "754c447e8eaaad38", "04a82281c4d4b947"),
    ("audit-record.v1", "58cdb3da69ffc419", "b0e6579786361996"),
    ("authorisation.v1", "00089dfd60c69131", "d721996227549381"),
    ("dead-letter.v1", "67fb103cdebb600a", "bef0a7e32dae15be"),
    ("delivery.v1", "57a1c374546fc5b8", "3faa793552d6058e"),
    ("device.v1", "0c35eb5d3662a9d1", "d13d69bd5f2089a4"),
    ("match-candidate.v1", "1a9d0d2f4d9c9a5a", "4ba3d0958f1841d8"),
    ("observation.v1", "1f1df11ad8d1896c", "ef5a1686c4d8cdc6"),
    ("raw-event.v1", "1cd47b79b814fc08", "e5e97353b6ea621e"),
    ("sighting.v1", "d55da8dc28b16f11", "327f69e5749e7b23"),
    ("site.v1", "f2881ae98515c861", "ff9abaec1384c3c1"),
    ("verdict.v1", "70aefab111c196cf", "8f2d211fc1b69ca2"),
    ("verification.v1", "18c1c69ed68999bf", "fcfb378f158f783c"),
    ("watchlist-entry.v1", "30830bcc7fdd45f8", "a7f94ac1e5ee6312"),
]


@pytest.mark.parametrize(("name", "rust", "go"), COMPUTED)
def test_fingerprints_of_rust_and_go_are_known(name, rust, go):
    [schema] = [schema for schema in released() if f"{schema.slug}.v{schema.version}" == name]
    assert tuple(alias.hex() for alias in schema.aliases) == (rust, go)


def test_single_objects_of_rust_and_go_are_read_and_ours_are_written_as_before():
    codec, record = Codec(), observation("1")
    ours = codec.encode("Observation", record)
    known = newest()["Observation"]
    assert ours[:10] == SINGLE_OBJECT + known.fingerprint
    for alias in known.aliases:
        assert alias != known.fingerprint
        assert codec.decode(SINGLE_OBJECT + alias + ours[10:], "Observation") == codec.decode(ours)


def test_no_fingerprint_means_two_schemas():
    every = [mark for schema in released() for mark in {schema.fingerprint, *schema.aliases}]
    assert len(every) == len(set(every))
