"""Loads the declarations of a folder of families: each is checked, compiled both ways, and left out if it is wrong."""

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from fairwatch.domain.errors import ConfigurationError
from fairwatch.formats.bodies.documents import Syntax
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.checks import check
from fairwatch.formats.language.conditions import Select, compile_selector
from fairwatch.formats.language.declaration import Declaration, FaultyDeclarationError, load
from fairwatch.formats.language.faults import Fault, Source
from fairwatch.formats.language.paths import Getter, getter, parse_path
from fairwatch.formats.language.program import Program
from fairwatch.formats.language.witnesses import witnesses
from fairwatch.formats.language.writer import Encoder
from fairwatch.formats.payload import Payload
from fairwatch.wire.kinds.tables import CodeTables, code_tables

FOLDER = Path(__file__).parent
_FAULT_IN_WORDS = re.compile(r"(?P<file>.+?):(?P<line>\d+): (?P<what>.*)")


@dataclass(frozen=True)
class Format:
    """One format: its declaration, and both directions compiled from it."""

    declaration: Declaration
    program: Program
    encoder: Encoder
    ways: Mapping[Syntax, list[tuple[list[str] | None, Select]]]
    plain_text: re.Pattern[bytes] | None
    inside: Getter | None = None
    claims: Callable[[Syntax, Any, Environment], bool] | None = None

    @property
    def name(self) -> str:
        """Name that is used everywhere, e.g. `hikvision-isapi`."""
        return self.declaration.format

    def skips(self, payload: Payload, *, chosen: bool) -> str:
        """Return why this payload carries no record, from its path or topic or its plain text, or an empty text.

        Args:
            payload: As received.
            chosen: The format is known from elsewhere; else the path must begin with the format's name.
        """
        if payload.path and (chosen or payload.path.startswith(self.name)):
            for pattern, reason in self._skip_paths:
                if pattern.match(payload.path):
                    return reason
        if chosen and self.plain_text and payload.body[:1] != b"{" and self.plain_text.fullmatch(payload.body.strip()):
            return "plain_text"
        return ""

    @cached_property
    def _skip_paths(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(translate(pattern)), why) for pattern, why in self.declaration.skip_paths.items()]

    def claims_empty(self, env: Environment) -> bool:
        """Return whether even a payload without content says something, given its topic."""
        return self.claims is not None and self.claims("json", {}, env)

    def recognises(self, syntax: Syntax, tree: Any, env: Environment) -> bool:
        """Return whether a document is of this format."""
        if self.claims and self.claims(syntax, tree, env):
            return True
        root_name = next(iter(tree), "") if syntax == "xml" else ""
        scope = (self.program.unwrap(tree),)
        for roots, select in self.ways[syntax]:
            if (roots is None or root_name in roots) and select(scope, env) >= 0:
                return True
        return False

    def reads(self, tree: Any, env: Environment) -> bool:
        """Return whether a JSON document is of this format and no mere skip of it."""
        if not self.recognises("json", tree, env):
            return False
        found = self.program.select(self.program.unwrap(tree), env)
        return found is None or not found.message.skip


@dataclass(frozen=True)
class Library:
    """The formats of a folder.

    Attributes:
        formats: By name; those that are sound.
        faults: What is wrong with the others, which are left out.
    """

    formats: Mapping[str, Format]
    faults: tuple[Fault, ...]


def load_library(folder: Path, words: Callable[[], CodeTables] = code_tables) -> Library:
    """Load every format of a folder of families; one that is wrong is left out and stops no other.

    Args:
        folder: Holds a folder for each family.
        words: Loads the vocabularies and code tables that all formats share. While these are wrong no format can be
            read, and their faults are told once instead of once for each format.
    """
    try:
        words()
    except ConfigurationError as error:
        return Library({}, tuple(_faults_of_words(error, folder)))
    found: dict[str, Format] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*/*.yaml"), key=lambda path: path.stem):
        try:
            one = _load(path)
            faults += (claimed := _claimed_twice(one, found.values(), path))
            if not claimed:
                found[one.name] = one
        except FaultyDeclarationError as error:
            faults += error.faults
        except Exception as error:  # noqa: BLE001  # a maker's own code may raise anything, and stops no other format
            faults.append(Fault(path, 1, "", f"its code cannot be loaded: {error!r}"))
    return Library(found, tuple(faults))


def _faults_of_words(error: ConfigurationError, folder: Path) -> Iterator[Fault]:
    for line in str(error).splitlines():
        at = _FAULT_IN_WORDS.fullmatch(line)
        yield Fault(Path(at["file"]), int(at["line"]), "", at["what"]) if at else Fault(folder, 1, "", line)


def _load(path: Path) -> Format:
    declaration, source = load(path), Source(path)
    code = _import_code(path)  # its converters must be known before rows are checked
    faults = check(declaration, source)
    if declaration.format != path.stem:
        faults.append(source.fault(("format",), f"format: {declaration.format!r} must be named as its file"))
    if not faults and not declaration.recognise and not hasattr(code, "recognises"):
        faults.append(source.fault(("recognise",), "nothing is ever recognised as this format"))
    if faults:
        raise FaultyDeclarationError(faults)
    try:
        program = Program(declaration, getattr(code, "prepare", None))
        encoder = Encoder(declaration, getattr(code, "render", None))
        plain_text = re.compile(declaration.plain_text.encode()) if declaration.plain_text else None
    except (ValueError, re.error) as error:
        raise FaultyDeclarationError([Fault(path, 1, "", str(error))]) from error
    inside = getter(parse_path(declaration.envelope), 0) if declaration.envelope else None
    claims = getattr(code, "recognises", None)
    return Format(declaration, program, encoder, _ways(declaration), plain_text, inside, claims)


def _claimed_twice(one: Format, others: Iterable[Format], path: Path) -> list[Fault]:
    """Return a fault for each format that takes the same documents, tried with the least document of each way."""
    faults = []
    for other in others:
        for way in (*one.declaration.recognise, *other.declaration.recognise):
            shared = next((it for it in witnesses(way) if _take(one, *it) and _take(other, *it)), None)
            if shared:
                what = f"format {other.name} claims the same {shared[0]} documents: {way.when or way.root}"
                faults.append(Source(path).fault(("recognise",), what))
                break
    return faults


def _take(one: Format, syntax: Syntax, tree: Any) -> bool:
    try:
        return one.recognises(syntax, tree, Environment(Payload(b"{}")))
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def _ways(declaration: Declaration) -> dict[Syntax, list[tuple[list[str] | None, Select]]]:
    """Return, by syntax, the root names and the conditions by which the format is known."""
    ways: dict[Syntax, list[tuple[list[str] | None, Select]]] = {}
    syntaxes: tuple[Syntax, ...] = ("json", "xml", "text")
    for syntax in syntaxes:
        fitting = [one for one in declaration.recognise if one.syntax in {"", syntax}]
        ways[syntax] = [(one.root, compile_selector([one.when])) for one in fitting if one.root]
        ways[syntax].append((None, compile_selector([one.when for one in fitting if not one.root])))
    return ways


def _import_code(path: Path) -> ModuleType | None:
    """Return the code of a format: the module of its own name, else what its family's formats share, `code.py`."""
    for name in (path.stem.replace("-", "_"), "code"):
        if path.with_name(f"{name}.py").is_file():
            return importlib.import_module(f"{__package__}.{path.parent.name}.{name}")
    return None
