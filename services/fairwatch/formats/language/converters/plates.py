"""Plate texts: what is compared, beside what was sent."""

from functools import lru_cache
from typing import Any, Final
from unicodedata import category, normalize

from fairwatch.formats.language.converters.registry import Converter, converter
from fairwatch.formats.language.converters.scalars import as_number, as_text

# What readers write when they read nothing.
_UNREAD: Final = {
    "unknown": "UNREADABLE",
    "unlicensed": "NONE",
    "noplate": "NONE",
    "no plate": "NONE",
    "none": "NONE",
    "null": "UNREADABLE",
    "无车牌": "NONE",
    "无牌": "NONE",
    "车牌": "UNREADABLE",
    "未识别": "UNREADABLE",
    "未知": "UNREADABLE",
}
_SEPARATORS: Final = frozenset("PSZC")
_LONGEST: Final = 64


@lru_cache(maxsize=4096)
def plate_text(raw: str, unread: str = "*_") -> str:
    """Return a plate in upper case without separators, `?` for each unread character; letters of any script stay."""
    if raw.strip().lower() in _UNREAD:
        return ""
    text = normalize("NFKC", raw[:_LONGEST]).upper()
    return "".join(
        "?" if char in unread or char == "?" else char
        for char in text
        if char in unread or char == "?" or category(char)[0] not in _SEPARATORS
    )


@lru_cache(maxsize=4096)
def plate_state(raw: str) -> str:
    """Return READ, UNREADABLE or NONE."""
    return _UNREAD.get(raw.strip().lower(), "READ" if plate_text(raw).strip("?") else "UNREADABLE")


@converter("plate")
def plate(unread: str = "*_") -> Converter:
    """A plate's text; the argument lists the characters that stand for one that was not read."""

    def quick(raw: str) -> str:
        return plate_text(raw, unread)

    return Converter(lambda value, _: quick(as_text(value)), None, exact=False, quick=quick)


@converter("plate_state")
def state() -> Converter:
    """Whether the text is a reading at all."""
    return Converter(lambda value, _: plate_state(as_text(value)), None, exact=False, quick=plate_state)


@converter("plate_raw")
def raw_text() -> Converter:
    """The text as sent; the row that is written back."""
    return Converter(lambda value, _: as_text(value), lambda value: value, inline="v")


@converter("plate_or_vehicle")
def plate_or_vehicle() -> Converter:
    """plate.read when there is a reading, vehicle.seen when there is none."""

    def quick(raw: str) -> str:
        return "plate.read" if plate_state(raw) == "READ" else "vehicle.seen"

    return Converter(lambda value, _: quick(as_text(value)), None, exact=False, quick=quick)


@converter("character_pairs")
def character_pairs() -> Converter:
    """Per-character reliability in percent such as `B-90,1-88`."""

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


@converter("characters")
def characters(separator: str = ",") -> Converter:
    """Per-character confidences, comma separated in percent, beside the text they belong to (`with: {text: …}`)."""

    def decode(value: Any, _: object, text: Any = None) -> list[dict[str, Any]] | None:
        read = [char for char in as_text(text or "") if category(char)[0] not in _SEPARATORS]
        numbers = [as_number(part) for part in as_text(value).split(separator) if part.strip()]
        if len(read) != len(numbers) or not all(0 <= number <= 100 for number in numbers):  # noqa: PLR2004  # percent
            raise ValueError("there is not one confidence for each character")
        return [{"char": char, "value": number / 100} for char, number in zip(read, numbers, strict=True)] or None

    def encode(value: Any) -> str:
        return separator.join(f"{round(item['value'] * 100, 6):g}" for item in value)

    return Converter(decode, encode)
