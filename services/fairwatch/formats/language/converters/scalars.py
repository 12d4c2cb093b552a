"""Texts, numbers and booleans."""

import math
import re
from functools import lru_cache
from typing import Any, Final

from fairwatch.formats.language.converters.registry import Converter, converter
from fairwatch.formats.language.paths import TEXT_KEY

_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?")
_TRUE: Final = frozenset({"true", "1", "yes", "on", "active"})
_FALSE: Final = frozenset({"false", "0", "no", "off", "inactive"})
INT_MAX: Final = 2**31 - 1
LONG_MAX: Final = 2**63 - 1


def as_text(value: Any) -> str:
    """Return a scalar as the text that its document had (JSON spelling for booleans)."""
    if type(value) is str:
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, dict | list):
        raise TypeError("a text was expected")
    return str(value)


def element_text(value: Any) -> str:
    """Return a scalar's text, or that of an element with attributes."""
    return as_text(value.get(TEXT_KEY, "") if type(value) is dict else value)


def split(text: str, separators: str) -> list[str]:
    """Return the parts of a text between any of the characters, without white space and without empty ones."""
    for other in separators[1:]:
        text = text.replace(other, separators[0])
    return [part for part in (part.strip() for part in text.split(separators[0])) if part]


def as_number(value: Any) -> float:
    """Return a finite float."""
    if isinstance(value, bool):
        raise TypeError("a number was expected")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a number")
    return number


def plain(number: float) -> int | float:
    """Return a whole number as int, so that 1.0 is written 1."""
    return int(number) if number == int(number) and abs(number) < LONG_MAX else number


@converter("text")
def text() -> Converter:
    """Text as it is; numbers and booleans in their JSON spelling."""
    return Converter(lambda value, _: as_text(value), lambda value: value, inline="v")


@converter("number")
def number(factor: str = "1") -> Converter:
    """A finite number, times a factor on the way in."""
    scale = float(factor)
    return Converter(lambda value, _: as_number(value) * scale, lambda value: plain(round(value / scale, 9)))


@converter("integer")
def integer(bits: str = "32") -> Converter:
    """A whole number of 32 or 64 bits."""
    largest = INT_MAX if bits == "32" else LONG_MAX

    def decode(value: Any, _: object) -> int:
        whole = int(value) if type(value) is str and value.strip().lstrip("+-").isdecimal() else as_number(value)
        if whole != int(whole) or not -largest <= whole <= largest:
            raise ValueError(f"{whole} is not a whole number of {bits} bits")
        return int(whole)

    return Converter(decode, lambda value: value)


@converter("boolean")
def boolean(invert: str = "") -> Converter:
    """True and false in any spelling; `boolean not` turns the meaning round."""
    negative = invert == "not"

    def decode(value: Any, _: object) -> bool:
        word = as_text(value).strip().lower()
        if word not in _TRUE and word not in _FALSE:
            raise ValueError(f"{word!r} is neither true nor false")
        return (word in _TRUE) != negative

    return Converter(decode, lambda value: value != negative)


@converter("texts")
def texts(separators: str = "") -> Converter:
    """A list of texts; one text is split at any of the separators, if there are some, and the first is written."""

    def decode(value: Any, _: object) -> list[str] | None:
        if isinstance(value, list):
            found = [as_text(item) for item in value if item is not None and not isinstance(item, dict | list)]
        elif separators:
            found = split(as_text(value), separators)
        else:
            found = [as_text(value)]
        return [item for item in found if item] or None

    return Converter(decode, lambda value: separators[0].join(value) if separators else value, scalar=False)


@converter("one_text")
def one_text() -> Converter:
    """A list of one text; writing takes the first."""
    return Converter(lambda value, _: [as_text(value)], lambda value: value[0] if value else None, inline="[v]")


@lru_cache(maxsize=4096)
def normal_mac(written: str) -> str:
    """Return a hardware address in lower case with colons; anything else as it is."""
    written = written.strip()
    digits = written.replace(":", "").replace("-", "").replace(".", "").lower()
    if len(digits) != 12 or not all(digit in "0123456789abcdef" for digit in digits):  # noqa: PLR2004  # 48 bits
        return written
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


@converter("mac")
def mac() -> Converter:
    """A hardware address in lower case with colons; anything else stays as it is."""
    return Converter(lambda value, _: normal_mac(as_text(value)), lambda value: value, quick=normal_mac)


@converter("part_of")
def part_of(separator: str, position: str) -> Converter:
    """One part of a text, counted from 0, or from the end with a minus."""
    at = int(position)

    def decode(value: Any, _: object) -> str | None:
        parts = as_text(value).split(separator)
        return parts[at] if -len(parts) <= at < len(parts) and parts[at] else None

    return Converter(decode, None, exact=False)


@converter("word_flag")
def word_flag(yes: str, no: str) -> Converter:
    """True and false in any spelling, and in two words more; each may list alternatives with `|`."""
    true, false = _TRUE | {*yes.split("|")}, _FALSE | {*no.split("|")}

    def decode(value: Any, _: object) -> bool:
        word = as_text(value).strip().lower()
        if word not in true and word not in false:
            raise ValueError(f"{word!r} is neither true nor false")
        return word in true

    return Converter(decode, lambda value: "true" if value else "false")


@converter("as_is")
def as_is() -> Converter:
    """What `prepare` has made canonical already; `render` makes it the source's again."""
    return Converter(lambda value, _: value, lambda value: value, scalar=False)


@converter("named_texts")
def named_texts() -> Converter:
    """Texts by name, in order."""

    def decode(value: Any, _: object) -> dict[str, str] | None:
        return {
            name: element_text(item).strip()[:512] for name, item in value.items() if type(item) is not list
        } or None

    return Converter(decode, dict, scalar=False)


@converter("column")
def column(name: str) -> Converter:
    """One field of each item of a list, as texts."""

    def decode(value: Any, _: object) -> list[str] | None:
        return [as_text(item[name]) for item in value if item.get(name)] or None

    return Converter(decode, lambda value: [{name: one} for one in value], scalar=False, exact=False)


@converter("template")
def template(pattern: str) -> Converter:
    """A text put into another where that has `{}`."""
    before, _, after = pattern.partition("{}")

    def quick(word: str) -> str:
        return f"{before}{word}{after}"

    return Converter(lambda value, _: quick(as_text(value)), None, exact=False, quick=quick)


@converter("nth_number")
def nth_number(position: str) -> Converter:
    """One of the numbers in a text, counted from 0."""
    at = int(position)
    return Converter(lambda value, _: as_number(_NUMBER.findall(as_text(value))[at]), None, exact=False)
