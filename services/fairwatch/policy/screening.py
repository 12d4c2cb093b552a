"""Finds out fast whether a document needs redaction at all; most do not, and redaction copies the whole tree.

Names are remembered by where they occur, so that a known kind of message costs one dictionary look-up for each name.
"""

import re
from functools import lru_cache
from typing import Any, Final

from fairwatch.policy import protected_terms as terms
from fairwatch.policy.protected import (
    is_protected,
    is_proxy_value,
    is_secret,
    is_soft_biometric,
    redact_text,
    redact_tree,
)
from fairwatch.policy.protected_names import REMEMBERED, compact
from fairwatch.policy.redaction import is_attribute_name

_MOST_NAMES: Final = 50_000
_SHORT: Final = 64
_LONG: Final = 200
_NUMBERS: Final = re.compile(r"[0-9a-fA-FTZ:.,+\-/ ]*")  # numbers, times, hashes and UUIDs say nothing of a person


class _Name:
    """What is known of one name at one place."""

    __slots__ = ("below", "path", "suspect")

    def __init__(self, name: str, path: str, *, soft: bool) -> None:
        text = compact(name)
        self.suspect = (
            is_protected(name, path)
            or is_secret(name)
            or text in terms.PROXY_CODES
            or text in terms.IDENTITY_MARKS
            or (not soft and is_soft_biometric(name))
        )
        self.below: dict[str, _Name] = {}
        self.path = f"{path}/{name}"


def _is_suspect_text(value: str) -> bool:
    """Return whether a text may give something away; long ones are not remembered, or they would fill memory."""
    return (_judged if len(value) <= _LONG else _judged.__wrapped__)(value)


@lru_cache(maxsize=REMEMBERED)
def _judged(value: str) -> bool:
    if _NUMBERS.fullmatch(value):
        return False
    if len(value) <= _SHORT and (
        is_proxy_value(value) or is_soft_biometric(value) or is_secret(value) or is_attribute_name(value)
    ):
        return True
    return redact_text(value)[1] > 0


class Screen:
    """Answers for the documents of one format."""

    def __init__(self, *, soft_biometrics: bool) -> None:
        self._soft = soft_biometrics
        self._names: dict[str, dict[str, _Name]] = {}
        self._count = 0

    def suspects(self, tree: Any, enclosing: str = "") -> bool:
        """Return whether anything in the tree may be protected.

        Args:
            tree: A document or a part of it.
            enclosing: Path that holds the part.
        """
        if self._count > _MOST_NAMES:  # hostile names must not fill memory
            self._names, self._count = {}, 0
        return self._look(tree, self._names.setdefault(enclosing, {}), enclosing)

    def _look(self, node: Any, known: dict[str, _Name], path: str) -> bool:
        if type(node) is list:
            return self._look_through(node, known, path)
        for name, value in node.items():
            if value is None:  # a record of ours names every field, most of them empty
                continue
            entry = known.get(name)
            if entry is None:
                entry = known[name] = _Name(name, path, soft=self._soft)
                self._count += 1
            if entry.suspect:
                return True
            kind = type(value)
            if kind is str:
                if _is_suspect_text(value):
                    return True
            elif (kind is dict or kind is list) and value and self._look(value, entry.below, entry.path):
                return True
        return False

    def _look_through(self, items: list[Any], known: dict[str, _Name], path: str) -> bool:
        for item in items:
            kind = type(item)
            if kind is str:
                if _is_suspect_text(item):
                    return True
            elif (kind is dict or kind is list) and self._look(item, known, path):
                return True
        return False

    def redact(self, tree: Any, enclosing: str = "") -> int:
        """Take protected fields out of a tree where it stands, and return how many."""
        kept, removed = redact_tree(tree, soft_biometrics=self._soft, enclosing=enclosing)
        if removed and isinstance(tree, dict):
            tree.clear()
            tree.update(kept)
        elif removed and isinstance(tree, list):
            tree[:] = kept
        return removed
