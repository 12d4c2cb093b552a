"""The least documents that a way to know a format accepts, to find two formats that would take the same one."""

from collections.abc import Iterator
from typing import Any

from fairwatch.formats.bodies.documents import Syntax
from fairwatch.formats.language.declaration import Condition, Recognise
from fairwatch.formats.language.paths import parse_path
from fairwatch.formats.language.placing import put


def witnesses(way: Recognise) -> Iterator[tuple[Syntax, Any]]:
    """Yield syntax and document for each root that a way names; conditions on the topic need none."""
    if (not way.when and not way.root) or any(path.startswith("$") for path in way.when):
        return
    syntaxes: tuple[Syntax, ...] = (way.syntax,) if way.syntax else ("json", "xml")
    for syntax in syntaxes:
        for root in way.root or [""]:
            tree: dict[str, Any] = {}
            for paths, wanted in way.when.items():
                value = _word(wanted)
                if value is None:
                    continue
                try:
                    put((tree,), parse_path(paths.partition("|")[0].strip()), value, 0)
                except (TypeError, ValueError):
                    return
            yield syntax, ({root: tree} if root and syntax == "xml" else tree)


def _word(wanted: Condition) -> str | None:
    """Return a value for which a condition holds; None where the value must be absent."""
    if isinstance(wanted, bool):
        return "x" if wanted else None
    first = wanted[0] if isinstance(wanted, list) else wanted
    return str(first).replace("*", "x")
