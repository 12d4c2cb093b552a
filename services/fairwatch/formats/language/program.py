"""One format at work: a declaration compiled, from one parsed document to its records."""

import hashlib
from collections.abc import Callable
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
from fairwatch.formats.language.leftovers import Usage, collect, flatten
from fairwatch.formats.language.paths import Getter, Path, Scope, first, getter, parse_path
from fairwatch.formats.language.sifting import Sieve
from fairwatch.formats.language.trace import POLICY, Trace
from fairwatch.formats.payload import Decoded, Payload
from fairwatch.policy.screening import Screen

Prepare = Callable[[Any, Environment], Any]

OBSERVATION: Final = "Observation"
# Which message a prepared document is: said by `prepare`, no part of what the device sent.
KIND: Final = "$Kind"
UNKNOWN_MESSAGE: Final = "unknown_message"
SUPERSEDED: Final = "superseded"
_NO_TRANSPORT: Final = Environment(Payload(b""))  # what an item is, its topic does not say


@dataclass(slots=True)
class MessageProgram:
    """One kind of message, compiled."""

    message: Message
    items: list[Getter]
    place: Place
    read: Read | None
    identity: list[Getter]
    paths: tuple[Path, ...] = ()
    usages: list[Usage] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    sieves: dict[bool, Sieve] = field(default_factory=dict)
    together: tuple["MessageProgram", ...] = ()
    where: Select | None = None
    _traced: Read | None = None

    def reader(self, *, traced: bool) -> Read | None:
        """Return the compiled rows; the ones that note what they read are compiled when they are first asked for."""
        if not traced or self.read is None:
            return self.read
        if self._traced is None:
            self._traced = compile_record(self.rows, record_kind(self.message.type), self.place, traced=True)
        return self._traced

    def scopes(self, root: Any) -> list[Scope]:
        """Return one scope for each item of the document that is a record."""
        scopes: list[Scope] = [(root,)]
        for get in self.items:
            scopes = [
                (*scope, item) for scope in scopes for item in _as_list(get(scope)) if item is not None and item != ""
            ]
        if not scopes and self.message.whole:
            scopes = [(root, *({} for _ in self.items))]
        if self.where:
            accepts = self.where
            scopes = [scope for scope in scopes if accepts(scope[-1:], _NO_TRANSPORT) >= 0]
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
        self._screens = {soft: Screen(soft_biometrics=soft) for soft in (False, True)}
        self._unwrap = tuple(declaration.unwrap)
        self._volatile = frozenset(declaration.volatile)
        self._superseded = frozenset(declaration.superseded)
        self._withheld = [tuple(path.split(".")) for path in declaration.withheld]

    def unwrap(self, tree: Any) -> Any:
        """Return the document without its wrapper."""
        if type(tree) is dict:
            for name in self._unwrap:
                inner = tree.get(name)
                if inner is not None and len(tree) == 1:
                    return inner if type(inner) is dict or type(inner) is list else {}
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
            root = env.trace.begin(root)
            if type(root) is dict:
                for name in self._superseded & root.keys():
                    env.trace.all(env.trace.reachable({name: root[name]}), "not_read", SUPERSEDED)
        if self._superseded and type(root) is dict and not self._superseded.isdisjoint(root):
            root = {name: value for name, value in root.items() if name not in self._superseded}
        roots = self._prepare(root, env) if self._prepare else root
        for one in roots if type(roots) is list else (roots,):
            self._decode_one(one, env, decoded)

    def _decode_one(self, root: Any, env: Environment, decoded: Decoded) -> None:
        program = self.select(root, env)
        if program is None:
            decoded.skipped.append((UNKNOWN_MESSAGE, f"no message of {self.declaration.format} looks like this"))
            self._note_skip(root, env, UNKNOWN_MESSAGE)
        elif program.message.skip:
            decoded.skipped.append((program.message.skip, program.message.name))
            self._note_skip(root, env, program.message.skip)
        else:
            trace = env.trace
            before = trace.reachable(root) if trace is not None else set()
            parts = [_Part(one, root, env) for one in program.together]
            sifted = parts[0].sifted
            counts = sifted.removed if sifted and len(parts) == 1 else self._cleaned(root, parts, env)
            if self._withheld and (not sifted or sifted.has_withheld):
                withheld = sum(_withhold(root, path) for path in self._withheld)
                if withheld:
                    counts[-1] = counts.get(-1, 0) + withheld
            if counts:
                decoded.removed_fields += sum(counts.values())
            if trace is not None:
                trace.all(before - trace.reachable(root), "refused", POLICY)
            for part in parts:
                self._read(part, root, env, decoded, counts)
            if trace is not None:
                trace.all(trace.reachable(root), "kept", "extensions")

    @staticmethod
    def _note_skip(root: Any, env: Environment, why: str) -> None:
        if env.trace is not None:
            env.trace.all(env.trace.reachable(root), "not_read", why)

    def _cleaned(self, root: Any, parts: list["_Part"], env: Environment) -> dict[int, int]:
        """Take out what policy forbids where the walk has not; return how many by item, -1 is outside of the items."""
        counts: dict[int, int] = {}
        for part in parts:
            if part.sifted is not None:
                for position, count in part.sifted.removed.items():
                    counts[position] = counts.get(position, 0) + count
        if all(part.sifted is not None for part in parts):
            return counts
        screen = self._screens[env.payload.soft_biometrics]
        if screen.suspects(root):
            for position, count in redacted(root, parts[0].program, screen).items():
                counts[position] = counts.get(position, 0) + count
        for part in parts:
            part.sifted = None  # what it found may be gone
        return counts

    def _read(self, part: "_Part", root: Any, env: Environment, decoded: Decoded, counts: dict[int, int]) -> None:
        program, sifted = part.program, part.sifted
        scopes = part.scopes if sifted else program.scopes(root)
        if not scopes or program.read is None:
            decoded.skipped.append(("no_object", program.message.name))
            return
        leftovers = sifted.leftovers if sifted else collected(program, root, scopes)
        kind = program.message.type
        content = "" if program.identity else self._digest(root)
        read = program.reader(traced=env.trace is not None) or program.read
        if env.trace is not None:
            self._note_message(program, scopes, env.trace)
        for position, scope in enumerate(scopes):
            record: dict[str, Any] = read(scope, env) or {}
            extensions = leftovers[position]
            if env.leftover:
                for name, value in env.leftover.items():
                    flatten(value, name, extensions)
                env.leftover.clear()
            if extensions:
                record["extensions"] = {**extensions, **record["extensions"]} if "extensions" in record else extensions
            if kind == OBSERVATION:
                identity = _identity(program, scope) or (content or self._digest(root),)
                self._finish(record, env, (program.message.name, *identity, position))
                if counts:
                    record["removed_fields"] = counts.get(position, 0) + counts.get(-1, 0)
            else:
                _check_required(kind, record)
            decoded.records.append((kind, record))

    @staticmethod
    def _note_message(program: MessageProgram, scopes: list[Scope], trace: Trace) -> None:
        """Note what decided which message a document is, and what tells it from the next one."""
        for path in program.message.when:
            for one in path.split("|"):
                if not one.startswith("$"):
                    trace.looked(scopes[0][0], parse_path(one.strip()), f"message {program.message.name}")
        for scope in scopes:
            for known in program.paths:
                trace.looked(scope[known.level(len(scope) - 1)], known, "observation_id")

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


def _check_required(kind: str, record: dict[str, Any]) -> None:
    for name in sorted(required(record_kind(kind)) - record.keys()):
        raise RejectedError("invalid_field", f"{kind} without {name}", name)


def _withhold(node: Any, path: tuple[str, ...]) -> int:
    for name in path[:-1]:
        node = node.get(name) if type(node) is dict else None
    return int(bool(type(node) is dict and node.pop(path[-1], None)))


class _Part:
    """What one kind of message finds in a document.

    Attributes:
        scopes: One for each record, before policy takes out what the walk does not.
        sifted: What the walk found; None where the document needs a closer look.
    """

    __slots__ = ("program", "scopes", "sifted")

    def __init__(self, program: MessageProgram, root: Any, env: Environment) -> None:
        self.program = program
        self.scopes = program.scopes(root)
        self.sifted = program.sieves[env.payload.soft_biometrics].sift(root, self.scopes)


def redacted(root: Any, program: MessageProgram, screen: Screen) -> dict[int, int]:
    """Take out what policy forbids; count by item, and under -1 what lies outside of the items."""
    counts: dict[int, int] = {}
    path = "/".join(program.message.each)
    if program.items:
        for position, scope in enumerate(program.scopes(root)):
            item = scope[-1]
            if (type(item) is dict or type(item) is list) and screen.suspects(item, path):
                counts[position] = screen.redact(item, path)
        if not screen.suspects(root):
            return counts
    counts[-1] = screen.redact(root)
    return counts


def collected(program: MessageProgram, root: Any, scopes: list[Scope]) -> list[dict[str, str]]:
    """Return what no row used, of the document and of each item."""
    outside: dict[str, str] = {}
    if type(root) is dict:
        collect(root, program.usages[0], "", scopes[0], outside)
    found = []
    for scope in scopes:
        own, outside = outside, {}  # what lies outside of the items is said once, not again in each record
        for level in range(1, len(scope)):
            if type(scope[level]) is dict:
                collect(scope[level], program.usages[level], program.place.prefixes[level], scope, own)
        found.append(own)
    return found


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
    usages = [Usage()]
    prefixes = [""]
    items: list[Getter] = []
    each = [parse_path(text) for text in message.each]
    for depth, path in enumerate(each):
        items.append(getter(path, depth))
        place = Place(tuple(usages), tuple(prefixes))
        place.usage(path).mark(whole=True)
        prefixes.append(f"{place.name(path)}.")
        usages.append(Usage())
    place = Place(tuple(usages), tuple(prefixes))
    usages[0].children.setdefault(KIND, Usage()).mark(whole=True)
    read = None
    rows = rows_of(declaration, message)
    if not message.skip:
        try:
            read = compile_record(rows, record_kind(message.type), place)
        except ValueError as error:
            raise ValueError(f"{declaration.format}: message {message.name}: {error}") from error
    paths = tuple(map(parse_path, message.identity))
    identity = [getter(path, place.depth) for path in paths]
    withheld = [tuple(path.split(".")) for path in declaration.withheld]
    sieves = {
        soft: Sieve(usages, prefixes, each, withheld, soft_biometrics=soft)
        for soft in (False, True)
        if not message.skip
    }
    where = compile_selector([message.where]) if message.where else None
    return MessageProgram(message, items, place, read, identity, paths, usages, rows, sieves, where=where)


def rows_of(declaration: Declaration, message: Message) -> dict[str, list[Row]]:
    """Return the rows of a message: its groups in order, then its own on top."""
    rows: dict[str, list[Row]] = {}
    for name in message.use:
        rows.update(declaration.groups[name])
    rows.update(message.rows)
    return rows
