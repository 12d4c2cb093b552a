"""The code systems of `schemas/vocabulary/codes`: which codes of a system may travel."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import yaml

from fairwatch.policy.protected import is_proxy_value
from fairwatch.wire.kinds import sources
from fairwatch.wire.kinds.sources import Faults
from fairwatch.wire.kinds.vocabularies import LONGEST, UNLISTED, Vocabulary, plain, vocabularies
from fairwatch.wire.schemas import FOLDER

_NUMBER: Final = re.compile(r"[0-9]{1,6}")
_SYSTEM: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_NUMBERS: Final = 2  # the first and the last
_KEYS: Final = frozenset({"words", "numbers", "pattern", "except", "of"})


@dataclass(frozen=True, slots=True, eq=False)
class CodeTable:
    """The codes of one system: any of these.

    Attributes:
        words: As they are compared.
        numbers: First and last.
        pattern: That a code may be.
        excluded: Codes that never travel, whatever else they are.
        vocabularies: Whose words may be codes.
    """

    words: frozenset[str] = frozenset()
    numbers: tuple[int, int] | None = None
    pattern: re.Pattern[str] | None = None
    excluded: frozenset[str] = frozenset()
    vocabularies: tuple[Vocabulary, ...] = ()

    def holds(self, code: str) -> bool:
        """Tell whether a code may travel."""
        if code in self.excluded or len(code) > 4 * LONGEST:
            return False
        if self.numbers and _NUMBER.fullmatch(code) and self.numbers[0] <= int(code) <= self.numbers[1]:
            return True
        if self.pattern and self.pattern.fullmatch(code):
            return True
        if code.isprintable() and plain(code) in self.words:
            return True
        return any(words.holds(code) for words in self.vocabularies)


class CodeTables:
    """Every table, by system; `maker:*` is for the systems of a maker that have none of their own.

    Args:
        tables: By system.
    """

    def __init__(self, tables: Mapping[str, CodeTable]) -> None:
        self._tables = tables

    def table(self, system: str) -> CodeTable | None:
        """Return the table of a system; None where there is none."""
        found = self._tables.get(system)
        if found is not None:
            return found
        maker, colon, rest = system.partition(":")
        return self._tables.get(f"{maker}:*") if colon and _is_name(rest) else None

    def holds(self, system: str, code: str) -> bool:
        """Tell whether a code may travel with its system."""
        table = self.table(system)
        return table is not None and (code == UNLISTED or table.holds(code))


def _is_name(text: str) -> bool:
    """Tell whether the name of a system within a maker's is one that a declaration would write, not a sentence."""
    return _SYSTEM.fullmatch(text) is not None and not is_proxy_value(text)


def load_tables(folder: Path, known: Mapping[str, Vocabulary]) -> CodeTables:
    """Read the tables of all makers.

    Raises:
        ConfigurationError: Any is wrong; each fault with file and line.
    """
    found: dict[str, CodeTable] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        own = Faults(path)
        for system, table in _tables(path, own, known):
            if system in found:
                own.add(1, f"{system} has a table in another file too")
            found[system] = table
        faults += own.found
    sources.refuse(faults)
    return CodeTables(found)


def _tables(path: Path, faults: Faults, known: Mapping[str, Vocabulary]) -> list[tuple[str, CodeTable]]:
    node = sources.read(path, faults)
    fields = {key.value: value for key, value in sources.entries(node, faults)} if node else {}
    for name in {"maker", "about", "systems"} - fields.keys():
        faults.add(1, f"{name} is missing")
    for name in fields.keys() - {"maker", "about", "systems"}:
        faults.add(sources.line_of(fields[name]), f"{name!r} is no field of a maker's codes")
    if "systems" not in fields:
        return []
    return [(system.value, _table(body, faults, known)) for system, body in sources.entries(fields["systems"], faults)]


def _table(node: yaml.Node, faults: Faults, known: Mapping[str, Vocabulary]) -> CodeTable:
    fields = {key.value: (key, value) for key, value in sources.entries(node, faults)}
    for key, _ in fields.values():
        if key.value not in _KEYS:
            faults.add(key.line, f"{key.value!r} is no field of a code system")
    lists = {name: sources.texts(fields[name][1], faults) if name in fields else [] for name in _KEYS - {"pattern"}}
    for word in lists["words"]:
        if not plain(word.value) or is_proxy_value(word.value):
            faults.add(word.line, f"{word.value!r} is no code that may travel")
    used = []
    for name in lists["of"]:
        if name.value in known:
            used.append(known[name.value])
        else:
            faults.add(name.line, f"no vocabulary is named {name.value!r}")
    line = sources.line_of(node)
    return CodeTable(
        words=frozenset(plain(word.value) for word in lists["words"]),
        numbers=_range([one.value for one in lists["numbers"]], line, faults),
        pattern=_pattern(sources.text(fields["pattern"][1], faults), line, faults) if "pattern" in fields else None,
        excluded=frozenset(one.value for one in lists["except"]),
        vocabularies=tuple(used),
    )


def _range(ends: list[str], line: int, faults: Faults) -> tuple[int, int] | None:
    if not ends:
        return None
    if len(ends) == _NUMBERS and all(_NUMBER.fullmatch(end) for end in ends) and int(ends[0]) <= int(ends[1]):
        return int(ends[0]), int(ends[1])
    faults.add(line, f"numbers {ends} are not the first and the last")
    return None


def _pattern(text: str, line: int, faults: Faults) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except re.error as error:
        faults.add(line, f"the pattern {text!r} is none: {error}")
        return None


@cache
def code_tables() -> CodeTables:
    """Return the tables that this Fairwatch brings."""
    return load_tables(FOLDER / "vocabulary" / "codes", vocabularies())


@lru_cache(maxsize=8_192)
def may_travel(system: str, code: str) -> bool:
    """Tell whether a code may travel with its system; the answers are remembered."""
    return code_tables().holds(system, code)
