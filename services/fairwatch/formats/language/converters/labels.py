"""Labels of detectors: which class, event and kind of vehicle a word stands for; a word of no table does not travel."""

import re
from collections.abc import Callable, Container
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from fairwatch.formats.environment import Environment
from fairwatch.formats.language.converters.registry import Converter, converter
from fairwatch.formats.language.converters.scalars import as_text

UNLISTED: Final = "unlisted"
_TABLE: Final = Path(__file__).with_suffix(".yaml")
_SOUND: Final = "SOUND"
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
_KINDS: Final = {
    "CAR": "car sedan suv taxi coupe hatchback wagon limousine van minivan automobile convertible jeep",
    "TRUCK": "truck pickup lorry roadtruck",
    "BUS": "bus minibus coach",
    "MOTORCYCLE": "motorcycle motorbike moped scooter",
    "BICYCLE": "bicycle bike cyclist",
    "TRACTOR": "tractor",
    "TRAILER": "trailer",
    "TRAM": "train tram",
    "THREE_WHEEL": "tricycle",
}
_KIND_OF: Final = {word: kind for kind, words in _KINDS.items() for word in words.split()}


@cache
def classes() -> dict[str, str]:
    """Return the canonical class by word."""
    return {word: name for name, words in _table().items() if name != _SOUND for word in words}


@cache
def sounds() -> frozenset[str]:
    """Return the words of audio detectors."""
    return frozenset(_table()[_SOUND])


@cache
def _table() -> dict[str, list[str]]:
    table: dict[str, list[str]] = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return table


@lru_cache(maxsize=1024)
def plain_label(word: str) -> str:
    """Return a label as the table spells it."""
    return " ".join(word.replace("_", " ").replace("-", " ").lower().split())


@lru_cache(maxsize=1024)
def class_of(word: str) -> str:
    """Return the canonical class of a label, OTHER when it is in no table."""
    return classes().get(plain_label(word), "OTHER")


@lru_cache(maxsize=1024)
def kind_of(word: str) -> str | None:
    """Return the kind of vehicle that a label names; its last word decides (`school bus`, `big truck`)."""
    plain = plain_label(word)
    return _KIND_OF.get(plain.rpartition(" ")[2]) if classes().get(plain, "").endswith("VEHICLE") else None


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
        lambda value: value.lower() if value in _KINDS and value not in {"TRAM", "THREE_WHEEL"} else None,
        exact=False,
    )


@converter("label_code")
def label_code(system: str) -> Converter:
    """A label as a code of its maker where a table holds it, else the code `unlisted`: free words do not travel."""
    return _listed(system, classes)


@converter("sound_code")
def sound_code(system: str) -> Converter:
    """A sound as a code of its maker where a table holds it, else the code `unlisted`."""
    return _listed(system, sounds)


def _listed(system: str, table: Callable[[], Container[str]]) -> Converter:
    def quick(word: str) -> dict[str, Any]:
        return {"system": system, "code": word if plain_label(word) in table() else UNLISTED}

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
