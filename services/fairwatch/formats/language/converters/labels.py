"""Labels of detectors: which class, event and kind of vehicle a word stands for."""

import re
from functools import lru_cache
from typing import Any, Final

from fairwatch.formats.environment import Environment
from fairwatch.formats.language.converters.registry import Converter, converter
from fairwatch.formats.language.converters.scalars import as_text
from fairwatch.wire.kinds.vocabularies import UNLISTED, vocabulary

_EVENTS: Final = {
    "PERSON": "person.seen",
    "FACE": "face.seen",
    "MOTOR_VEHICLE": "vehicle.seen",
    "NON_MOTOR_VEHICLE": "vehicle.seen",
    "FIRE": "fire.detected",
    "SMOKE": "smoke.detected",
}
_WRITTEN: Final = {
    "MOTOR_VEHICLE": "vehicle",
    "NON_MOTOR_VEHICLE": "bicycle",
    "PLATE": "license_plate",
    "OTHER": "object",
}
_WRITTEN_KINDS: Final = frozenset({"CAR", "BUS", "TRUCK", "TRAILER", "MOTORCYCLE", "TRACTOR", "BICYCLE"})


@lru_cache(maxsize=1024)
def class_of(word: str) -> str:
    """Return the canonical class of a label, OTHER when no vocabulary holds it."""
    return vocabulary("object-class").meaning(word) or "OTHER"


@lru_cache(maxsize=1024)
def kind_of(word: str) -> str | None:
    """Return the kind of vehicle that a label names; else its last word decides (`light truck`)."""
    if not class_of(word).endswith("VEHICLE"):
        return None
    kinds = vocabulary("vehicle-kind")
    return kinds.meaning(word) or kinds.meaning(word.replace("_", " ").rpartition(" ")[2])


@converter("label_class")
def label_class() -> Converter:
    """The canonical class of a label."""
    return Converter(
        lambda value, _: class_of(as_text(value)),
        lambda value: None if value == "UNKNOWN" else _WRITTEN.get(value, value.lower()),
        exact=False,
        quick=class_of,
    )


@converter("label_event")
def label_event() -> Converter:
    """The event of a label: what was seen."""

    def quick(word: str) -> str:
        return _EVENTS.get(class_of(word), "object.detected")

    return Converter(lambda value, _: quick(as_text(value)), None, exact=False, quick=quick)


@converter("label_kind")
def label_kind() -> Converter:
    """The kind of vehicle that a label names."""
    return Converter(
        lambda value, _: kind_of(as_text(value)),
        lambda value: value.lower() if value in _WRITTEN_KINDS else None,
        exact=False,
    )


@converter("label_code")
@converter("sound_code")
def label_code(system: str) -> Converter:
    """A label as a code of its maker; whether it is one of those that travel, the table of the system says."""

    def quick(word: str) -> dict[str, Any]:
        return {"system": system, "code": word}

    def encode(value: Any) -> str | None:
        own = value.get("system") == system and value["code"] != UNLISTED
        return str(value["code"]) if own else None

    return Converter(lambda value, _: quick(as_text(value)), encode, quick=quick)


@converter("topic_label")
def topic_label(pattern: str) -> Converter:
    """The canonical class of the label that is the first group of a pattern in the topic."""
    search = re.compile(pattern).search

    def decode(_: object, env: Environment) -> str | None:
        found = search(env.payload.path)
        return class_of(found[1]) if found else None

    return Converter(decode, None, scalar=False)
