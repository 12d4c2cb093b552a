"""Texts that are no words: numbers, instants, ids, addresses. Each shape says whether a text is exactly that."""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Final
from zoneinfo import available_timezones

from fairwatch.policy.protected import is_protected, is_proxy_value
from fairwatch.wire.kinds.names import is_token
from fairwatch.wire.kinds.tables import code_tables
from fairwatch.wire.kinds.vocabularies import vocabularies, vocabulary

Shape = Callable[[str], bool]

LONGEST_ID: Final = 128
LONGEST_ADDRESS: Final = 1_024
LONGEST_NAME: Final = 128
_SHORTEST_HIDDEN: Final = 6  # letters and digits that may be a word in hexadecimal
_HIDING: Final = 12  # digits of which the same may be true: shorter ones are numbers
_LONGEST_MIXED: Final = 6  # letters of both cases, with digits, that are no base64
_TWO: Final = 2  # letters without a digit that are no word
_FEW: Final = 3  # letters in a row that are hardly ever a word
_ID: Final = re.compile(r"[0-9A-Za-z._:/@#{}+-]*[0-9][0-9A-Za-z._:/@#{}+-]*")
_WORDY: Final = re.compile(r"[\w.:/@#{}+-]+", re.ASCII)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
_RUN: Final = re.compile(r"[A-Za-z]{3,}")
_HEX: Final = re.compile(r"[A-Fa-f]*[0-9][0-9A-Fa-f]*")
_UUID: Final = re.compile(r"(?:urn:uuid:)?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ALNUM: Final = re.compile(r"[^\W_]+")
# Three letters that are a people's or a faith's name, or a proxy, and no part of an id.
_SHORT_TERMS: Final = frozenset(
    [
        "han",
        "hui",
        "jew",
        "yao",
        "dai",
        "gay",
        "sex",
        "mon",
        "kor",
        "tai",
        "lao",
        "zhu",
        "qin",
        "lgb",
        "mos",
        "sik",
        "rom",
    ]
)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}(?:[.,][0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?%?")
_MONTHS: Final = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DAYS: Final = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_INSTANT: Final = re.compile(rf"(?:[0-9TtZz:.,+\-/ ]|GMT|UTC|AM|PM|{_MONTHS}|{_DAYS}){{1,48}}")
_NUMBERS: Final = re.compile(r"[\[\]0-9eE+., -]{2,1024}")  # a list of them, as JSON
_OFFSET: Final = re.compile(r"(?:ASSUMED_)?(?:UTC|SITE|Z|[+-][0-9]{2}:?[0-9]{2}(?::[0-9]{2})?)")
_VERSION: Final = re.compile(r"[vV]?[0-9]{1,8}(?:[._-][0-9]{1,8}){0,5}|mqtt")
_MIME: Final = re.compile(
    r"(?:image/(?:jpeg|jpg|png|gif|bmp|webp|tiff|heic|avif)"
    r"|video/(?:mp4|mpeg|webm|x-msvideo|quicktime|mp2t|x-matroska|h264)"
    r"|audio/(?:mpeg|wav|x-wav|ogg|aac|mp4)|application/octet-stream)"
)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_FORMAT: Final = re.compile(r"[a-z][a-z0-9]*(?:[.-][a-z0-9]+){0,5}")
_FIELD: Final = re.compile(r"[A-Za-z_@$#][\w.@:#-]{0,199}")
_STORED: Final = re.compile(r"fw-media:[0-9a-f]{64}")
_SCHEME: Final = re.compile(r"(?:https?|rtsps?|ftp|file)://", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[\w./:?&=,~+#;!()-]+", re.ASCII)
_PLATE: Final = re.compile(r"[\w\s·.\-/?*•:%'()]*")
_MARKS: Final = re.compile(r"[^\W_]")
_MOST_MARKS: Final = 13  # letters and digits of a plate
_MOST_LETTERS: Final = 9  # of a plate without a digit
_FLAGS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "True", "False"})


@lru_cache(maxsize=8_192)  # ids of devices, channels and rules come again and again
def is_plain_id(text: str) -> bool:
    """Tell whether an id is made of digits and hexadecimal numbers, so that it can name nothing."""
    if not text or len(text) > LONGEST_ID:
        return False
    if _ID.fullmatch(text) is None:
        return len(text) <= _TWO and text.isalnum() and text.isascii()
    if (text.isdigit() and len(text) < _HIDING) or _UUID.fullmatch(text):
        return True
    if _is_base64_of_a_word(text):
        return False
    groups = _ALNUM.findall(text)
    return all(map(_is_plain_group, groups)) and (len(groups) < _FEW or not _hides_text("".join(groups), mixed=False))


def _is_plain_group(group: str) -> bool:
    """Tell whether letters and digits say nothing: three letters in a row at most, or hexadecimal with a digit."""
    if _hides_text(group):
        return False
    runs = _RUN.findall(group)
    if not runs or _HEX.fullmatch(group):
        return True
    return not group.isalpha() and all(len(run) == _FEW and run.lower() not in _SHORT_TERMS for run in runs)


def _hides_text(group: str, *, mixed: bool = True) -> bool:
    """Tell whether letters and digits look like base64, or are a word in hexadecimal."""
    if len(group) < _SHORTEST_HIDDEN or (len(group) < _HIDING and group.isdigit()):
        return False
    if _HEX.fullmatch(group) is None:
        return mixed and len(group) > _LONGEST_MIXED and group != group.lower() and group != group.upper()
    if len(group) % 2:
        return False
    return _is_word(bytes.fromhex(group))


def _is_word(data: bytes) -> bool:
    """Tell whether bytes are a word of letters in UTF-8."""
    try:
        said = data.decode().replace("\u200b", "")
    except ValueError:
        return False
    if said.isascii():
        return all(one.isalpha() or one in " -_" for one in said)
    return said.isprintable() and any(map(str.isalpha, said))


def _is_base64_of_a_word(text: str) -> bool:
    if len(text) % 4 or _BASE64.fullmatch(text) is None:
        return False
    try:
        return _is_word(b64decode(text, validate=True))
    except ValueError:
        return False


def hides_word(text: str) -> bool:
    """Tell whether a text is a word in hexadecimal or base64."""
    return _hides_text(text, mixed=False) or _is_base64_of_a_word(text)


def is_id(text: str) -> bool:
    """Tell whether an id may travel: as `is_plain_id`, or with words that say nothing, such as `track-17`."""
    if is_plain_id(text) or is_token(text):
        return True
    if len(text) > LONGEST_ID or _is_base64_of_a_word(text):
        return False
    return _WORDY.fullmatch(text) is not None and _is_of_words(text, "id-word")


def is_uri(text: str) -> bool:
    """Tell whether an address may travel: no credentials, no words but harmless ones."""
    if _STORED.fullmatch(text):
        return True
    rest = _SCHEME.sub("", text, count=1)
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(rest) is not None and _is_of_words(rest, "uri-word")


def _is_of_words(text: str, words: str) -> bool:
    known = vocabulary(words)
    return text.isascii() and all(
        _is_plain_group(group) or (known.holds(group) and not is_proxy_value(group)) for group in _ALNUM.findall(text)
    )


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and not (len(text) >= _HIDING and hides_word(text))


def is_plate(text: str) -> bool:
    """Tell whether a text is as long as a plate and made of what plates are made of."""
    if len(text) > 2 * _MOST_MARKS or _PLATE.fullmatch(text) is None:
        return False
    marks = _MARKS.findall(text)
    has_digits = any(mark.isdigit() for mark in marks)
    return len(marks) <= (_MOST_MARKS if has_digits else _MOST_LETTERS)


def is_name(text: str) -> bool:
    """Tell whether a text is a name on one line; whether it is registered only who knows the device can say."""
    return len(text) <= LONGEST_NAME and text.isprintable()


@lru_cache(maxsize=8_192)
def is_kept(text: str) -> bool:
    """Tell whether a value may be kept as it is: a number, a flag, an instant, an id, a word of a vocabulary."""
    return (
        is_plain_id(text)
        or is_token(text)
        or text in _FLAGS
        or (any(shape.fullmatch(text) for shape in (_NUMBER, _INSTANT, _VERSION, _NUMBERS)) and not _hides_text(text))
        or any(words.holds(text) for words in vocabularies().values() if not words.parts)
    )


def _is_zone(text: str) -> bool:
    return _OFFSET.fullmatch(text) is not None or text.removeprefix("ASSUMED_") in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_region(text: str) -> bool:
    """Tell whether a text is a country's code, one with a part of it (`us-wa`), or the two letters of a district."""
    country, _, part = text.upper().partition("-")
    known = vocabulary("country").holds(country) or (country == text and len(country) <= _TWO)
    return known and text.isascii() and text.replace("-", "").isalpha() and len(part) <= _TWO


def _is_format(text: str) -> bool:
    return len(text) <= LONGEST_NAME // 2 and _FORMAT.fullmatch(text) is not None and not _says_something(text)


def _is_field(text: str) -> bool:
    return _FIELD.fullmatch(text) is not None and not _says_something(text)


def _says_something(text: str) -> bool:
    return is_protected(text) or is_proxy_value(text)


def _is_system(text: str) -> bool:
    return code_tables().table(text) is not None


SHAPES: Final[Mapping[str, Shape]] = {
    "character": lambda text: len(text) <= _TWO,  # a letter and the mark on it
    "format": lru_cache(maxsize=1_024)(_is_format),
    "instant": lambda text: text == "" or _INSTANT.fullmatch(text) is not None,
    "kept": is_kept,
    "mime": lambda text: _MIME.fullmatch(text) is not None,
    "name": lru_cache(maxsize=8_192)(_is_field),
    "number": _is_number,
    "region": lru_cache(maxsize=1_024)(_is_region),
    "sha256": lambda text: _SHA256.fullmatch(text) is not None,
    "system": lru_cache(maxsize=1_024)(_is_system),
    "version": lambda text: _VERSION.fullmatch(text) is not None,
    "zone": lru_cache(maxsize=1_024)(_is_zone),
}
