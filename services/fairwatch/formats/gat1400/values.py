"""Conversions that only GA/T 1400 needs."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from fairwatch.formats.environment import Environment
from fairwatch.formats.language.converters import Converter, build, converter
from fairwatch.formats.language.converters.geometry import make_shape, unmake_shape
from fairwatch.formats.language.converters.plates import plate_state
from fairwatch.formats.language.converters.scalars import as_number, as_text
from fairwatch.formats.language.tables import table
from fairwatch.formats.payload import Payload

_BEIJING: Final = "digits 480"
_MILLISECONDS: Final = 13
_SECONDS: Final = 10
_TIMES: Final = {name: build(name) for name in (_BEIJING, "unix milliseconds", "unix")}
_LONGEST: Final = 40
# Codes that stand in for what must not be carried: coat 2 is ethnic dress.
_NEVER: Final = {"Coat": frozenset({"2", "02"})}
_CORNERS: Final = ("LeftTopX", "LeftTopY", "RightBtmX", "RightBtmY")
_CODES: Final = table(__file__, "codes")
_VEHICLES: Final[dict[str, str]] = _CODES["vehicles"]
_WRITTEN_KINDS: Final[dict[str, str]] = _CODES["written_kinds"]
_COLOURS: Final[dict[str, str]] = _CODES["colours"]
_COLOUR_LETTERS: Final[dict[str, str]] = _CODES["colour_letters"]
_COLOUR_CODES: Final = {name: code for code, name in _COLOURS.items()}
_BEARINGS: Final[dict[str, float]] = _CODES["bearings"]


@lru_cache(maxsize=8_192)
def _read_time(text: str, time_zone: str | None) -> Mapping[str, Any]:
    # The same second is written many times in one message, and in the next ones.
    name = _BEIJING
    if text.isdecimal():
        name = {_MILLISECONDS: "unix milliseconds", _SECONDS: "unix"}.get(len(text), _BEIJING)
    found: Mapping[str, Any] = _TIMES[name].decode(text, Environment(Payload(b"", time_zone=time_zone)))
    return found


@converter("gat_time")
def gat_time() -> Converter:
    """14 or 17 digits of Beijing time, unless the device's zone is known; some send ISO 8601 or milliseconds."""

    def decode(value: Any, env: Environment) -> Any:
        text = value if type(value) is str else as_text(value)
        if len(text) > _LONGEST:
            raise ValueError("it is too long for a time")
        return dict(_read_time(text, env.payload.time_zone))

    return Converter(decode, _TIMES[_BEIJING].encode)


@converter("gat_micros")
def gat_micros() -> Converter:
    """The same as microseconds since 1970, for records that keep only those."""
    times = gat_time()
    return Converter(
        lambda value, env: times.decode(value, env)["utc"],
        lambda value: times.encode({"utc": value}) if times.encode else None,
        exact=False,
    )


@converter("gat_code")
def gat_code(name: str) -> Converter:
    """A code of one of the standard's lists; codes of other systems are not written into it."""
    system, never = f"gat1400:{name}", _NEVER.get(name, frozenset())

    def decode(value: Any, _: object) -> dict[str, str] | None:
        code = as_text(value)
        return None if code in never else {"system": system, "code": code}

    def encode(value: Any) -> Any:
        return value["code"] if value.get("system") == system else None

    return Converter(decode, encode, inline="" if never else f"{{'system': {system!r}, 'code': v}}")


@converter("gat_codes")
def gat_codes(name: str) -> Converter:
    """Codes of one list, joined by semicolons."""
    system = f"gat1400:{name}"

    def decode(value: Any, _: object) -> list[dict[str, str]] | None:
        parts = [part.strip() for part in as_text(value).replace(",", ";").split(";")]
        return [{"system": system, "code": part} for part in parts if part] or None

    return Converter(decode, lambda value: ";".join(one["code"] for one in value if one["system"] == system) or None)


@converter("gat_colour")
def gat_colour() -> Converter:
    """A colour by code or by the traffic administration's letter; the code stays as sent."""

    def quick(code: str) -> dict[str, Any]:
        name = _COLOURS.get(code.lstrip("0")) or _COLOUR_LETTERS.get(code.upper(), "UNKNOWN")
        return {"name": name, "code": {"system": "gat1400:Color", "code": code}}

    def encode(value: Any) -> Any:
        own = value.get("code") or {}
        return own["code"] if own.get("system") == "gat1400:Color" else _COLOUR_CODES.get(value.get("name"))

    return Converter(lambda value, _: quick(as_text(value)), encode, quick=quick)


@converter("gat_shape")
def gat_shape() -> Converter:
    """The box in pixels of the source picture; without that picture's size it stays in pixels (G3)."""

    def decode(value: Any, _: object, width: Any = None, height: Any = None) -> dict[str, Any] | None:
        if "LeftTopX" not in value:
            return None
        try:
            numbers = [as_number(value[name]) for name in _CORNERS]
            sizes = (_size(width), _size(height))
            return make_shape(numbers, "xyxy", "pixel", sizes)
        except (KeyError, ValueError, TypeError, OverflowError):
            return None

    def encode(value: Any) -> Any:
        numbers = unmake_shape(value, "xyxy", "pixel")
        return {name: round(number) for name, number in zip(_CORNERS, numbers, strict=True)} if numbers else None

    return Converter(decode, encode, scalar=False)


def _size(value: Any) -> float | None:
    try:
        number = as_number(value)
    except (ValueError, TypeError):
        return None
    return number if 0 < number < 1_000_000 else None  # noqa: PLR2004 - pixels


@converter("gat_vehicle_kind")
def gat_vehicle_kind() -> Converter:
    """The family letter and size digit of VehicleClass."""

    def decode(value: Any, _: object) -> str | None:
        code = as_text(value).upper()
        if code[:1] == "K" and len(code) > 1:
            return "BUS" if code[1] in "12" else "CAR"
        return _VEHICLES.get(code[:1], "OTHER" if code == "X99" else "UNKNOWN")

    return Converter(decode, _WRITTEN_KINDS.get, exact=False)


@converter("gat_bearing")
def gat_bearing() -> Converter:
    """The compass bearing of a direction code."""
    codes = {bearing: code for code, bearing in _BEARINGS.items()}

    def encode(value: Any) -> str | None:
        return codes.get(round(value / 45.0) % 8 * 45.0)

    return Converter(lambda value, _: _BEARINGS.get(as_text(value)), encode, exact=False)


@converter("gat_plate_event")
def gat_plate_event() -> Converter:
    """plate.read when there is a reading, vehicle.seen when there is none."""
    return Converter(lambda value, _: "plate.read" if plate_state(as_text(value)) == "READ" else "vehicle.seen", None)


@converter("gat_characters")
def gat_characters() -> Converter:
    """Per-character reliability such as `B-90,1-88`."""

    def decode(value: Any, _: object) -> list[dict[str, Any]] | None:
        found = []
        for part in as_text(value).replace(";", ",").split(","):
            char, _dash, number = part.rpartition("-")
            if part:
                share = as_number(number) / 100
                if not char or not 0 <= share <= 1:
                    raise ValueError(f"{part!r} is no character with its reliability")
                found.append({"char": char, "value": share})
        return found or None

    return Converter(decode, lambda value: ",".join(f"{one['char']}-{round(one['value'] * 100, 6):g}" for one in value))


@converter("gat_image_uri")
def gat_image_uri() -> Converter:
    """Where the standard lets a picture be fetched by its id; for pictures that came without bytes or address."""
    return Converter(
        lambda value, _: f"/VIID/Images/{as_text(value)}/Data", None, exact=False, inline="f'/VIID/Images/{v}/Data'"
    )


@converter("gat_related")
def gat_related() -> Converter:
    """Ids of related objects."""

    def decode(value: Any, _: object) -> list[str] | None:
        return [as_text(one["RelatedID"]) for one in value if one.get("RelatedID")] or None

    return Converter(decode, lambda value: [{"RelatedID": one} for one in value], scalar=False, exact=False)


@converter("gat_list")
def gat_list() -> Converter:
    """A list of ids or regions joined by semicolons or commas."""

    def decode(value: Any, _: object) -> list[str] | None:
        return [part.strip() for part in as_text(value).replace(",", ";").split(";") if part.strip()] or None

    return Converter(decode, ";".join)
