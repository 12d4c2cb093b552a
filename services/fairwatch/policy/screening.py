"""Finds out fast whether a document needs redaction at all; most do not, and redaction copies the whole tree.

Names are remembered by where they occur, so that a known kind of message costs one dictionary look-up for each name.
"""

import re
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
from fairwatch.policy.protected_names import compact
from fairwatch.policy.redaction import is_attribute_name

_MOST_NAMES: Final = 50_000
_MOST_TEXTS: Final = 16_384
_SHORT: Final = 64
_LONGEST_KEPT: Final = 256
_NUMBERS: Final = re.compile(r"[0-9a-fA-FTZ:.,+\-/ ]*")  # numbers, times, hashes and UUIDs say nothing of a person
# No term in Latin letters is shorter than three, however they are separated: most ids have no such letters.
_LETTERS: Final = re.compile(r"[A-Za-z](?:[\W_]*[A-Za-z]){2}")


class Texts:
    """Texts that were found harmless; all are forgotten when there are too many: hostile ones must not fill memory.

    Looked up in `known` by the walks, where a call for each text would be felt.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()

    def add(self, value: str) -> None:
        """Remember a text, unless it is long."""
        if len(value) <= _LONGEST_KEPT:
            if len(self.known) >= _MOST_TEXTS:
                self.known.clear()
            self.known.add(value)


class Name:
    """What is known of one name at one place.

    Attributes:
        suspect: A field of this name may have to go, or needs a closer look.
        watched: It is suspect, or is if something beside it identifies a person.
        forbidden: It has to go, whatever it holds.
        identifies: It says that a name or alias beside it is a person's.
        identity: It is such a name or alias, if something beside it identifies a person.
        below: What is known of the names below it.
        path: Where it is, with what encloses it.
    """

    __slots__ = ("below", "forbidden", "identifies", "identity", "path", "suspect", "watched")

    def __init__(self, name: str, path: str, *, soft: bool) -> None:
        text = compact(name)
        gone = is_protected(name, path) or is_secret(name) or (not soft and is_soft_biometric(name))
        self.identifies, self.identity = text in terms.IDENTITY_MARKS, text in terms.PERSON_NAMES
        self.suspect = gone or self.identifies or text in terms.PROXY_CODES
        self.watched = self.suspect or self.identity
        self.forbidden = gone and text not in terms.PROXY_CODES
        self.below: dict[str, Name] = {}
        self.path = f"{path}/{name}"


_harmless: Final = Texts()


def is_suspect_text(value: str) -> bool:
    """Return whether a value may say what must not be carried."""
    if value in _harmless.known:
        return False
    suspect = _gives_away(value)
    if not suspect:
        _harmless.add(value)
    return suspect


def _gives_away(value: str) -> bool:
    if _NUMBERS.fullmatch(value) or (len(value) <= _SHORT and value.isascii() and not _LETTERS.search(value)):
        return False
    if len(value) <= _SHORT and (
        is_proxy_value(value) or is_soft_biometric(value) or is_secret(value) or is_attribute_name(value)
    ):
        return True
    return redact_text(value)[1] > 0


def _has_mark(node: dict[str, Any]) -> bool:
    """Return whether a name in it is a person's; an identity mark says so even where it is null."""
    return any(compact(name) in terms.IDENTITY_MARKS for name in node)


class Screen:
    """Answers for the documents of one format.

    Args:
        soft_biometrics: Age and gender may be carried.
        most_names: How many names are remembered; beyond, all are forgotten, since hostile ones must not fill memory.
    """

    def __init__(self, *, soft_biometrics: bool, most_names: int = _MOST_NAMES) -> None:
        self._soft, self._most_names = soft_biometrics, most_names
        self._names: dict[str, dict[str, Name]] = {}
        self._count = 0

    def suspects(self, tree: Any, enclosing: str = "") -> bool:
        """Return whether anything in the tree may be protected.

        Args:
            tree: A document or a part of it.
            enclosing: Path that holds the part.
        """
        if self.is_full:
            self.forget()
        return self._look(tree, self._names.setdefault(enclosing, {}), enclosing)

    @property
    def is_full(self) -> bool:
        """Whether as many names are remembered as may be."""
        return self._count > self._most_names

    def forget(self) -> None:
        """Forget all names."""
        self._names, self._count = {}, 0

    def suspects_below(self, tree: Any, name: Name) -> bool:
        """Return whether anything may be protected in what a field of this name holds."""
        return self._look(tree, name.below, name.path)

    def name(self, name: str, path: str) -> Name:
        """Return what is known of a name at a path."""
        self._count += 1
        return Name(name, path, soft=self._soft)

    def _look(self, node: Any, known: dict[str, Name], path: str) -> bool:
        if type(node) is list:
            return self._look_through(node, known, path)
        if type(node) is not dict:
            return type(node) is str and is_suspect_text(node)
        harmless = _harmless.known
        for name, value in node.items():
            if value is None:  # a record of ours names every field, most of them empty
                continue
            entry = known.get(name)
            if entry is None:
                entry = known[name] = self.name(name, path)
            if entry.watched and (entry.suspect or _has_mark(node)):
                return True
            kind = type(value)
            if kind is str:
                if value not in harmless and is_suspect_text(value):
                    return True
            elif (kind is dict or kind is list) and value and self._look(value, entry.below, entry.path):
                return True
        return False

    def _look_through(self, items: list[Any], known: dict[str, Name], path: str) -> bool:
        for item in items:
            kind = type(item)
            if kind is str:
                if is_suspect_text(item):
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
