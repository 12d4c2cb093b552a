"""Whether two names look alike to a person: letters of other alphabets and characters that nobody sees."""

from functools import lru_cache
from typing import Final
from unicodedata import category, normalize

_LONGEST: Final = 2_000
_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
_CYRILLIC: Final = dict(zip("\u0430\u0435\u043e\u0440\u0441\u0443\u0445", "aeopcyx", strict=True)) | dict(
    zip("\u0456\u0458\u0455\u04bb\u0501\u051b\u051d", "ijshdqw", strict=True)
)
_GREEK: Final = dict(zip("\u03b1\u03b5\u03bf\u03c1\u03c5\u03b9\u03ba\u03bd\u03c7\u03c4", "aeopuikvxt", strict=True))
# Letters of other alphabets that are drawn like Latin ones.
LETTERS: Final = {**_CYRILLIC, **_GREEK, "\u0131": "i", "\u0142": "l", "\u00f8": "o"}
_ALIKE: Final = str.maketrans(LETTERS)


@lru_cache(maxsize=4_096)
def seen_as(name: str) -> str:
    r"""Return what a name looks like: two names that look alike give the same; empty where there is nothing to see.

    >>> seen_as(" Dor\u0430 ") == seen_as("do\u200bra") == seen_as("dora")
    True
    """
    plain = normalize("NFKC", name[:_LONGEST]).casefold()
    shown = "".join(one for one in plain if category(one) not in _UNSEEN and category(one) != "Mn")
    return shown.translate(_ALIKE).strip()


def disguise(name: str) -> str:
    r"""Return what is wrong with a name that somebody typed, or an empty text.

    A name is refused where it holds what nobody sees, or letters of one alphabet that pass for those of another.

    >>> disguise("d\u043era"), disguise("\u0414\u0430\u0448\u0430"), disguise("do\u200bra"), disguise("Zo\u00eb")
    ('has letters of two alphabets', '', 'has characters that nobody sees', '')
    """
    if any(category(one) in _UNSEEN for one in name):
        return "has characters that nobody sees"
    letters = [one for one in normalize("NFKC", name).casefold() if one.isalpha()]
    foreign = [one for one in letters if "\u0370" <= one <= "\u052f"]
    return "has letters of two alphabets" if foreign and len(foreign) < len(letters) else ""
