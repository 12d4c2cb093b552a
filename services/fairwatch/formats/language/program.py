"""One format at work: a declaration compiled, from one parsed document to its records.

A record carries what the rows and the `keep:` of its message name, and nothing else: whatever else a device sends stays
in `raw-events`.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.canonical import record_kind, required
from fairwatch.formats.language.compiler import Place, Read, compile_record
from fairwatch.formats.language.conditions import Select, compile_selector
from fairwatch.formats.language.converters.scalars import as_text
from fairwatch.formats.language.declaration import Declaration, Message, Row
from fairwatch.formats.language.marks import paths_of
from fairwatch.formats.language.paths import Getter, Path, Scope, first, getter, parse_path
from fairwatch.formats.language.trace import POLICY, Trace
from fairwatch.formats.payload import Decoded, Payload

Prepare = Callable[[Any, Environment], Any]

OBSERVATION: Final = "Observation"
UNKNOWN_MESSAGE: Final = "unknown_message"
_NO_TRANSPORT: Final = Environment(Payload(b""))  # what an item is, its topic does not say
SUPERSEDED: Final = "superseded"


@dataclass(slots=True)
class MessageProgram:
    """One kind of message, compiled.

    Attributes:
        items: From the outside in, what finds the items of which each is a record.
        place: Where its rows start.
        read: Builds a record; None for a message that is skipped.
        identity: What finds the source's own id of the record.
        paths: The same as paths.
        keep: Path -> kind of what `extensions` carries.
        where: Which items are records.
        together: The messages that are read from the same document, itself among them.
    """

    message: Message
    items: list[Getter]
    place: Place
    read: Read | None
    identity: list[Getter]
    paths: tuple[Path, ...] = ()
    rows: dict[str, list[Row]] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)
    where: Select | None = None
    together: tuple["MessageProgram", ...] = ()
    _traced: Read | None = None

    def reader(self, *, traced: bool) -> Read | None:
        """Return the compiled rows; the ones that note what they read are compiled when they are first asked for."""
        if not traced or self.read is None:
            return self.read
        if self._traced is None:
            kind = record_kind(self.message.type)
            self._traced = compile_record(self.rows, kind, self.place, self.keep, traced=True)
        return self._traced

    @property
    def source(self) -> str:
        """The Python that was made of the rows; empty for a message that is skipped."""
        return getattr(self.read, "source", "")

    def scopes(self, root: Any) -> list[Scope]:
        """Return one scope for each item of the document that is a record."""
        scopes: list[Scope] = [(root,)]
        for get in self.items:
            scopes = [
                (*scope, item) for scope in scopes for item in _as_list(get(scope)) if item is not None and item != ""
            ]
        if self.where:
            accepts = self.where
            scopes = [scope for scope in scopes if accepts(scope[-1:], _NO_TRANSPORT) >= 0]
        if not scopes and self.message.whole:
            scopes = [(root, *({} for _ in self.items))]
        return scopes


def _as_list(node: Any) -> list[Any]:
    return [] if node is None else node if type(node) is list else [node]


class Program:
    """A declaration compiled.

    Args:
        declaration: The format.
        prepare: Makes the many shapes in which devices send one thing one, before the rows see the document; a list
            is several documents.
    """

    def __init__(self, declaration: Declaration, prepare: Prepare | None = None) -> None:
        self.declaration = declaration
        self._prepare = prepare
        self.messages = [_compile_message(declaration, message) for message in declaration.messages]
        self._select = compile_selector([message.when for message in declaration.messages])
        by_name = {program.message.name: program for program in self.messages}
        for program in self.messages:
            program.together = (program, *(by_name[name] for name in program.message.also))
        self._unwrap, self._unwrap_beside = tuple(declaration.unwrap), declaration.unwrap_beside
        self._volatile = frozenset(declaration.volatile)
        self._superseded = frozenset(declaration.superseded)
        self._withheld = [parse_path(path) for path in declaration.withheld]

    def unwrap(self, tree: Any) -> Any:
        """Return the document without its wrapper."""
        if type(tree) is dict:
            for name in self._unwrap:
                inner = tree.get(name)
                if inner is not None and len(tree) == 1:
                    return inner if type(inner) is dict or type(inner) is list else {}
                if type(inner) is dict and self._unwrap_beside:
                    return inner
        return tree

    def select(self, root: Any, env: Environment) -> MessageProgram | None:
        """Return the kind of message that a document is."""
        index = self._select((root,), env)
        return self.messages[index] if index >= 0 else None

    def decode(self, tree: Any, env: Environment, decoded: Decoded) -> None:
        """Add what a document says to `decoded`.

        Raises:
            RejectedError: A field that must be there is missing or impossible.
        """
        root = self.unwrap(tree)
        if env.trace is not None:
            beside = tree if root is not tree and type(tree) is dict else {}
            root = self._begin(root, env.trace)
            for path, _ in paths_of({name: value for name, value in beside.items() if name not in self._unwrap}):
                env.trace.tell(path, "not_read", "")
        if self._superseded and type(root) is dict and not self._superseded.isdisjoint(root):
            root = {name: value for name, value in root.items() if name not in self._superseded}
        roots = self._prepare(root, env) if self._prepare else root
        for one in roots if type(roots) is list else (roots,):
            self._decode_one(one, env, decoded)

    def _begin(self, root: Any, trace: Trace) -> Any:
        root = trace.begin(root)
        if type(root) is dict:
            for name in self._superseded & root.keys():
                trace.all(trace.reachable({name: root[name]}), "not_read", SUPERSEDED)
            for path in self._withheld:
                trace.looked(root, path, POLICY, "refused")
        return root

    def _decode_one(self, root: Any, env: Environment, decoded: Decoded) -> None:
        program = self.select(root, env)
        if program is None:
            decoded.skipped.append((UNKNOWN_MESSAGE, f"no message of {self.declaration.format} looks like this"))
            _note_skip(root, env, UNKNOWN_MESSAGE)
        elif program.message.skip:
            decoded.skipped.append((program.message.skip, program.message.name))
            _note_skip(root, env, program.message.skip)
        else:
            for one in program.together:
                self._read(one, root, env, decoded)

    def _read(self, program: MessageProgram, root: Any, env: Environment, decoded: Decoded) -> None:
        scopes = program.scopes(root)
        read = program.read if env.trace is None else program.reader(traced=True)
        if not scopes or read is None:
            decoded.skipped.append(("no_object", program.message.name))
            return
        if env.trace is not None:
            _note_message(program, scopes, env.trace)
        kind = program.message.type
        content = "" if program.identity else self._digest(root)
        for position, scope in enumerate(scopes):
            record: dict[str, Any] = read(scope, env) or {}
            if kind == OBSERVATION:
                identity = _identity(program, scope) or (content or self._digest(root),)
                self._finish(record, env, (program.message.name, *identity, position))
            else:
                _check_required(kind, record)
            decoded.records.append((kind, record))

    def _finish(self, record: dict[str, Any], env: Environment, identity: tuple[object, ...]) -> None:
        """Say what the hub knows of an observation beside what the document says."""
        payload, name = env.payload, self.declaration.format
        source = record.setdefault("source", {})
        source["format"] = name
        device = record["device_id"] = payload.device_id or source.get("device_id") or ""
        record["received_at"] = payload.received_at
        record["raw_sha256"] = env.sha256
        record.setdefault("event_type", "other")
        device_time = record.get("device_time")
        if "occurred_at" not in record:
            record["occurred_at"] = device_time["utc"] if device_time else payload.received_at
        if not device_time:  # nothing else tells it from the next one like it
            identity = (*identity[:-1], payload.received_at, identity[-1])
        record["observation_id"] = stable_id("observation", device, name, *identity)

    def _digest(self, root: Any) -> str:
        if self._volatile and type(root) is dict and not self._volatile.isdisjoint(root):
            root = {name: value for name, value in root.items() if name not in self._volatile}
        try:
            return hashlib.sha256(orjson.dumps(root, option=orjson.OPT_SORT_KEYS)).hexdigest()
        except orjson.JSONEncodeError as error:
            raise RejectedError("too_deep", "the document cannot be digested") from error


def _note_skip(root: Any, env: Environment, why: str) -> None:
    if env.trace is not None:
        env.trace.all(env.trace.reachable(root), "not_read", why)


def _note_message(program: MessageProgram, scopes: list[Scope], trace: Trace) -> None:
    """Note what decided which message a document is, and what tells it from the next one."""
    for path in program.message.when:
        for one in path.split("|"):
            if not one.startswith("$"):
                trace.looked(scopes[0][0], parse_path(one.strip()), f"message {program.message.name}")
    for scope in scopes:
        for known in program.paths:
            trace.looked(scope[known.level(len(scope) - 1)], known, "observation_id")


def _check_required(kind: str, record: dict[str, Any]) -> None:
    for name in sorted(required(record_kind(kind)) - record.keys()):
        raise RejectedError("invalid_field", f"{kind} without {name}", name)


def _identity(program: MessageProgram, scope: Scope) -> tuple[str, ...]:
    """Return the source's own id of an item, or nothing when a part of it is missing."""
    found = []
    for get in program.identity:
        value = first(get(scope))
        if value is None or value == "" or isinstance(value, dict):
            return ()
        found.append(as_text(value))
    return tuple(found)


def _compile_message(declaration: Declaration, message: Message) -> MessageProgram:
    items = [getter(parse_path(text), depth) for depth, text in enumerate(message.each)]
    place = place_of(message)
    rows, keep = rows_of(declaration, message), kept_of(declaration, message)
    read = None
    if not message.skip:
        try:
            read = compile_record(rows, record_kind(message.type), place, keep)
        except ValueError as error:
            raise ValueError(f"{declaration.format}: message {message.name}: {error}") from error
    paths = tuple(map(parse_path, message.identity))
    identity = [getter(path, place.depth) for path in paths]
    where = compile_selector([message.where]) if message.where else None
    return MessageProgram(message, items, place, read, identity, paths, rows, keep, where)


def place_of(message: Message) -> Place:
    """Return where the rows of a message start: at the innermost of its items."""
    place = Place(("",))
    for text in message.each:
        place = place.down(parse_path(text))
    return place


def rows_of(declaration: Declaration, message: Message) -> dict[str, list[Row]]:
    """Return the rows of a message: its groups in order, then its own on top."""
    rows: dict[str, list[Row]] = {}
    for name in message.use:
        rows.update(declaration.groups[name])
    rows.update(message.rows)
    return rows


def kept_of(declaration: Declaration, message: Message) -> dict[str, str]:
    """Return what a message keeps: what its format keeps, as paths from the document on, and its own."""
    if message.skip:
        return {}
    return {f"/{path.lstrip('/')}": kind for path, kind in declaration.keep.items()} | message.keep
