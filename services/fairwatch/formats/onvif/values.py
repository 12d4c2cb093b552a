"""Conversions that only ONVIF needs."""

import base64
from typing import Any, Final

from fairwatch.formats.language.converters import Converter, converter
from fairwatch.formats.language.converters.scalars import as_text
from fairwatch.formats.language.tables import table
from fairwatch.formats.onvif.objects import text_of

Tree = dict[str, Any]

_ON: Final = frozenset({"true", "1", "active", "on", "yes", "closed", "open"})
_OFF: Final = frozenset({"false", "0", "inactive", "off", "no", "-1"})
# ISO 3166 alpha-3 of the countries whose plates readers report, for makers that write three letters.
_COUNTRIES: Final[dict[str, str]] = table(__file__, "words")["countries"]


@converter("onvif_text")
def onvif_text() -> Converter:
    """The text of a StringLikelihood."""
    return Converter(lambda value, _: as_text(value), lambda value: value, inline="v")


@converter("onvif_active")
def onvif_active() -> Converter:
    """A state in any of the words that makers use."""

    def decode(value: Any, _: object) -> bool:
        word = as_text(value).strip().lower()
        if word in _ON or word in _OFF:
            return word in _ON
        raise ValueError(f"{word!r} is no state")

    return Converter(decode, lambda value: "true" if value else "false")


@converter("onvif_tokens")
def onvif_tokens() -> Converter:
    """Every Source item by name, in order."""

    def decode(value: Any, _: object) -> Tree | None:
        return {name: text_of(item)[:512] for name, item in value.items() if type(item) is not list} or None

    return Converter(decode, lambda value: dict(value), scalar=False)  # noqa: PLW0108 - a copy


@converter("onvif_country")
def onvif_country() -> Converter:
    """ISO 3166 alpha-2; three letters are translated, anything else stays in the code alone."""

    def decode(value: Any, _: object) -> str | None:
        code = as_text(value).strip().upper()
        return code if len(code) == 2 and code.isalpha() else _COUNTRIES.get(code)  # noqa: PLR2004 - letters

    return Converter(decode, lambda value: value)


@converter("onvif_cells")
def onvif_cells() -> Converter:
    """Whether any cell of a PackBits-coded motion bitmap is set."""

    def decode(value: Any, _: object) -> bool:
        return any(_unpacked(base64.b64decode(as_text(value), validate=True)))

    return Converter(decode, None, exact=False)


def _unpacked(packed: bytes) -> bytes:
    out, at = bytearray(), 0
    while at < len(packed) and len(out) < 65_536:  # noqa: PLR2004 - cells
        head = packed[at]
        if head < 128:  # noqa: PLR2004 - PackBits: so many literal bytes follow
            out += packed[at + 1 : at + 2 + head]
            at += 2 + head
        else:
            out += packed[at + 1 : at + 2] * (257 - head)
            at += 2
    return bytes(out)
