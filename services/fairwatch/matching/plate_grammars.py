"""The usual forms of plates, by country: what a reader writes down that is of none of them is likelier wrong.

A form is a regular expression over the normalised plate (see `plate_text`). Only series that are in common use are
here; plates of older or special ones are of no usual form, and nothing is concluded from that alone.
"""

import re
from typing import Final

FORMS: Final = {
    "AR": r"[A-Z]{3}\d{3}|[A-Z]{2}\d{3}[A-Z]{2}",
    "BE": r"[1-9][A-Z]{3}\d{3}",
    "BR": r"[A-Z]{3}\d[A-Z0-9]\d{2}",
    "CN": r"[一-鿿][A-HJ-NP-Z][A-HJ-NP-Z0-9]{5,6}",
    "CZ": r"\d[A-Z]\d\d{4}",
    "DE": r"[A-ZÄÖÜ]{2,5}[1-9]\d{0,3}[EH]?",
    "EE": r"\d{3}[A-Z]{3}",
    "ES": r"\d{4}[B-DF-HJ-NPR-TV-Z]{3}",
    "FI": r"[A-ZÄÅÖ]{3}\d{1,3}",
    "FR": r"[A-HJ-NP-TV-Z]{2}\d{3}[A-HJ-NP-TV-Z]{2}",
    "GB": r"[A-Z]{2}\d{2}[A-Z]{3}|[A-Z]\d{1,3}[A-Z]{3}|[A-Z]{3}\d{1,3}[A-Z]",
    "HU": r"[A-Z]{3}\d{3}|[A-Z]{4}\d{3}",
    "IN": r"[A-Z]{2}\d{1,2}[A-Z]{1,3}\d{4}",
    "IT": r"[A-HJ-NPR-TV-Z]{2}\d{3}[A-HJ-NPR-TV-Z]{2}",
    "KR": r"[가-힣]{0,2}\d{2,3}[가-힣]\d{4}",
    "LT": r"[A-Z]{3}\d{3}",
    "NO": r"[A-Z]{2}\d{5}",
    "RU": r"[ABEKMHOPCTYX]\d{3}[ABEKMHOPCTYX]{2}\d{2,3}",
    "SE": r"[A-Z]{3}\d{2}[A-Z0-9]",
    "TR": r"\d{2}[A-Z]{1,3}\d{2,5}",
    "UA": r"[ABEKMHOPCTYXI]{2}\d{4}[ABEKMHOPCTYXI]{2}",
}
_COMPILED: Final = {country: re.compile(form) for country, form in FORMS.items()}


def usual(country: str | None, plate: str) -> bool | None:
    """Return whether a normalised plate is of a usual form of a country (ISO 3166-1 alpha-2); None where unknown.

    >>> usual("gb", "AB12CDE"), usual("GB", "AB1ZCDE"), usual("ZZ", "A812CDE")
    (True, False, None)
    """
    form = _COMPILED.get((country or "").upper())
    return None if form is None else form.fullmatch(plate) is not None
