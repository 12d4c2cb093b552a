"""`encode` takes what the schema says and nothing that merely resembles it; the refusal names field and value."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from fastavro.utils import generate_many

from fairwatch.domain.errors import RejectedError
from fairwatch.wire.avro import _WRITER_ERRORS, Codec, check
from fairwatch.wire.compiled_writer import compile_writer
from fairwatch.wire.faults import named_types
from fairwatch.wire.json_form import from_json
from fairwatch.wire.schemas import Schema, newest
from fairwatch.wire.source_code import StrangeError
from tests.support.records import observation

CODEC = Codec()
RECORDS = 60
# What fastavro alone would write as something else, or not notice.
WRONG: dict[str, list[Any]] = {
    "array": ["gate", {"gate": "a"}, 1, True],
    "map": [["gate"], "gate", 1],
    "boolean": [0, 1, "true"],
    "int": [True, False, 1.0, "1", 1 << 31],
    "long": [True, False, 1.0, "1", 1 << 63],
    "double": [True, False, "0.5", float("nan"), 10**400],
    "string": [1, True, b"gate", ["gate"], "\ud800"],
    "bytes": ["gate", 1, [1]],
    "enum": ["NO_SUCH_SYMBOL", 0, True, None],
    "record": ["gate", ["gate"], 1],
}
Place = tuple[Any, Any, str, str]  # what holds the value, under which key or index, its kind, its path


def _places(schema: Any, value: Any, named: dict[str, Any], at: Place) -> Iterator[Place]:
    """Yield every place of a record where a value stands."""
    if value is None:
        return
    if isinstance(schema, list):
        schema = next(member for member in schema if member != "null")
    schema = named.get(schema, schema) if isinstance(schema, str) else schema
    kind = schema if isinstance(schema, str) else schema["type"]
    if isinstance(kind, dict):
        yield from _places(kind, value, named, at)
        return
    holder, key, _, path = at
    if holder is not None:
        yield holder, key, kind, path
    dot = f"{path}." if path else ""
    if kind == "record":
        for field in schema["fields"]:
            name = field["name"]
            yield from _places(field["type"], value[name], named, (value, name, "", dot + name))
    elif kind == "array":
        for index, item in enumerate(value):
            yield from _places(schema["items"], item, named, (value, index, "", f"{path}[{index}]"))
    elif kind == "map":
        for name, item in value.items():
            yield from _places(schema["values"], item, named, (value, name, "", f"{path}.{name}"))


def _refusal(known: Schema, record: Any) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        CODEC.encode(known.type, record)
    return caught.value


@pytest.mark.parametrize("known", newest().values(), ids=lambda known: known.type)
def test_a_value_of_another_kind_is_refused_by_name(known: Schema) -> None:
    chance, named, write = random.Random(known.type), named_types(known.parsed), compile_writer(known.parsed)
    for record in generate_many(known.parsed, RECORDS):
        holder, key, kind, path = chance.choice(list(_places(known.parsed, record, named, (None, None, "", ""))))
        wrong = holder[key] = chance.choice(WRONG[kind])
        refused = _refusal(known, record)
        assert (refused.reason, refused.field) == ("invalid_field", path)
        if isinstance(wrong, str | bool | float):
            assert repr(wrong) in refused.detail
        if wrong == wrong:  # noqa: PLR0124  NaN is found in the bytes
            with pytest.raises((StrangeError, *_WRITER_ERRORS)):
                write(record, bytearray())


@pytest.mark.parametrize("known", newest().values(), ids=lambda known: known.type)
def test_encode_takes_exactly_what_check_takes(known: Schema) -> None:
    chance = random.Random(known.type)
    values = [value for some in WRONG.values() for value in some]
    for record in generate_many(known.parsed, RECORDS):
        anything: Any = {**record, chance.choice([*record, "no_such_field"]): chance.choice(values)}
        if _is_good(known, anything):
            assert CODEC.decode(CODEC.encode(known.type, anything))[0] == known.type
        else:
            assert _refusal(known, anything).reason == "invalid_field"


def _is_good(known: Schema, record: Any) -> bool:
    try:
        check(known, record)
    except RejectedError:
        return False
    return True


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("zones", "gate", "Observation.zones 'gate' is no list"),
        ("occurred_at", True, "Observation.occurred_at True is no long"),
        ("active", 1, "Observation.active 1 is no boolean"),
        ("confidence", {"value": True}, "Observation.confidence.value True is no finite double"),
        ("extensions", {"speed": 5}, "Observation.extensions.speed 5 is no string"),
    ],
)
def test_what_fastavro_would_have_written_as_something_else(field: str, value: Any, said: str) -> None:
    refused = _refusal(newest()["Observation"], observation(**{field: value}))
    assert said in refused.detail


@pytest.mark.parametrize("field", ["zones", "plates", "related"])
def test_a_tuple_is_a_list(field: str) -> None:
    assert CODEC.encode("Observation", observation(**{field: ()})) == CODEC.encode("Observation", observation())


def test_a_field_that_json_names_is_refused_the_same_way() -> None:
    with pytest.raises(RejectedError, match="zones 'gate' is no list"):
        from_json(newest()["Observation"], observation(zones="gate"))
