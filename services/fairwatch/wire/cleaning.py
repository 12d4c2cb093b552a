"""Takes protected attributes out of records that anybody may have written: the door for foreign producers.

Only names are judged here: what a text says is a matter of its field's kind (`wire.kinds`), so a plate is never taken
for a word.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fairwatch.domain.errors import RejectedError
from fairwatch.policy.protected import is_protected, is_secret, is_soft_biometric
from fairwatch.wire.avro import Codec
from fairwatch.wire.kinds.closing import Closing
from fairwatch.wire.kinds.names import Names

_FREE: Final = "extensions"  # the field of free names that records other than observations have
# The maps of an observation, whose names a producer makes up; and those of people, that also hold age and gender.
_MAPS: Final = (("source", "tokens"), ("vehicle", "details"), ("count", "by_class"))
_PEOPLE: Final = (("face", ("codes",)), ("person", ("clothing", "activities")))
_SOFT: Final = ("age_years", "gender")


class Cleaner:
    """Cleans records; those that need it are copied, all others are handed back as they are.

    Args:
        soft_biometrics: Keep estimated age and gender.
    """

    def __init__(self, *, soft_biometrics: bool = False) -> None:
        self._soft = soft_biometrics

    def clean(self, kind: str, record: Any) -> Any:
        """Return the record without protected attributes; an Observation counts them in `removed_fields`.

        Of reference data only `extensions` is looked at: the name of an area is an area's, whatever it is called.
        """
        if kind == "Observation":
            return self._observation(record)
        changed: dict[str, Any] = {}
        return {**record, **changed} if _named(record, _FREE, changed, soft=self._soft) else record

    def framed(self, codec: Codec, value: bytes) -> bytes:
        """Return a framed record cleaned; empty where nothing of it may be kept, as of a raw event.

        An observation is closed: a text that is not of its field's kind is not kept in a dead letter either.

        Raises:
            RejectedError: It cannot be read, so nothing can be said of its fields.
        """
        kind, record = codec.decode(value)
        try:
            if kind == "RawEvent":
                return b""  # a dead letter refers to it
            clean = self.clean(kind, record)
            if kind == "Observation":
                device_id = clean.get("device_id", "")
                clean = Closing(Names(), device_id, soft_biometrics=self._soft).close(kind, clean)
            return codec.encode(kind, clean)
        except RejectedError:
            return b""

    def _observation(self, record: Any) -> Any:
        changed: dict[str, Any] = {}
        removed = 0
        for field, name in _MAPS:
            removed += _within(record, field, changed, lambda part, name=name: _named(part, name))  # type: ignore[misc]
        for field, names in _PEOPLE:
            removed += _within(record, field, changed, lambda part, names=names: self._of_people(part, names))  # type: ignore[misc]
        removed += _named({**record, **changed}, _FREE, changed)
        if not removed:
            return record
        return {**record, **changed, "removed_fields": record.get("removed_fields", 0) + removed}

    def _of_people(self, part: dict[str, Any], names: tuple[str, ...]) -> int:
        removed = sum(_named(part, name) for name in names)
        for name in () if self._soft else _SOFT:
            removed += part.pop(name, None) is not None
        return removed


def _within(
    record: Mapping[str, Any], field: str, changed: dict[str, Any], clean: Callable[[dict[str, Any]], int]
) -> int:
    """Clean a copy of a part of a record; note it where anything was removed, and return how much."""
    part = record.get(field)
    if not part:
        return 0
    copy = {**part}
    removed = clean(copy)
    if removed:
        changed[field] = copy
    return removed


def _named(part: Mapping[str, Any], name: str, into: dict[str, Any] | None = None, *, soft: bool = True) -> int:
    """Take protected names out of a map that is a field of `part`; the map itself is left alone."""
    given = part.get(name)
    if not given:
        return 0
    kept = {
        key: value
        for key, value in given.items()
        if not (is_protected(key, name) or is_secret(key) or (not soft and is_soft_biometric(key)))
    }
    if len(kept) != len(given):
        target = part if into is None else into
        target[name] = kept  # type: ignore[index]  # a copy where no other is given
    return len(given) - len(kept)
