"""What a format's YAML file may say: the closed vocabulary of the adapter language.

See `formats/README.md` for the language by example.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from fairwatch.domain.errors import ConfigurationError
from fairwatch.formats.language.faults import Fault, Source, as_text, of_validation


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _worded(value: Any) -> Any:
    return {str(word).lower() if isinstance(word, bool) else str(word): one for word, one in value.items()}


Words = Annotated[dict[str, Any], BeforeValidator(_worded)]
Paths = Annotated[list[str], BeforeValidator(_listed)]
# A value, a list of values, a pattern with `*`, or true/false for present/absent.
Condition = bool | str | int | list[str | int]
Conditions = dict[str, Condition]


class Strict(BaseModel):
    """A model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Row(Strict):
    """How one canonical field is read and written.

    Attributes:
        path: Where it is in the source; of several, the first that is present is read and the first is written.
        converter: Named conversion (`as`); text as it is otherwise. A list is tried in order when reading.
        values: Source word -> canonical value; words are compared without regard to case. Also given the other
            way round, `words`: canonical value -> source words, of which the first is written.
        default: What it is when the source does not say; never makes a record of its own.
        value: A constant.
        more: Further source values for the converter, by argument name (`with`).
        strict: An impossible value rejects the whole payload; otherwise only the value is lost.
        required: A missing value rejects the payload (`strict` too).
        takes: Names inside the item that a converter of the whole item (path `.`) uses up.
        each: One canonical item for each item at the path; `rows` say which fields it has.
        single: What `each` finds is one object, not a list; it matters when it is written.
        rows: Fields of a nested record.
        read_only: Not written back.
        write_only: Only written (a constant, or a value that another row reads).
    """

    path: Paths = []
    converter: str = Field("", alias="as")
    values: Words = {}
    default: Any = None
    value: Any = None
    more: dict[str, str] = Field(default={}, alias="with")
    strict: bool = False
    required: bool = False
    takes: list[str] = []
    each: str = ""
    single: bool = False
    rows: dict[str, "RowLike"] = {}
    when: Conditions = {}
    read_only: bool = False
    write_only: bool = False

    @model_validator(mode="before")
    @classmethod
    def _read_words(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "words" not in given:
            return given
        values = {word: value for value, words in given["words"].items() for word in str(words).split()}
        return {**{key: one for key, one in given.items() if key != "words"}, "values": values}

    @model_validator(mode="after")
    def _one_source(self) -> "Row":
        if sum((bool(self.path), self.value is not None, bool(self.rows))) != 1:
            raise ValueError("a row has exactly one of path, value and rows")
        if self.converter and self.values:
            raise ValueError("a row has at most one of as and values")
        return self


def _row(value: Any) -> Any:
    if isinstance(value, str):
        return [{"path": value}]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [{"path": value}]
    return value if isinstance(value, list) else [value]


# A path, a list of paths, a row, or a list of rows of which the first that gives a value counts.
RowLike = Annotated[list[Row], BeforeValidator(_row)]


class Recognise(Strict):
    """One way to know the format: every condition holds."""

    syntax: Literal["json", "xml", "text", ""] = ""
    root: Paths = []
    when: Conditions = {}


class Message(Strict):
    """One kind of message: the first whose conditions hold is it.

    Attributes:
        skip: Bounded reason why it carries no record; then it has no rows.
        each: Paths, from the outside in, to the items of which each is a record.
        single: What `each` finds is one object, not a list; it matters when it is written.
        where: An item is a record only when these hold, seen from the item.
        whole: An item is made of the document itself when `each` finds none.
        use: Row groups laid under its own rows.
        keep: Path, as rows write it -> kind: number, flag, instant, token, or `code SYSTEM`. These fields travel under
            their own names in `extensions`, and come back when the record is written in the same format.
        also: Names of further messages that are read from the same document.
        writes: Canonical conditions under which a record is written as this message; absent: it is not written.
        constants: Source path -> constant, written first.
        identity: Paths of the source's own id of the record; the content identifies it when one of them is missing.
        path: Topic or URL path that it is sent to.
        syntax: How it is written, when other than the format's.
    """

    name: str
    type: str = "Observation"
    when: Conditions = {}
    skip: str = ""
    each: Paths = []
    where: Conditions = {}
    whole: bool = False
    single: bool = False
    use: list[str] = []
    keep: dict[str, str] = {}
    also: list[str] = []
    rows: dict[str, RowLike] = {}
    writes: Conditions | None = None
    constants: dict[str, Any] = {}
    identity: Paths = []
    path: str = ""
    syntax: Literal["json", "xml", ""] = ""


class Writing(Strict):
    """How the format's documents are written."""

    syntax: Literal["json", "xml"] = "json"
    content_type: str = ""
    root: str = ""
    namespaces: dict[str, str] = {}
    attributes: dict[str, str] = {}
    prefixes: dict[str, list[str]] = {}
    prefix: str = ""
    order: list[str] = []


class Declaration(Strict):
    """One format.

    Attributes:
        unwrap: Root names whose content is the document.
        unwrap_beside: So it is where other names stand beside a root name, too; they are not read.
        skip_paths: URL path or topic pattern -> bounded reason; such a payload is not even parsed.
        skip_headers: Transport header -> bounded reason, for documents that no format knows.
        envelope: Path of a document inside; where another format knows it, that is the document.
        plain_text: Pattern of whole bodies that are a mere word or number; they carry no record.
        withheld: Source paths that no row may read, since they may say what must not be carried.
        keep: The same as of a message, for all of them; paths start at the document.
        superseded: Names at the root that only repeat what an earlier message said; reported, not carried.
        volatile: Names at the root that differ between two deliveries of the same event.
    """

    format: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    maturity: Literal["fixture", "bench", "field"] = "fixture"
    recognise: list[Recognise]
    unwrap: list[str] = []
    unwrap_beside: bool = False
    skip_paths: dict[str, str] = {}
    skip_headers: dict[str, str] = {}
    envelope: str = ""
    plain_text: str = ""
    superseded: list[str] = []
    withheld: list[str] = []
    keep: dict[str, str] = {}
    volatile: list[str] = []
    groups: dict[str, dict[str, RowLike]] = {}
    messages: list[Message]
    writing: Writing = Writing()


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read(path: Path) -> Any:
    """Return a file's content, with the groups and messages of the declaration that it includes."""
    own = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506  # a safe one, of C where there is one
    if isinstance(own, dict) and (name := own.pop("include", "")):
        other = _read(path.parent / f"{name}.yaml")
        own["groups"] = {**other.get("groups", {}), **own.get("groups", {})}
        own["messages"] = [*own.get("messages", []), *other.get("messages", [])]
    return own


def load(path: Path) -> Declaration:
    """Read one declaration.

    Raises:
        ConfigurationError: One line for each fault: the file, the line, the message's name and what is wrong.
    """
    try:
        return Declaration.model_validate(_read(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        fault = Fault(path, mark.line + 1 if mark else 1, "", f"it is not YAML: {getattr(error, 'problem', error)}")
        raise FaultyDeclarationError([fault]) from error
    except OSError as error:
        raise FaultyDeclarationError([Fault(path, 1, "", f"it cannot be read: {error}")]) from error
    except ValidationError as error:
        raise FaultyDeclarationError([*of_validation(Source(path), error.errors())]) from error
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise FaultyDeclarationError([Fault(path, 1, "", f"it is no declaration: {error}")]) from error


class FaultyDeclarationError(ConfigurationError):
    """A declaration is wrong.

    Args:
        faults: All that is wrong with it.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(as_text(faults))
        self.faults = tuple(faults)
