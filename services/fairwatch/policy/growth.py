"""How much longer than what it is given the answer of an expression in CEL may become.

A macro such as `map` names what it looks at, and may say that name several times: `["x"].map(a, a + a)` is twice as
long. Each one after it, or within it, multiplies that, and the library's budget of iterations does not see it: forty in
a row would want more memory than there is.
"""

import re
from typing import Final

_STRING: Final = r'"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\''
_RAW: Final = r'[bB]?[rR](?:""".*?"""|\'\'\'.*?\'\'\'|"[^"]*"|\'[^\']*\')'  # a backslash in it is no more than that
UNREAD: Final = re.compile(rf"//[^\n]*|{_RAW}|{_STRING}", re.DOTALL)
_MACRO: Final = re.compile(r"\.\s*(map|filter|all|exists|exists_one)\s*\(\s*([A-Za-z_]\w*)\s*,")


def growth_of(text: str) -> int:
    """Return the factor, at most, by which macros make an answer or what is on the way to it longer than its parts."""
    return _growth(UNREAD.sub('""', text))


def _growth(plain: str) -> int:
    repeated, widest, at = 1, 1, 0
    while (macro := _MACRO.search(plain, at)) is not None:
        at = _end_of(plain, macro.end())
        body = plain[macro.end() : at]
        factor = max(1, len(re.findall(rf"\b{macro[2]}\b", body))) * _growth(body)
        if macro[1] == "map":
            repeated *= factor
        else:  # it answers with no more than it was given: only what lies within it grows
            widest = max(widest, factor)
    return repeated * widest


def _end_of(plain: str, at: int) -> int:
    """Return where the parenthesis ends in which a place lies."""
    depth = 1
    while at < len(plain):
        depth += {"(": 1, ")": -1}.get(plain[at], 0)
        if depth == 0:
            return at
        at += 1
    return at
