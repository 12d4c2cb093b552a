"""The vocabularies of `schemas/vocabulary`: which words may travel, and what each of them means.

A word is compared without regard to case, separators and width of letters: `Motor_Vehicle` and `motorVehicle` are one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final
from unicodedata import normalize

import yaml

from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.protected import is_proxy_value
from fairwatch.wire.kinds import sources
from fairwatch.wire.kinds.sources import Faults, Text
from fairwatch.wire.schemas import FOLDER

LONGEST: Final = 64  # characters of a word
UNLISTED: Final = "unlisted"  # the code of a word that is in no vocabulary
_WRITTEN: Final = re.compile(r"[\w ./()&'+,:°%\[\]\-]*")
_SEPARATORS: Final = re.compile(r"[\W_]+")
_PARTS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_a-zA-Z]+")
_IMPLIED: Final = "implied"
_KEYS: Final = frozenset({"vocabulary", "about", "of", "exact", "endings", "words", "parts"})


@lru_cache(maxsize=8_192)
def plain(word: str) -> str:
    """Return a word as it is compared.

    >>> plain("Motor_Vehicle"), plain("motor vehicle")
    ('motorvehicle', 'motorvehicle')
    """
    return _SEPARATORS.sub("", normalize("NFKC", word).casefold())


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """One file.

    Attributes:
        name: Of the file.
        words: Canonical words.
        meanings: Word as compared -> canonical word.
        implied: Words as compared that mean a canonical word but never travel, since they say more.
        exact: Words are compared letter by letter.
        endings: Ends of words that say nothing (`色`), as compared.
        parts: Of which words may be made; empty where words are whole.
    """

    name: str
    words: tuple[str, ...]
    meanings: Mapping[str, str]
    implied: frozenset[str] = frozenset()
    exact: bool = False
    endings: tuple[str, ...] = ()
    parts: frozenset[str] = frozenset()

    def meaning(self, word: str) -> str | None:
        """Return the canonical word for a maker's; None where there is none."""
        return self.meanings.get(self._compared(word)) if len(word) <= LONGEST else None

    def holds(self, word: str) -> bool:
        """Tell whether a word may travel as it is written."""
        if self.parts:
            return self._is_made_of_parts(word)
        if len(word) > LONGEST or not _WRITTEN.fullmatch(word):
            return False
        compared = self._compared(word)
        return compared in self.meanings and compared not in self.implied

    def _compared(self, word: str) -> str:
        if self.exact:
            return word
        text = plain(word)
        for ending in self.endings:
            if text.endswith(ending) and text != ending:
                return text.removesuffix(ending)
        return text

    def _is_made_of_parts(self, word: str) -> bool:
        found = _PARTS.findall(word)
        return len(word) <= 4 * LONGEST and bool(found) and all(part.lower() in self.parts for part in found)


class _Reader:
    """Reads one file and collects what is wrong in it."""

    def __init__(self, path: Path, symbols: Mapping[str, tuple[str, ...]]) -> None:
        self.faults = Faults(path)
        self._symbols = symbols
        self._meanings: dict[str, tuple[str, int]] = {}
        self._implied: set[str] = set()
        self._exact = False

    def vocabulary(self) -> Vocabulary | None:
        node = sources.read(self.faults.path, self.faults)
        if node is None:
            return None
        fields = {key.value: (key, value) for key, value in sources.entries(node, self.faults)}
        for key, _ in fields.values():
            if key.value not in _KEYS:
                self.faults.add(key.line, f"{key.value!r} is no field of a vocabulary")
        name = self._text(fields, "vocabulary")
        if name != self.faults.path.stem:
            self.faults.add(1, f"vocabulary {name!r} must be named as its file")
        if not self._text(fields, "about"):
            self.faults.add(1, "says nothing about itself: about")
        self._exact = self._text(fields, "exact") == "true"
        endings = self._list(fields, "endings")
        parts = frozenset(part.value.lower() for part in self._list(fields, "parts"))
        if ("words" in fields) == ("parts" in fields):
            self.faults.add(1, "has either words or parts")
        words = self._words(fields["words"][1], self._text(fields, "of")) if "words" in fields else ()
        ends = tuple(sorted((plain(ending.value) for ending in endings), key=len, reverse=True))
        meanings = {word: meaning for word, (meaning, _) in self._meanings.items()}
        return Vocabulary(name, words, meanings, frozenset(self._implied), self._exact, ends, parts)

    def _text(self, fields: Mapping[str, tuple[Text, yaml.Node]], name: str) -> str:
        return sources.text(fields[name][1], self.faults) if name in fields else ""

    def _list(self, fields: Mapping[str, tuple[Text, yaml.Node]], name: str) -> list[Text]:
        return sources.texts(fields[name][1], self.faults) if name in fields else []

    def _words(self, node: yaml.Node, enumeration: str) -> tuple[str, ...]:
        if isinstance(node, yaml.SequenceNode):
            listed = sources.texts(node, self.faults)
            for word in listed:
                self._add(word, word.value)
            return tuple(word.value for word in listed)
        found = []
        for canonical, makers in sources.entries(node, self.faults):
            found.append(canonical.value)
            self._add(canonical, canonical.value)
            for maker, words in sources.entries(makers, self.faults):
                for word in sources.texts(words, self.faults):
                    self._add(word, canonical.value, implied=maker.value == _IMPLIED)
        self._compare(found, enumeration, sources.line_of(node))
        return tuple(found)

    def _compare(self, found: list[str], enumeration: str, line: int) -> None:
        if not enumeration:
            return
        symbols = self._symbols.get(enumeration)
        if symbols is None:
            self.faults.add(line, f"no schema has an enumeration {enumeration}")
        elif set(symbols) != set(found):
            differing = ", ".join(sorted(set(symbols) ^ set(found)))
            self.faults.add(line, f"differs from {enumeration} in {differing}")

    def _add(self, word: Text, meaning: str, *, implied: bool = False) -> None:
        compared = word.value if self._exact else plain(word.value)
        if (not compared and not self._exact) or len(word.value) > LONGEST or not _WRITTEN.fullmatch(word.value):
            self.faults.add(word.line, f"{word.value!r} is no word")
        elif is_proxy_value(word.value):
            self.faults.add(word.line, f"{word.value!r} stands for a protected attribute")
        elif self._meanings.setdefault(compared, (meaning, word.line))[0] != meaning:
            other, line = self._meanings[compared]
            self.faults.add(word.line, f"{word.value!r} means {meaning} here and {other} in line {line}")
        elif implied:
            self._implied.add(compared)
        elif compared in self._implied:
            self.faults.add(word.line, f"{word.value!r} is implied and never travels, so it cannot stand here too")


def load_vocabularies(folder: Path, symbols: Mapping[str, tuple[str, ...]]) -> Mapping[str, Vocabulary]:
    """Read every vocabulary of a folder.

    Args:
        folder: Holds one YAML file for each.
        symbols: Symbols of each enumeration of the schemas, which a vocabulary `of` one must have exactly.

    Raises:
        ConfigurationError: Any is wrong; each fault with file and line.
    """
    found: dict[str, Vocabulary] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        reader = _Reader(path, symbols)
        vocabulary = reader.vocabulary()
        faults += reader.faults.found
        if vocabulary is not None:
            found[vocabulary.name] = vocabulary
    sources.refuse(faults)
    if not found:
        raise ConfigurationError(f"no vocabularies in {folder}: reinstall fairwatch")
    return found


@cache
def vocabularies() -> Mapping[str, Vocabulary]:
    """Return the vocabularies that this Fairwatch brings, by name."""
    return load_vocabularies(FOLDER / "vocabulary", enumerations())


@cache
def enumerations() -> Mapping[str, tuple[str, ...]]:
    """Return the symbols of every enumeration of the newest schemas, by name."""
    from fairwatch.wire.faults import named_types  # noqa: PLC0415  kinds are part of faults
    from fairwatch.wire.schemas import newest  # noqa: PLC0415

    found = {}
    for schema in newest().values():
        for name, node in named_types(schema.parsed).items():
            if node["type"] == "enum":
                found[name.rpartition(".")[2]] = tuple(node["symbols"])
    return found


def vocabulary(name: str) -> Vocabulary:
    """Return one vocabulary.

    Raises:
        ConfigurationError: There is none of that name.
    """
    found = vocabularies().get(name)
    if found is None:
        raise ConfigurationError(f"no vocabulary is named {name!r}")
    return found
