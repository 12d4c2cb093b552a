"""The compiled codec does what fastavro does, byte for byte, and leaves it whatever is odd."""

import io
import math
import random
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

import pytest
from fastavro import schemaless_reader, schemaless_writer
from fastavro.utils import generate_many

from fairwatch.domain.errors import RejectedError
from fairwatch.wire.avro import Codec
from fairwatch.wire.compiled_copier import compile_copier
from fairwatch.wire.compiled_reader import compile_reader, number_at
from fairwatch.wire.compiled_writer import compile_writer, varint
from fairwatch.wire.schemas import Schema, newest, released
from fairwatch.wire.source_code import StrangeError

RECORDS = 40


class Kind(StrEnum):
    """An enumeration that is equal to texts."""

    PLATE = "PLATE"


def _by_fastavro(known: Schema, record: Any) -> bytes:
    out = io.BytesIO()
    schemaless_writer(out, known.parsed, record, strict_allow_default=True)
    return out.getvalue()


@pytest.mark.parametrize("known", released(), ids=lambda known: f"{known.type}-v{known.version}")
def test_every_schema_is_written_and_read_as_fastavro_does(known: Schema) -> None:
    write, read = compile_writer(known.parsed), compile_reader(known.parsed)
    for record in generate_many(known.parsed, RECORDS):
        out = bytearray()
        write(record, out)
        encoded = _by_fastavro(known, record)
        assert bytes(out) == encoded
        assert read(encoded, 0) == (schemaless_reader(io.BytesIO(encoded), known.parsed, None), len(encoded))


@pytest.mark.parametrize("known", released(), ids=lambda known: f"{known.type}-v{known.version}")
def test_broken_bytes_end_as_with_fastavro(known: Schema) -> None:
    chance, codec = random.Random(known.type), Codec()
    for record in generate_many(known.parsed, RECORDS):
        encoded = bytearray(_by_fastavro(known, record))
        for _ in range(3):
            encoded[chance.randrange(len(encoded))] = chance.randrange(256)
        broken = bytes(encoded[: chance.randrange(len(encoded) // 2, len(encoded) + 1)])
        assert _outcome(codec, known, broken) == _expected(known, broken)


@pytest.mark.parametrize("known", newest().values(), ids=lambda known: known.type)
def test_a_copy_is_what_a_reader_of_the_bytes_would_make_of_a_record(known: Schema) -> None:
    chance = random.Random(known.type)
    write, read, copy = compile_writer(known.parsed), compile_reader(known.parsed), compile_copier(known.parsed)
    for record in generate_many(known.parsed, RECORDS // 4):
        _thin_out(record, chance, lambda: write(record, bytearray()))  # noqa: B023  it is called at once
        out = bytearray()
        write(record, out)
        before = repr(record)
        copied = copy(record)
        assert repr(copied) == repr(read(bytes(out), 0)[0])
        _empty(copied)
        assert repr(record) == before, "they share something that can change"


def _thin_out(value: Any, chance: random.Random, check: Callable[[], None]) -> None:
    """Write whole numbers without a point, and leave out here and there what has a default."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(inner, float):
            value[key] = int(inner)
        elif isinstance(inner, dict | list):
            _thin_out(inner, chance, check)
        if isinstance(value, dict) and chance.random() < 1 / 8:
            left_out = value.pop(key)
            try:
                check()
            except (StrangeError, LookupError):
                value[key] = left_out


def _empty(value: Any) -> None:
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            _empty(inner)
    value.clear()


def test_a_copy_holds_texts_where_something_equal_stood_for_them() -> None:
    record = {**_observation(), "object_class": Kind.PLATE}
    written, exact = Codec().exact_encoder("Observation")(record)
    copied = Codec().copier("Observation")(record)
    assert exact
    assert repr(copied) == repr(Codec().decode(written)[1])


def _outcome(codec: Codec, known: Schema, data: bytes) -> str:
    try:
        return repr(codec.decode(b"\xc3\x01" + known.fingerprint + data)[1])
    except RejectedError as error:
        return error.reason


def _expected(known: Schema, data: bytes) -> str:
    stream, reader = io.BytesIO(data), newest()[known.type]
    try:
        record: Any = schemaless_reader(stream, known.parsed, None if reader is known else reader.parsed)
    except Exception:  # noqa: BLE001  whatever fastavro raises
        return "malformed"
    if stream.tell() != len(data):
        return "malformed"
    return repr(record) if all(map(math.isfinite, _floats(record))) else "invalid_field"


def _floats(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _floats(inner)


@pytest.mark.parametrize("number", [0, -1, 1, 63, 64, -64, -65, 8191, 8192, 2**31, -(2**63), 2**63 - 1])
def test_numbers_come_back(number: int) -> None:
    assert number_at(varint(number), 0) == (number, len(varint(number)))


@pytest.mark.parametrize(
    ("field", "value"),
    [("occurred_at", 2**63), ("event_type", 5), ("lifecycle", "NEVER")],
)
def test_what_does_not_fit_is_refused_by_name(field: str, value: Any) -> None:
    record = {**_observation(), field: value}
    with pytest.raises(RejectedError) as caught:
        Codec().encode("Observation", record)
    assert (caught.value.reason, (caught.value.field or "").partition("[")[0]) == ("invalid_field", field)


def test_what_only_fastavro_takes_is_still_written() -> None:
    record = {**_observation(), "zones": ("gate-1", "gate-2")}
    written, exact = Codec().exact_encoder("Observation")(record)
    assert not exact
    assert written == Codec().encode("Observation", {**record, "zones": ["gate-1", "gate-2"]})


def _observation() -> dict[str, Any]:
    at = 1_767_225_600_000_000
    record: Any = next(iter(generate_many(newest()["Observation"].parsed, 1)))
    return {**record, "occurred_at": at, "received_at": at}
