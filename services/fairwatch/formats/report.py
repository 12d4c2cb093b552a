"""The loss report of a translation: what became of every field of the source, and what the target cannot carry."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fairwatch.formats.bodies.opening import open_body
from fairwatch.formats.catalogue import formats
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.converters import build
from fairwatch.formats.language.declaration import Row
from fairwatch.formats.language.leftovers import flatten
from fairwatch.formats.language.paths import parse_path
from fairwatch.formats.language.program import MessageProgram
from fairwatch.formats.payload import Decoded, Encoded, Payload
from fairwatch.policy.protected import redact_tree


@dataclass(slots=True)
class Report:
    """Dotted source paths by what became of them; `cannot_carry` are canonical paths.

    Attributes:
        kept: Carried so that it can be written again without a difference.
        approximated: Carried in a form that loses something (a word for a code, a normalised plate).
        extensions: Kept under its own name, since no canonical field means it.
        dropped_by_policy: Names of fields that must not be carried; never their values.
        superseded: Repeats what an earlier message said.
        cannot_carry: Canonical fields that the target has no place for.
    """

    source: str
    target: str = "canonical"
    records: int = 0
    kept: list[str] = field(default_factory=list)
    approximated: list[str] = field(default_factory=list)
    extensions: list[str] = field(default_factory=list)
    dropped_by_policy: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    cannot_carry: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON-able values."""
        return asdict(self)


def report(payload: Payload, decoded: Decoded, target: str = "canonical", encoded: Iterable[Encoded] = ()) -> Report:
    """Return what became of each field of a payload.

    Args:
        payload: The source.
        decoded: What `decode` made of it.
        target: Name of the target format.
        encoded: What `encode` made of the records.
    """
    found = Report(decoded.format, target, len(decoded.records))
    known = {name for _, record in decoded.records for name in record.get("extensions", {})}
    for document in open_body(payload, Environment(payload)):
        _sort(document.tree, payload, decoded.format, known, found)
    found.cannot_carry = sorted({path for one in encoded for path in one.lost})
    for name in ("kept", "approximated", "extensions", "dropped_by_policy", "superseded"):
        setattr(found, name, sorted(set(getattr(found, name))))
    return found


def _sort(tree: Any, payload: Payload, name: str, known: set[str], found: Report) -> None:
    one = formats()[name]
    root = one.program.unwrap(tree)
    superseded, withheld = one.declaration.superseded, one.declaration.withheld
    program = one.program.select(root, Environment(payload))
    exact = _exact_names(program) if program else set()
    before = _leaves(root)
    after = _leaves(redact_tree(root, soft_biometrics=payload.soft_biometrics)[0])
    for leaf in before:
        plain = _unnumbered(leaf)
        if leaf not in after or _is_below(plain, withheld):
            found.dropped_by_policy.append(leaf)
        elif _is_below(leaf, superseded):
            found.superseded.append(leaf)
        elif leaf in known or plain in known:
            found.extensions.append(leaf)
        else:
            (found.kept if _is_below(plain, exact) else found.approximated).append(leaf)


def _leaves(tree: Any) -> Mapping[str, str]:
    leaves: dict[str, str] = {}
    if isinstance(tree, dict):
        for name, value in tree.items():
            flatten(value, name, leaves)
    return leaves


def _unnumbered(name: str) -> str:
    return ".".join(step for step in name.split(".") if not step.isdigit())


def _is_below(name: str, paths: Iterable[str]) -> bool:
    return any(name == path or name.startswith(f"{path}.") for path in paths)


def _exact_names(program: MessageProgram) -> set[str]:
    names: set[str] = set()
    for one in program.rows.values():
        _add_exact(one, program.place.prefixes, names)
    return names


def _add_exact(rows: Iterable[Row], prefixes: tuple[str, ...], names: set[str]) -> None:
    for row in rows:
        for inner in row.rows.values():
            below = (*prefixes, f"{prefixes[-1]}{_unnumbered(row.each)}.") if row.each else prefixes
            _add_exact(inner, below, names)
        if row.values or not row.path or not build(row.converter or "text").exact:
            continue
        for text in row.path:
            path = parse_path(text)
            prefix = prefixes[path.level(len(prefixes) - 1)]
            names.add(_unnumbered(prefix + ".".join(step.name for step in path.steps)))
