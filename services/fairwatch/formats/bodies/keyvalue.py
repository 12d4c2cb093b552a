"""Bodies of names and values: `Code=…;action=…;data={…}` a line, or one name with dots a line.

A line of several pairs is a document of its own; lines of one pair each are one document together, whose dotted names
become a tree. The last value of a line may be JSON over many lines. Lines that are neither are left out: cameras write
boundaries, headers and the word `Heartbeat` between their events.
"""

import json
import re
from typing import Any, Final

from fairwatch.domain.errors import RejectedError

MOST: Final = 1_000
_LONGEST_NAME: Final = 20  # steps of a dotted name
_MOST_ITEMS: Final = 1_000
_START: Final = re.compile(r"(?m)^[ \t]*(?=[A-Za-z_][\w.\[\]-]{0,200}=)")
_PAIR: Final = re.compile(r"([A-Za-z_][\w.\[\]-]{0,200})=")
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d{1,4})\]")
_DECODER: Final = json.JSONDecoder()
_HEARTBEAT: Final = re.compile(r"\s*heartbeat\s*", re.IGNORECASE)
HEARTBEAT: Final = {"#text": "Heartbeat"}


def read_pairs(body: bytes) -> list[dict[str, Any]]:
    """Return the documents of a body of names and values, none if it is no such body.

    Raises:
        RejectedError: too_large.
    """
    text = body.decode("utf-8", "replace").rstrip("\0")
    if _HEARTBEAT.fullmatch(text):
        return [dict(HEARTBEAT)]
    documents: list[dict[str, Any]] = []
    tree: dict[str, Any] = {}
    at = 0
    while found := _START.search(text, at):
        pairs, at = _line(text, found.end())
        if len(pairs) > 1:
            documents.append(dict(pairs))
        elif len(tree) < _MOST_ITEMS:
            _put(tree, *pairs[0])
        if len(documents) > MOST:
            raise RejectedError("too_large", f"the body has more than {MOST} events")
    return [*documents, tree] if tree else documents


def _line(text: str, at: int) -> tuple[list[tuple[str, Any]], int]:
    """Return the pairs that begin at a position, and where they end."""
    pairs: list[tuple[str, Any]] = []
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    while at < end and (named := _PAIR.match(text, at)):
        name, at = named[1], named.end()
        if text[at : at + 1] in {"{", "["} and (whole := _json(text, at)):
            pairs.append((name, whole[0]))
            at = whole[1] + 1
            continue
        stop = text.find(";", at, end)
        stop = end if stop < 0 else stop
        pairs.append((name, text[at:stop].strip()))
        at = stop + 1
    return pairs, max(at - 1, end if at <= end else at - 1)


def _json(text: str, at: int) -> tuple[Any, int] | None:
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None


def _put(tree: dict[str, Any], name: str, value: Any) -> None:
    """Store a value under a dotted name; `[n]` is an item of a list. What does not fit is left out."""
    steps = [int(index) if index else word for word, index in _STEP.findall(name)][:_LONGEST_NAME]
    node: Any = tree
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        made = value if following is None else [] if type(following) is int else {}
        if type(step) is int and type(node) is list and step <= len(node):
            if step == len(node):
                node.append(made)
        elif type(step) is str and type(node) is dict:
            node.setdefault(step, made)
        else:
            return
        node = node[step]
