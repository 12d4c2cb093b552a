"""The kinds that `schemas/avro/kinds.yaml` gives to texts, as rules: what fits, and what becomes of what does not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.faults import named_types
from fairwatch.wire.kinds import sources
from fairwatch.wire.kinds.names import is_token
from fairwatch.wire.kinds.shapes import SHAPES, Shape, is_id, is_name, is_plain_id, is_plate, is_uri
from fairwatch.wire.kinds.sources import Faults
from fairwatch.wire.kinds.vocabularies import Vocabulary, vocabulary
from fairwatch.wire.schemas import FOLDER, newest

Kind = Literal["token", "code", "registered", "plate", "id", "uri", "hub-text", "raw"]
Tokens = Callable[[str, str], str]  # (noun, name) -> token

_KINDS: Final = frozenset({"token", "code", "registered", "plate", "id", "uri", "hub-text", "raw"})
_BARE: Final[Mapping[str, Shape]] = {"plate": is_plate, "id": is_id, "uri": is_uri}
_ELSE: Final = "else"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """The kind of one field, or of the keys or values of one map.

    Attributes:
        kind: What it is.
        noun: What a name is of, in its token; empty where a name that does not fit is left out.
        words: Vocabularies of a token.
        shapes: Shapes of a token.
        otherwise: What a token that does not fit becomes; None where it is left out.
    """

    kind: Kind
    noun: str = ""
    words: tuple[Vocabulary, ...] = ()
    shapes: tuple[Shape, ...] = ()
    otherwise: str | None = None

    def fits(self, value: str, *, closed: bool) -> bool:
        """Tell whether a text is of this kind.

        Args:
            value: The text.
            closed: The record is one that devices and foreign producers fill.
        """
        if self.kind == "token":
            return any(words.holds(value) for words in self.words) or any(shape(value) for shape in self.shapes)
        if self.kind == "registered":
            return is_name(value)
        if self.kind == "hub-text":
            return not closed or value == ""
        bare = _BARE.get(self.kind)
        return bare is None or bare(value)

    def mended(self, value: str, tokens: Tokens) -> str | None:
        """Return what a device's text becomes; None where it is left out."""
        if self.kind == "registered":
            return value if is_plain_id(value) or is_token(value) or not value else tokens(self.noun or "name", value)
        if self.kind == "hub-text":
            if not self.noun or not value:
                return None
            return value if is_token(value) else tokens(self.noun, value)
        if self.fits(value, closed=True):
            return value
        if self.kind == "id":
            return tokens("id", value)
        return "" if self.kind == "plate" else self.otherwise


@dataclass(frozen=True, slots=True, eq=False)
class FieldKind:
    """The rules of one field; `keys` only where it is a map."""

    values: Rule | None = None
    keys: Rule | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """What the file says.

    Attributes:
        fields: Record -> field -> rules.
        closed: Records that devices and foreign producers fill.
    """

    fields: Mapping[str, Mapping[str, FieldKind]]
    closed: tuple[str, ...]


@cache
def named_records() -> Mapping[str, Any]:
    """Return every record and enum of the newest schemas, parsed, by its plain name."""
    found = {}
    for schema in newest().values():
        for name, node in named_types(schema.parsed).items():
            found[name.rpartition(".")[2]] = node
    return found


def load_kinds(path: Path) -> Kinds:
    """Read the file.

    Raises:
        ConfigurationError: It is wrong; each fault with its line.
    """
    faults = Faults(path)
    node = sources.read(path, faults)
    fields: dict[str, dict[str, FieldKind]] = {}
    closed: tuple[str, ...] = ()
    for key, value in sources.entries(node, faults) if node else ():
        if key.value == "closed":
            closed = tuple(text.value for text in sources.texts(value, faults))
        elif key.value == "kinds":
            for record, body in sources.entries(value, faults):
                fields[record.value] = {
                    name.value: _field(rule, faults) for name, rule in sources.entries(body, faults)
                }
        else:
            faults.add(key.line, f"{key.value!r} is neither closed nor kinds")
    sources.refuse(faults.found)
    return Kinds(fields, closed)


def _field(node: yaml.Node, faults: Faults) -> FieldKind:
    if not isinstance(node, yaml.MappingNode):
        return FieldKind(values=_rule(node, faults))
    found = {key.value: _rule(value, faults) for key, value in sources.entries(node, faults)}
    for name in found.keys() - {"keys", "values"}:
        faults.add(sources.line_of(node), f"{name!r} is neither keys nor values")
    return FieldKind(found.get("values"), found.get("keys"))


def _rule(node: yaml.Node, faults: Faults) -> Rule:
    text = sources.text(node, faults)
    named, _, otherwise = text.partition(f" {_ELSE} ")
    kind, *arguments = named.split() or [""]
    if kind not in _KINDS:
        faults.add(sources.line_of(node), f"{kind!r} is no kind of text")
        return Rule("raw")
    if kind != "token":
        return Rule(kind, noun=arguments[0] if arguments else "")  # type: ignore[arg-type]  # checked above
    words, shapes = [], []
    for argument in arguments:
        try:
            if argument.startswith("="):
                shapes.append(SHAPES[argument[1:]])
            else:
                words.append(vocabulary(argument))
        except (KeyError, ConfigurationError):
            faults.add(sources.line_of(node), f"{argument!r} is neither a vocabulary nor a shape")
    fallback = otherwise.strip('"') if otherwise else None
    return Rule("token", words=tuple(words), shapes=tuple(shapes), otherwise=fallback)


@cache
def kinds() -> Kinds:
    """Return the kinds that this Fairwatch brings."""
    return load_kinds(FOLDER / "avro" / "kinds.yaml")
