"""Takes protected attributes out of records that anybody may have written: the door for foreign producers.

Adapters filter what devices send. A program that writes Avro itself passes no adapter, so its records are filtered
where they are first read, by the same list, and again before the bytes of a bad one are kept as a dead letter.
"""

from collections.abc import Mapping
from typing import Any

from fairwatch.domain.errors import RejectedError
from fairwatch.policy.redaction import redact_bytes
from fairwatch.policy.screening import Screen
from fairwatch.wire.avro import Codec, check

_FREE = "extensions"  # the field of free names that records other than observations have


class Cleaner:
    """Cleans records; those that need it are copied, all others are handed back as they are.

    Args:
        soft_biometrics: Keep estimated age and gender.
    """

    def __init__(self, *, soft_biometrics: bool = False) -> None:
        self._screen = Screen(soft_biometrics=soft_biometrics)

    def clean(self, kind: str, record: Any) -> Any:
        """Return the record without protected attributes; an Observation counts them in `removed_fields`.

        Of reference data only `extensions` is looked at: the name of an area is an area's, whatever it is called.

        Raises:
            RejectedError: `invalid_field`, when what is left is no such record any more.
        """
        if kind == "Observation":
            return self._observation(record)
        free = record.get(_FREE)
        return {**record, _FREE: self._redacted(free)[0]} if free and self._screen.suspects(free) else record

    def framed(self, codec: Codec, value: bytes) -> bytes:
        """Return a framed record cleaned, a raw event's body too; empty where nothing of it may be kept.

        Raises:
            RejectedError: It cannot be read, so nothing can be said of its fields.
        """
        kind, record = codec.decode(value)
        try:
            clean = _raw_event(record) if kind == "RawEvent" else self.clean(kind, record)
        except RejectedError:
            return b""
        return value if clean == record else codec.encode(kind, clean)

    def _observation(self, record: Any) -> Any:
        if not self._screen.suspects(record):
            return record
        clean, removed = self._redacted(record)
        if not removed:
            return record
        clean["removed_fields"] = record.get("removed_fields", 0) + removed
        try:
            check("Observation", clean)
        except RejectedError as error:
            detail = f"{error.detail}: policy forbids what it said"
            raise RejectedError("invalid_field", detail, error.field) from None
        return clean

    def _redacted(self, tree: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        copy = {**tree}  # redaction puts another tree in its place; what lies below is not touched
        return copy, self._screen.redact(copy)


def _raw_event(record: Mapping[str, Any]) -> dict[str, Any]:
    return {**record, "body": redact_bytes(record["body"], record["content_type"])[0]}
