"""Every field and wrapper name of GA/T 1400.3, so that dialects in other cases and wrappers read as one."""

from functools import lru_cache
from typing import Final

from fairwatch.formats.language.tables import table

_TABLE: Final = table(__file__, "names")
FIELDS: Final = frozenset(_TABLE["fields"])

_ALIASES: Final[dict[str, str]] = _TABLE["aliases"]
_CANONICAL: Final[dict[str, str]] = {**{name.lower(): name for name in FIELDS}, **_ALIASES}

KINDS: Final[dict[str, str]] = _TABLE["kinds"]
_BARE: Final = frozenset(_TABLE["bare"])
_ENDINGS: Final = ("listobject", "objectlist", "infoobject", "object", "list", "info")


@lru_cache(maxsize=16_384)
def canonical(name: str) -> str:
    """Return the field's name as the standard spells it; an unknown name stays as it is."""
    return _CANONICAL.get(name.lower(), name)


@lru_cache(maxsize=4_096)
def kind_of(name: str) -> str:
    """Return which kind of object a key wraps, or an empty text when it is no wrapper."""
    text = name.lower()
    if text in _BARE:
        return KINDS[text]
    if text in {"imageinfo", "imageinfoobject"}:
        return "ImageInfo"
    for ending in _ENDINGS:
        stem = text.removesuffix(ending)
        if stem != text and stem in KINDS:
            return "" if ending == "info" and stem != "case" else KINDS[stem]
    return ""
