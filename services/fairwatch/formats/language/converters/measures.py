"""Confidences and measurements, with the number as sent kept beside the normalised one."""

from typing import Any, Final

from fairwatch.formats.language.converters.registry import Converter, converter
from fairwatch.formats.language.converters.scalars import as_number, as_text, plain

_SCALES: Final = {"percent": (100.0, "PERCENT"), "likelihood": (1.0, "LIKELIHOOD01"), "similarity": (1.0, "SIMILARITY")}


def confidence(value: Any, largest: float, scale: str) -> dict[str, Any]:
    """Return a Confidence of a number in [0, largest]."""
    if type(value) is float and 0 <= value <= largest:
        return {"value": value / largest, "raw": repr(value), "scale": scale}
    number = as_number(value)
    if not 0 <= number <= largest:
        raise ValueError(f"{number} is outside 0..{largest:g}")
    return {"value": number / largest, "raw": as_text(value), "scale": scale}


def _pair(largest: float, scale: str) -> Converter:
    def encode(value: Any) -> float:
        raw = value.get("raw")
        if raw and value.get("scale") == scale:
            try:
                return float(raw) if "." in raw else plain(float(raw))
            except ValueError:
                pass
        return plain(round(value["value"] * largest, 6))

    return Converter(lambda value, _: confidence(value, largest, scale), encode)


@converter("percent")
def percent() -> Converter:
    """A confidence from 0 to 100."""
    return _pair(*_SCALES["percent"])


@converter("likelihood")
def likelihood() -> Converter:
    """A confidence from 0 to 1."""
    return _pair(*_SCALES["likelihood"])


@converter("similarity")
def similarity() -> Converter:
    """A similarity from 0 to 1, comparable only with those of the same maker and model."""
    return _pair(*_SCALES["similarity"])


@converter("grade")
def grade(largest: str) -> Converter:
    """A maker's own score from 0 to the given number."""
    return _pair(float(largest), "VENDOR")


@converter("confidence")
def either() -> Converter:
    """A confidence whose scale differs between firmwares: up to 1 it is a likelihood, up to 100 a percentage."""

    def decode(value: Any, _: object) -> dict[str, Any]:
        whole = "." not in as_text(value)
        number = as_number(value)
        scale = "percent" if number > 1 or (whole and number == 1) else "likelihood"
        return confidence(value, *_SCALES[scale])

    return Converter(decode, _pair(*_SCALES["percent"]).encode)


@converter("kmh")
def kmh() -> Converter:
    """Kilometres per hour as metres per second."""
    return Converter(lambda value, _: round(as_number(value) / 3.6, 4), lambda value: plain(round(value * 3.6, 2)))


@converter("range_of")
def range_of(unit: str = "") -> Converter:
    """A single number as a closed range of that number."""

    def decode(value: Any, _: object) -> dict[str, Any]:
        number = as_number(value)
        return {"min": number, "max": number, "unit": unit}

    return Converter(decode, lambda value: plain(value["min"]) if value.get("min") is not None else None)
