"""A writer per schema, compiled: what fastavro writes, byte for byte, in a fraction of the time.

fastavro tries every branch of a union on the whole value below it before it writes anything; most of our fields are
such unions. The compiled code takes only what is exactly right (a dict of known fields, an int within its range) and
raises StrangeError otherwise, so that fastavro says what is wrong, or takes it after all.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from fairwatch.wire.source_code import Maker, StrangeError, nullable

Write = Callable[[Mapping[str, Any], bytearray], None]
_RANGES = {"int": 1 << 31, "long": 1 << 63}
_TYPES = {"string": "str", "bytes": "bytes", "boolean": "bool", "int": "int", "long": "int"}
_GOES_ON = [bytes((pair & 0x7F | 0x80, pair >> 7 | 0x80)) for pair in range(1 << 14)]
_ENDS = [bytes((pair & 0x7F | 0x80, pair >> 7)) if pair > 0x7F else bytes((pair,)) for pair in range(1 << 14)]  # noqa: PLR2004


def varint(number: int) -> bytes:
    """Return an integer in Avro's variable length, zig-zag.

    >>> [varint(number).hex() for number in (-1, 63, 64, 8191, 8192, -(1 << 63))]
    ['01', '7e', '8001', 'fe7f', '808001', 'ffffffffffffffffff01']
    """
    left = (number << 1) ^ (number >> 63)
    out = b""
    while left > 0x3FFF:  # noqa: PLR2004  two bytes at a time: what is long is a time, mostly, and has eight
        out += _GOES_ON[left & 0x3FFF]
        left >>= 14
    return out + _ENDS[left]


def compile_writer(parsed: Any) -> Write:
    """Return `write(record, out)` for a parsed schema; it raises StrangeError or what Python raises."""
    return _Maker(parsed, {"varint": varint, "double": struct.Struct("<d").pack, "LENGTHS": _lengths()}).function()


def _lengths() -> list[bytes]:
    """Return the lengths of short texts and lists, ready to be written."""
    return [varint(number) for number in range(256)]


class _Maker(Maker):
    def _record(self, schema: Any) -> None:
        source, fields = self._source, schema["fields"]
        known = source.constant(frozenset(field["name"] for field in fields))
        with source.block(f"def {self._functions[schema['name']]}(record, out):"):
            source.add(f"if type(record) is not dict or not {known}.issuperset(record): raise Strange")
            source.add("get = record.get")
            for field in fields:
                self._field(field)

    def _field(self, field: Any) -> None:
        source, value, inner = self._source, self._source.name(), nullable(field["type"])
        if inner is not None and field.get("default", ...) is None:
            source.add(f"{value} = get({field['name']!r})")
            self._nullable(inner, value)
        elif "default" in field:
            source.add(f"{value} = get({field['name']!r}, {source.constant(field['default'])})")
            self._value(field["type"], value)
        else:
            source.add(f"{value} = record[{field['name']!r}]")
            self._value(field["type"], value)

    def _nullable(self, inner: Any, value: str) -> None:
        with self._source.block(f"if {value} is None:"):
            self._source.add("out.append(0)")
        with self._source.block("else:"):
            self._source.add("out.append(2)")
            self._value(inner, value)

    def _value(self, schema: Any, value: str) -> None:
        schema = self._resolved(schema)
        if (inner := nullable(schema)) is not None:
            self._nullable(inner, value)
        elif isinstance(schema, str):
            self._primitive(schema, value)
        elif isinstance(schema, dict):
            self._complex(schema, value)
        else:
            raise StrangeError(f"a union of {schema} is not compiled")

    def _primitive(self, kind: str, value: str) -> None:
        source = self._source
        if kind == "double":
            source.add(f"if type({value}) is not float and type({value}) is not int: raise Strange")
            source.add(f"if {value} - {value}: raise Strange", f"out += double({value})")  # NaN or infinite
            return
        source.add(f"if type({value}) is not {_TYPES[kind]}: raise Strange")
        if kind in {"string", "bytes"}:
            if kind == "string":
                source.add(f"{value} = {value}.encode()")
            self._length(value)
            source.add(f"out += {value}")
        elif kind == "boolean":
            source.add(f"out.append({value})")
        else:
            source.add(f"if not {-_RANGES[kind]} <= {value} < {_RANGES[kind]}: raise Strange")
            source.add(f"out += varint({value})")

    def _complex(self, schema: Any, value: str) -> None:
        source, kind = self._source, schema["type"]
        if kind == "record":
            source.add(f"{self._functions[schema['name']]}({value}, out)")
        elif kind == "enum":
            symbols = {symbol: varint(index) for index, symbol in enumerate(schema["symbols"])}
            source.add(f"out += {source.constant(symbols)}[{value}]")
        elif kind in {"array", "map"}:
            self._many(schema, value, {"array": "list", "map": "dict"}[kind])
        else:
            self._value(kind, value)

    def _many(self, schema: Any, value: str, kind: str) -> None:
        source, item = self._source, self._source.name()
        source.add(f"if type({value}) is not {kind}: raise Strange")
        with source.block(f"if {value}:"):
            self._length(value)
            if kind == "dict":
                key = source.name()
                with source.block(f"for {key}, {item} in {value}.items():"):
                    self._primitive("string", key)
                    self._value(schema["values"], item)
            else:
                with source.block(f"for {item} in {value}:"):
                    self._value(schema["items"], item)
        source.add("out.append(0)")

    def _length(self, value: str) -> None:
        size = self._source.name()
        self._source.add(f"{size} = len({value})")
        self._source.add(f"out += LENGTHS[{size}] if {size} < 256 else varint({size})")
