"""The second line: asks about what people register or type, where it names a people, a faith or what gives them away.

It never deletes. What devices say is closed by the kinds of fields; this is for names that operators register, titles,
reasons: an operator may answer with a reason, since "Turban Hotel" is a hotel.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from unicodedata import category, normalize

from fairwatch.policy.likeness import LETTERS
from fairwatch.policy.protected import is_protected, is_proxy_value

_FILE: Final = Path(__file__).with_name("terms.txt")
# What people write, by record; ids, addresses, plates and times are never looked at.
_TYPED: Final[Mapping[str, tuple[str, ...]]] = {
    "Device": ("name", "aliases", "names"),
    "Site": ("name", "areas"),
    "WatchlistEntry": ("title", "reason"),
    "Authorisation": ("objective", "reason"),
    "Silence": ("reason",),
    "RuleSet": ("reason",),
    "DeviceList": ("reason",),
    "SiteArming": ("reason",),  # of its last change
}
_LONGEST: Final = 2_000
_SAID_OFTEN: Final = 100
_REPEATED: Final = re.compile(r"(.{2,}?)\1+")
_LONG: Final = 6  # letters of a term that hides in no innocent word
_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_]+")
# Letters of other alphabets and digits that are drawn like Latin ones.
_ALIKE: Final = str.maketrans(
    {
        **LETTERS,
        **dict(zip("013457@$!", "oleastasi", strict=True)),
    }
)


@lru_cache(maxsize=4_096)
def folded(text: str) -> str:
    r"""Return a text without case, width, accents, separators and characters that are not seen.

    >>> folded("U\u200bY-G\u0301hur"), folded("Hij\u0101b")
    ('uyghur', 'hijab')
    """
    plain = normalize("NFKD", normalize("NFKC", text[:_LONGEST]).casefold())
    return "".join(one for one in plain if category(one) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Mc"})


@cache
def terms() -> frozenset[str]:
    """Return the folded terms, of more than forty languages."""
    return frozenset(_FILE.read_text(encoding="utf-8").split("\n")) - {""}


@cache
def _inside() -> re.Pattern[str]:
    """Return what finds terms within words: long ones, and those of scripts without spaces between words."""
    long = [one for one in terms() if len(one) >= _LONG or _is_unspaced(one)]
    return re.compile("|".join(map(re.escape, sorted(long, key=len, reverse=True))))


def _is_unspaced(term: str) -> bool:
    return any("\u0e00" <= one <= "\u0eff" or "\u2e80" <= one <= "\ud7ff" for one in term)


@lru_cache(maxsize=4_096)
def asked_about(text: str) -> str:
    """Return the term that a text should be asked about, folded; empty where there is none."""
    for seen in _readings(text):
        if seen in terms():
            return seen
    whole = folded(text)
    for seen in (whole, _like_latin(text)):
        found = _inside().search(seen)
        if found:
            return found[0]
    return whole if is_protected(text) or is_proxy_value(text) else ""


def questions(kind: str, record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (field, term) for each text of reference data that whoever writes it should be asked about."""
    for field in _TYPED.get(kind, ()):
        given = record.get(field) or ()
        for text in (given,) if isinstance(given, str) else given:
            if isinstance(text, str) and (term := asked_about(text)):
                yield field, term
    for field in ("zones", "names_by_kind") if kind == "Device" else ():
        for part in record.get(field) or ():
            if term := asked_about(part.get("name", "")):
                yield f"{field}.name", term


def _readings(text: str) -> Iterator[str]:
    """Yield each word, and the whole, as it is folded and as it looks; of a word said several times, the word."""
    for word in (*_WORD.findall(text[:_LONGEST]), *text[:_LONGEST].split()):
        for seen in (folded(word), _like_latin(word)):
            yield seen
            if len(seen) <= _SAID_OFTEN and (again := _REPEATED.fullmatch(seen)):
                yield again[1]


def _like_latin(text: str) -> str:
    plain = normalize("NFKC", text[:_LONGEST]).casefold()
    if not any(one.isalpha() for one in plain):
        return ""  # plates, numbers and times are no words
    return folded(plain.translate(_ALIKE))
