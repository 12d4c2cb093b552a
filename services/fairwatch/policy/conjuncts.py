"""Whether two conditions exclude each other, as far as that can be read: comparisons with constants, joined by `&&`."""

import re
from dataclasses import dataclass, field
from itertools import pairwise

_NUMBER = r"-?\d+(?:\.\d+)?"
_TEXT = r"\"[^\"\\]*\"|'[^'\\]*'"
_CONSTANT = rf"(?:{_TEXT}|{_NUMBER}|true|false)"
_FIELD = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_COMPARED = re.compile(rf"({_FIELD})\s*(==|!=|<=|>=|<|>)\s*({_CONSTANT})")
_AMONG = re.compile(rf"({_FIELD})\s+in\s+\[\s*({_CONSTANT}(?:\s*,\s*{_CONSTANT})*)\s*\]")
_PLAIN = re.compile(rf"(!?)\s*({_FIELD})")
_EACH = re.compile(_CONSTANT)
Constant = str | float | bool
NO_BOUND = float("inf")


@dataclass
class _Asked:
    """What is asked of one field: one of some values, none of others, a number between two; ends may be left out."""

    among: set[Constant] | None = None
    without: set[Constant] = field(default_factory=set)
    least: tuple[float, bool] = (-NO_BOUND, True)  # and whether it is a value itself
    most: tuple[float, bool] = (NO_BOUND, True)

    def narrow(self, operator: str, values: set[Constant]) -> None:
        if operator in ("==", "in"):
            self.among = values if self.among is None else self.among & values
        elif operator == "!=":
            self.without |= values
        else:
            (bound,) = values
            end = float(bound), operator.endswith("=")
            if operator.startswith(">"):
                self.least = max(self.least, end, key=lambda each: (each[0], not each[1]))
            else:
                self.most = min(self.most, end, key=lambda each: (each[0], each[1]))

    def is_possible(self) -> bool:
        if self.among is not None:
            return any(self._takes(value) for value in self.among - self.without)
        (least, has_least), (most, has_most) = self.least, self.most
        return least < most or (least == most and has_least and has_most and least not in self.without)

    def _takes(self, value: Constant) -> bool:
        if isinstance(value, str):
            return True
        (least, has_least), (most, has_most) = self.least, self.most
        return (least < value or (has_least and least == value)) and (value < most or (has_most and most == value))


def exclude(*conditions: str) -> bool | None:
    """Tell whether conditions in CEL never hold together; None where one of them is more than comparisons.

    >>> exclude('hour >= 22', 'hour < 6 && site_id == "gate"'), exclude("confidence > 0.5", "confidence < 0.9")
    (True, False)
    >>> exclude('kind in ["FACE"]', 'kind == "PLATE"'), exclude("site.armed", "!site.armed"), exclude("a || b", "a")
    (True, True, None)
    """
    asked: dict[str, _Asked] = {}
    for part in (part.strip() for text in conditions for part in _parts(text)):
        read = _read(part)
        if read is None:
            return None
        name, operator, values = read
        asked.setdefault(name, _Asked()).narrow(operator, values)
    return not all(each.is_possible() for each in asked.values())


def _read(part: str) -> tuple[str, str, set[Constant]] | None:
    if found := _COMPARED.fullmatch(part):
        value = _constant(found[3])
        if found[2] not in ("==", "!=") and (isinstance(value, str | bool)):
            return None
        return found[1], found[2], {value}
    if found := _AMONG.fullmatch(part):
        return found[1], "in", {_constant(text) for text in _EACH.findall(found[2])}
    if (found := _PLAIN.fullmatch(part)) and found[2] not in ("true", "false"):
        return found[2], "==", {not found[1]}
    return None


def _constant(text: str) -> Constant:
    if text[0] in "\"'":
        return text[1:-1]
    return text == "true" if text in ("true", "false") else float(text)


def _parts(text: str) -> list[str]:
    """Split at each `&&` outside of quotes; one inside of brackets leaves parts that nobody reads."""
    quoted = [found.span() for found in re.finditer(_TEXT, text)]
    places = [found.start() for found in re.finditer("&&", text) if not any(a <= found.start() < b for a, b in quoted)]
    return [text[begin + 2 : end] for begin, end in pairwise([-2, *places, len(text)])]
