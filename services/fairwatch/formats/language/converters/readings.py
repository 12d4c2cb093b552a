"""What readers and detectors write when they read or tracked nothing, and values that come from the topic."""

import base64
import re
from typing import Any, Final

from fairwatch.formats.environment import Environment
from fairwatch.formats.language.converters.plates import plate_state, plate_text
from fairwatch.formats.language.converters.registry import Converter, converter
from fairwatch.formats.language.converters.scalars import as_number, as_text
from fairwatch.formats.language.tables import family_table

_PLACEHOLDER: Final = re.compile(
    r"unk(nown?)?([-_ ].*)?|n/?a|no[-_ ]?plate|none|null|undefined|%\w|-+|\?+", re.IGNORECASE
)
_NANO: Final = 1_000
_LEAST: Final = 946_684_800_000_000_000  # the year 2000; a smaller number is a position in the stream
_MOST_CELLS: Final = 65_536
_COUNTRIES: Final[dict[str, str]] = family_table("language/countries")["alpha3"]
_REGION: Final = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")


def is_reading(raw: str) -> bool:
    """Return whether a text is a plate and no placeholder for none."""
    return not _PLACEHOLDER.fullmatch(raw.strip()) and plate_state(raw) == "READ"


@converter("plate_read")
def plate_read() -> Converter:
    """A plate's text; a placeholder for no plate is absent, and the reading with it."""

    def decode(value: Any, _: object) -> str | None:
        raw = as_text(value)
        return plate_text(raw) if is_reading(raw) else None

    return Converter(decode, None, exact=False)


@converter("plate_guess")
def plate_guess() -> Converter:
    """Another hypothesis of a plate, of which nothing but the text travels; a placeholder is absent."""
    return Converter(plate_read().decode, lambda value: value, exact=False)


@converter("plate_event")
def plate_event() -> Converter:
    """The event of a plate that was read; a placeholder leaves it to the next row."""
    return Converter(lambda value, _: "plate.read" if is_reading(as_text(value)) else None, None, exact=False)


@converter("unless")
def unless(words: str) -> Converter:
    """A text, absent when it is one of the words between `|`, which stand for none."""
    none = frozenset(words.lower().split("|"))

    def decode(value: Any, _: object) -> str | None:
        text = as_text(value)
        return None if text.strip().lower() in none else text

    return Converter(decode, lambda value: value)


@converter("known_code")
def known_code(system: str) -> Converter:
    """A code of a named system; a placeholder for none is absent."""

    def decode(value: Any, _: object) -> dict[str, Any] | None:
        word = as_text(value).strip()
        return None if _PLACEHOLDER.fullmatch(word) else {"system": system, "code": word}

    return Converter(decode, lambda value: value["code"] if value.get("system") == system else None)


@converter("known_number")
def known_number() -> Converter:
    """A number; 0 stands for not known, as in places on earth."""
    return Converter(lambda value, _: as_number(value) or None, lambda value: value)


@converter("region_country")
def region_country() -> Converter:
    """The ISO 3166-1 country of a region such as `us-ca`."""

    def decode(value: Any, _: object) -> str | None:
        found = _REGION.fullmatch(as_text(value).strip())
        return found[1].upper() if found else None

    return Converter(decode, str.lower, exact=False)


@converter("country")
def country() -> Converter:
    """ISO 3166-1 alpha-2; three letters are translated, anything else is absent."""

    def decode(value: Any, _: object) -> str | None:
        code = as_text(value).strip().upper()
        return code if len(code) == 2 and code.isascii() and code.isalpha() else _COUNTRIES.get(code)  # noqa: PLR2004  # letters

    return Converter(decode, lambda value: value)


@converter("any_cell")
def any_cell() -> Converter:
    """Whether any cell of a bitmap is set that is packed with PackBits and written in base64."""

    def decode(value: Any, _: object) -> bool:
        return any(_unpacked(base64.b64decode(as_text(value), validate=True)))

    return Converter(decode, None, exact=False)


def _unpacked(packed: bytes) -> bytes:
    out, at = bytearray(), 0
    while at < len(packed) and len(out) < _MOST_CELLS:
        head = packed[at]
        if head < 128:  # noqa: PLR2004  # so many literal bytes follow
            out += packed[at + 1 : at + 2 + head]
            at += 2 + head
        else:
            out += packed[at + 1 : at + 2] * (257 - head)
            at += 2
    return bytes(out)


@converter("stream_clock")
def stream_clock() -> Converter:
    """Nanoseconds since 1970; a small number counts from the start of a stream and is no time of day."""

    def decode(value: Any, _: object) -> dict[str, Any] | None:
        number = int(as_number(value)) if type(value) is not int else value
        if number < _LEAST:
            return None
        return {"utc": number // _NANO, "raw": str(number), "zone": "+00:00", "precision": "MICROSECOND"}

    def encode(value: Any) -> int:
        raw = value.get("raw") or ""
        own = int(raw) if raw.isdecimal() else 0
        return own if own // _NANO == value["utc"] else value["utc"] * _NANO

    return Converter(decode, encode)


@converter("topic_match")
def topic_match(pattern: str) -> Converter:
    """The first group of a pattern in the topic or URL path."""
    search = re.compile(pattern).search

    def decode(_: object, env: Environment) -> str | None:
        found = search(env.payload.path)
        return found[1] if found else None

    return Converter(decode, None, scalar=False)


@converter("topic_matches")
def topic_matches(pattern: str) -> Converter:
    """A list of the first group of a pattern in the topic or URL path."""
    one = topic_match(pattern)

    def decode(value: object, env: Environment) -> list[str] | None:
        found = one.decode(value, env)
        return [found] if found else None

    return Converter(decode, None, scalar=False)
