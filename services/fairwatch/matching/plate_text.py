"""The alphabet of number plates: one spelling for one plate, and which characters readers take for each other."""

import unicodedata

from fairwatch.matching.plate_confusion import CONFUSABLE, REPRESENTATIVE

UNREAD = "?"
_SEPARATORS = {code: None for code in range(128) if not chr(code).isalnum() and chr(code) != UNREAD}

# Letters of other scripts that plates use because they look like Latin ones; readers write either.
_LOOKALIKES = dict(
    zip(
        "АВЕКМНОРСТУХІЈЅ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",  # noqa: RUF001  # Cyrillic, Greek: the point of this table
        "ABEKMHOPCTYXIJS" + "ABEZHIKMNOPTYX",
        strict=True,
    )
)
# Province and use characters of Chinese plates in their traditional form.
_SIMPLIFIED = dict(zip("粵雲遼蘇魯贛閩陝貴寧瓊滬黑學領掛門災險", "粤云辽苏鲁赣闽陕贵宁琼沪黑学领挂门灾险", strict=True))
_FOLDED = {ord(old): new for old, new in (_LOOKALIKES | _SIMPLIFIED).items()}


def normalise(text: str) -> str:
    """Return a plate as it is compared: upper-case letters and digits without separators, `?` for an unread one.

    Full-width characters, digits of other scripts, Cyrillic and Greek letters that look Latin, and traditional Chinese
    characters get one form. Letters that differ, such as U and Ü, stay different (they are confusable).

    >>> normalise("в 123-мк 77"), normalise("京A·12345")
    ('B123MK77', '京A12345')
    """
    if text.isascii():
        return text.upper().translate(_SEPARATORS)  # the same, at a tenth of the cost: nothing in it has a second form
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).upper()).translate(_FOLDED)
    return "".join(_digit(char) for char in composed if char.isalnum() or char == UNREAD)


def skeleton(normal: str) -> str:
    """Return a normalised plate with each character replaced by the first of its class.

    >>> skeleton("OBI1") == skeleton("0811")
    True
    """
    return normal.translate(REPRESENTATIVE)


def confusion(read: str, listed: str) -> float | None:
    """Return how likely `listed` is where `read` was read, in (0,1); None when they are not confusable."""
    return CONFUSABLE.get(frozenset((read, listed)))


def _digit(char: str) -> str:
    value = unicodedata.decimal(char, None)
    return char if value is None else str(value)
