"""Why each format did or did not take a payload."""

from collections.abc import Iterator
from dataclasses import dataclass

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.opening import Document, open_body
from fairwatch.formats.catalogue import decode, formats
from fairwatch.formats.environment import Environment
from fairwatch.formats.language.conditions import compile_selector
from fairwatch.formats.language.declaration import Condition, Conditions
from fairwatch.formats.loading import Format
from fairwatch.formats.payload import Payload


@dataclass(frozen=True, slots=True)
class Reason:
    """What one format says of one document.

    Attributes:
        document: Its position in the body.
        format: Name.
        takes: Whether the format claims it.
        why: The message that it is, or what is missing.
    """

    document: int
    format: str
    takes: bool
    why: str


def explain(payload: Payload) -> Iterator[Reason]:
    """Yield what each format says of each document of a payload.

    Raises:
        RejectedError: The body holds no document.
    """
    env = Environment(payload)
    for position, document in enumerate(open_body(payload, env)):
        for one in formats().values():
            if why := one.skips(payload, chosen=False):
                yield Reason(position, one.name, takes=True, why=f"skipped by its path or topic: {why}")
            elif one.recognises(document.syntax, document.tree, env):
                yield Reason(position, one.name, takes=True, why=_message(one, document, payload))
            else:
                yield Reason(position, one.name, takes=False, why=_missing(one, document, env))


def _message(one: Format, document: Document, payload: Payload) -> str:
    try:
        decoded = decode(payload, one.name)
    except RejectedError as error:
        return f"recognised, then rejected: {error}"
    found = one.program.select(one.program.unwrap(document.tree), Environment(payload))
    told = [f"{len(decoded.records)} records", *(f"skipped: {reason}" for reason, _ in decoded.skipped[:3])]
    return ", ".join([*([f"message {found.message.name}"] if found else []), *told])


def _missing(one: Format, document: Document, env: Environment) -> str:
    """Return what the nearest of the ways to know the format misses."""
    scope = (one.program.unwrap(document.tree),)
    root = next(iter(document.tree), "") if document.syntax == "xml" else ""
    nearest: list[str] | None = None
    for way in one.declaration.recognise:
        missing = []
        if way.syntax and way.syntax != document.syntax:
            missing.append(f"it is {document.syntax}, not {way.syntax}")
        if way.root and root not in way.root:
            missing.append(f"its root is no {' or '.join(way.root)}")
        missing += [_said(path, wanted) for path, wanted in way.when.items() if not _holds({path: wanted}, scope, env)]
        if nearest is None or len(missing) < len(nearest):
            nearest = missing
    return "; ".join(nearest) if nearest else "its code does not recognise it"


def _holds(conditions: Conditions, scope: tuple[object, ...], env: Environment) -> bool:
    return compile_selector([conditions])(scope, env) >= 0


def _said(path: str, wanted: Condition) -> str:
    if isinstance(wanted, bool):
        return f"{path} is {'absent' if wanted else 'present'}"
    return f"{path} is none of {', '.join(map(str, wanted)) if isinstance(wanted, list) else wanted}"
