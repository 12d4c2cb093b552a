"""What a declaration may list under `keep:`, each of a kind that holds no free text; `extensions` carries the text.

Any other value of a kept field is impossible there: it does not travel.
"""

import math
import re
from collections.abc import Callable
from typing import Any, Final

from fairwatch.formats.language.converters.registry import Converter, converter
from fairwatch.formats.language.converters.scalars import as_text

KINDS: Final = ("number", "flag", "instant", "token", "code")
_LONGEST: Final = 40
_FLAGS: Final = {"true": "true", "1": "true", "yes": "true", "on": "true"} | {
    "false": "false",
    "0": "false",
    "no": "false",
    "off": "false",
}
_INSTANT: Final = re.compile(
    r"\d{4}-?\d\d-?\d\d[T ]?\d\d:?\d\d(:?\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?|\d{9,19}(\.\d{1,9})?"
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


def _number(value: Any) -> str:
    text = as_text(value).strip()
    if isinstance(value, bool) or not math.isfinite(float(text)) or len(text) > _LONGEST:
        raise ValueError("a number was expected")
    return text


def _flag(value: Any) -> str:
    return _FLAGS[as_text(value).strip().lower()]


def _instant(value: Any) -> str:
    return _matching(_INSTANT, value)


def _token(value: Any) -> str:
    return _matching(_TOKEN, value)


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    text = as_text(value).strip()
    if not pattern.fullmatch(text):
        raise ValueError("it is of another kind")
    return text


def _as_number(text: Any) -> Any:
    number = float(text)
    return int(text) if str(text).lstrip("-").isdecimal() else number


_READ: Final[dict[str, Callable[[Any], str]]] = {
    "number": _number,
    "flag": _flag,
    "instant": _instant,
    "token": _token,
    "code": _token,
}
_WRITE: Final[dict[str, Callable[[Any], Any]]] = {
    "number": _as_number,
    "flag": lambda text: text == "true",
    "instant": lambda text: text,
    "token": lambda text: text,
    "code": lambda text: text,
}


@converter("kept")
def kept(kind: str, system: str = "") -> Converter:
    """A value of a kind (number, flag, instant, token, or code with its system), as text.

    Raises:
        ValueError: There is no such kind, or a code without its system.
    """
    if kind not in KINDS or (kind == "code") != bool(system):
        raise ValueError(f"a kept field is one of {', '.join(KINDS[:-1])} or `code SYSTEM`")
    read = _READ[kind]
    return Converter(lambda value, _: read(value), _WRITE[kind])
