"""Bytes to records and back: Avro in single-object encoding or in Confluent's framing."""

import io
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, Protocol

from fastavro import schemaless_reader, schemaless_writer
from fastavro.read import SchemaResolutionError

from fairwatch.domain.errors import RejectedError
from fairwatch.wire.compiled_copier import Copy, compile_copier
from fairwatch.wire.compiled_reader import Read, compile_reader
from fairwatch.wire.compiled_writer import Write, compile_writer
from fairwatch.wire.faults import faults
from fairwatch.wire.schemas import Schema, newest, released
from fairwatch.wire.source_code import StrangeError

SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = 0
_SINGLE_HEADER = 10  # marker and fingerprint
_CONFLUENT_HEADER = 5  # zero byte and big-endian id
_WRITER_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error)
_READER_ERRORS = (*_WRITER_ERRORS, EOFError, MemoryError, SchemaResolutionError)
# The last two bytes of every NaN and infinity. Strings cannot hold the pair (UTF-8 has no 0xff, and 0x7f never
# follows 0xf0 and up), so that a hit is rare and only then the record is looked at.
_MAYBE_NOT_FINITE = re.compile(rb"[\xf0-\xff][\x7f\xff]")


class SchemaRegistry(Protocol):
    """What the codec needs of a schema registry."""

    def id_of(self, schema: Schema) -> int:
        """Return the id of the schema, registering it when it is new there."""
        ...

    def schema_of(self, schema_id: int) -> Schema | None:
        """Return the schema with that id, a version of a record of ours; None where it is of no record of ours."""
        ...


class Codec:
    """Encodes the newest version of every record and decodes every version, in both framings.

    Args:
        registry: Write Confluent's framing with ids of this registry. Without one the single-object encoding is
            written, and Confluent's framing cannot be read since nobody says what its ids mean.
        schemas: All versions of all records, oldest first; those of this Fairwatch by default.
    """

    def __init__(self, registry: SchemaRegistry | None = None, *, schemas: Sequence[Schema] | None = None) -> None:
        known = released() if schemas is None else schemas
        self._registry = registry
        self._newest = {schema.type: schema for schema in known}
        self._known = known
        self._by_fingerprint = {schema.fingerprint: schema for schema in known}

    @cached_property
    def _aliased(self) -> Mapping[bytes, Schema]:
        """Schemas by what other libraries take for their fingerprints; made when the first such record comes."""
        return {alias: schema for schema in self._known for alias in schema.aliases}

    def prepare(self, types: Iterable[str]) -> None:
        """Ask the registry, where there is one, for the ids of records that will be written.

        Raises:
            RetryableError: The registry does not answer.
            ConfigurationError: It refuses a schema or the credentials.
        """
        for name in types:
            self._header(_of(name, self._newest))

    def encode(self, type: str, record: Mapping[str, Any]) -> bytes:  # noqa: A002  the contract's word
        """Return the framed bytes of a record; fields with a default may be left out.

        Raises:
            RejectedError: `invalid_field`, naming the field; `unknown_schema` when no record has that name.
            RetryableError: The registry does not answer.
        """
        return self.encode_as(_of(type, self._newest), record)

    def encode_as(self, known: Schema, record: Mapping[str, Any]) -> bytes:
        """Encode with one version of a schema, to prove that old versions are read; errors as of `encode`."""
        return self._encoder(known)(record)

    def encoder(self, type: str) -> Callable[[Mapping[str, Any]], bytes]:  # noqa: A002  as above
        """Return `encode` for one type: what all its records have in common is looked up once.

        Raises:
            RejectedError, RetryableError: As of `encode`; what is returned raises `invalid_field` only.
        """
        return self._encoder(_of(type, self._newest))

    def exact_encoder(self, type: str) -> Callable[[Mapping[str, Any]], tuple[bytes, bool]]:  # noqa: A002  as above
        """Return `encoder`, but that it tells as well whether the record was exactly of its schema's types."""
        return self._exact_encoder(_of(type, self._newest))

    def _encoder(self, known: Schema) -> Callable[[Mapping[str, Any]], bytes]:
        encode = self._exact_encoder(known)
        return lambda record: encode(record)[0]

    def _exact_encoder(self, known: Schema) -> Callable[[Mapping[str, Any]], tuple[bytes, bool]]:
        header, write = self._header(known), _writer_of(known)

        def encode(record: Mapping[str, Any]) -> tuple[bytes, bool]:
            out = bytearray(header)
            try:
                write(record, out)
            except (StrangeError, *_WRITER_ERRORS):
                return header + _by_fastavro(known, record), False
            return bytes(out), True

        return encode

    def decoder(self, expect: str) -> Callable[[bytes], dict[str, Any]]:
        """Return `decode` for records of one type, which is quick for those of its newest version.

        What it returns gives the record alone, and raises what `decode` does.
        """
        known = self._newest.get(expect)
        if known is None:
            return lambda data: self.decode(data, expect)[1]
        framing, read = SINGLE_OBJECT + known.fingerprint, _reader_of(known)

        def decode(data: bytes) -> dict[str, Any]:
            if data.startswith(framing):
                try:
                    record, end = read(data, _SINGLE_HEADER)
                except (StrangeError, *_READER_ERRORS):
                    return self.decode(data, expect)[1]
                if end == len(data):
                    return record
            return self.decode(data, expect)[1]

        return decode

    def copier(self, type: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:  # noqa: A002  as above
        """Return what gives, of a record that `exact_encoder` found exact, the record that `decode` would.

        Raises:
            RejectedError: `unknown_schema` when no record has that name.
        """
        return _copier_of(_of(type, self._newest))

    def decode(self, data: bytes, expect: str | None = None) -> tuple[str, dict[str, Any]]:
        """Return the record's type and the record in its newest version, every field present.

        Raises:
            RejectedError: `empty`, `malformed` (truncated, trailing bytes, not framed), `unknown_schema` (also a
                version of the future, or another record than `expect`), `invalid_field` (NaN).
            RetryableError: The registry does not answer.
        """
        writer, start = self._writer(data)
        if expect is not None and writer.type != expect:
            raise RejectedError("unknown_schema", f"holds a {writer.type} where {expect} belongs")
        reader = self._newest[writer.type]
        record = _quickly(writer, data, start) if reader is writer else None
        if record is None:
            record = _carefully(writer, reader, data, start)
            self._refuse_not_finite(reader, record, data)
        return writer.type, record

    def _header(self, known: Schema) -> bytes:
        if self._registry is None:
            return SINGLE_OBJECT + known.fingerprint
        return b"\0" + self._registry.id_of(known).to_bytes(4, "big")

    def _writer(self, data: bytes) -> tuple[Schema, int]:
        if not data:
            raise RejectedError("empty", "the value has no bytes")
        if data[:2] == SINGLE_OBJECT and len(data) >= _SINGLE_HEADER:
            mark = bytes(data[2:_SINGLE_HEADER])
            writer = self._by_fingerprint.get(mark) or self._aliased.get(mark)
            if writer is None:
                raise RejectedError(
                    "unknown_schema", f"no schema here has the fingerprint {data[2:_SINGLE_HEADER].hex()}"
                )
            return writer, _SINGLE_HEADER
        if data[0] == CONFLUENT and len(data) >= _CONFLUENT_HEADER:
            return self._from_registry(int.from_bytes(data[1:_CONFLUENT_HEADER], "big")), _CONFLUENT_HEADER
        raise RejectedError("malformed", "framed neither as an Avro single object nor as Confluent does")

    def _from_registry(self, schema_id: int) -> Schema:
        if self._registry is None:
            raise RejectedError("unknown_schema", f"schema id {schema_id}: no schema registry is configured")
        writer = self._registry.schema_of(schema_id)
        if writer is None:
            raise RejectedError("unknown_schema", f"schema id {schema_id} is no schema that is known here")
        return writer

    def _refuse_not_finite(self, known: Schema, record: Mapping[str, Any], data: bytes) -> None:
        if _has_doubles(known) and _MAYBE_NOT_FINITE.search(data) and any(faults(known.parsed, record)):
            raise _fault(known, record, "a number is not finite")


@cache
def _has_doubles(known: Schema) -> bool:
    return "'double'" in str(known.parsed)


@cache
def _writer_of(known: Schema) -> Write:
    return compile_writer(known.parsed)


@cache
def _copier_of(known: Schema) -> Copy:
    return compile_copier(known.parsed)


@cache
def _reader_of(known: Schema) -> Read:
    return compile_reader(known.parsed)


def _by_fastavro(known: Schema, record: Mapping[str, Any]) -> bytes:
    """Write what the compiled code did not take, or say what is wrong with it.

    Checked first: fastavro writes a text as a list of letters, True as 1 and 1 as True.
    """
    check(known, record)
    out = io.BytesIO()
    try:
        schemaless_writer(out, known.parsed, record, strict_allow_default=True)
    except _WRITER_ERRORS as error:
        raise _fault(known, record, str(error)) from None
    return out.getvalue()


def _quickly(known: Schema, data: bytes, start: int) -> dict[str, Any] | None:
    """Read with the compiled code; None where anything is odd, the end included."""
    try:
        record, end = _reader_of(known)(data, start)
    except (StrangeError, *_READER_ERRORS):
        return None
    return record if end == len(data) else None


def _carefully(writer: Schema, reader: Schema, data: bytes, start: int) -> dict[str, Any]:
    """Read with fastavro, from one version into another, and say what is wrong."""
    stream = io.BytesIO(data)
    stream.seek(start)
    try:
        record: Any = schemaless_reader(stream, writer.parsed, None if reader is writer else reader.parsed)
    except _READER_ERRORS as error:
        raise RejectedError("malformed", f"bytes are no {writer.type} v{writer.version}: {_brief(error)}") from None
    if stream.tell() != len(data):
        raise RejectedError("malformed", f"{len(data) - stream.tell()} bytes after the end of the {writer.type}")
    return record  # type: ignore[no-any-return]


def check(known: Schema | str, record: Mapping[str, Any]) -> None:
    """Raise RejectedError(invalid_field) unless the record fits its schema exactly; as `encode`, but writes nothing."""
    known = _of(known, newest()) if isinstance(known, str) else known
    if any(faults(known.parsed, record)):
        raise _fault(known, record, "")


def schema(type: str, version: int | None = None) -> dict[str, Any]:  # noqa: A002  as in Codec.encode
    """Return a schema as released, with docs and logical types; the newest version unless one is named."""
    if version is None:
        return _of(type, newest()).source
    for known in released():
        if (known.type, known.version) == (type, version):
            return known.source
    raise RejectedError("unknown_schema", f"there is no version {version} of {type}")


def _of(name: str, known: Mapping[str, Schema]) -> Schema:
    try:
        return known[name]
    except KeyError:
        raise RejectedError("unknown_schema", f"there is no record {name!r}") from None


def _fault(known: Schema, record: Mapping[str, Any], otherwise: str) -> RejectedError:
    field, what = next(faults(known.parsed, record), ("", otherwise))
    return RejectedError(
        "invalid_field", f"{known.type}.{field} {what}" if field else f"{known.type} {what}", field or None
    )


def _brief(error: Exception) -> str:
    return "text is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error) or "they end too early"
