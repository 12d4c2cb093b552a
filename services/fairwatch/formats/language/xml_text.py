"""Trees to XML text."""

import re
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from fairwatch.formats.language.converters.scalars import as_text
from fairwatch.formats.language.declaration import Writing
from fairwatch.formats.language.paths import TEXT_KEY

# Prefix by element name, and the prefix of all others.
Prefixes = tuple[dict[str, str], str]

_NAME: Final = re.compile(r"[^\W\d][\w.-]*")


def write_xml(tree: dict[str, Any], writing: Writing) -> bytes:
    """Return a document in UTF-8; names written `@name` become attributes, a list repeats its element."""
    prefixes = {name: prefix for prefix, names in writing.prefixes.items() for name in names}
    spaces = "".join(
        f" xmlns{':' + prefix if prefix else ''}={quoteattr(uri)}" for prefix, uri in writing.namespaces.items()
    )
    fixed = "".join(f" {name}={quoteattr(value)}" for name, value in writing.attributes.items())
    out = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    if writing.order:
        tree = _ordered(tree, {name: place for place, name in enumerate(writing.order)})
    _write(out, writing.root, tree, (prefixes, writing.prefix), fixed + spaces)
    return "".join(out).encode()


def _ordered(node: Any, places: dict[str, int]) -> Any:
    """Return a tree whose elements stand as a schema's sequence wants them, unknown ones last."""
    if isinstance(node, list):
        return [_ordered(item, places) for item in node]
    if not isinstance(node, dict):
        return node
    names = sorted(node, key=lambda name: places.get(name, len(places)))
    return {name: _ordered(node[name], places) for name in names}


def _write(out: list[str], name: str, node: Any, prefixes: Prefixes, extra: str = "") -> None:
    if isinstance(node, list):
        for item in node:
            _write(out, name, item, prefixes, extra)
        return
    if not _NAME.fullmatch(name):
        return
    prefix = prefixes[0].get(name, prefixes[1])
    tag = f"{prefix}:{name}" if prefix else name
    if not isinstance(node, dict):
        out.append(f"<{tag}{extra}>{escape(_clean(as_text(node)))}</{tag}>")
        return
    attributes = "".join(
        f" {key[1:]}={quoteattr(_clean(as_text(value)))}" for key, value in node.items() if key.startswith("@")
    )
    out.append(f"<{tag}{extra}{attributes}>")
    for key, value in node.items():
        if key == TEXT_KEY:
            out.append(escape(_clean(as_text(value))))
        elif not key.startswith("@") and value is not None:
            _write(out, key, value, prefixes)
    out.append(f"</{tag}>")


def _clean(text: str) -> str:
    """Leave out what XML 1.0 cannot carry."""
    return "".join(
        char
        for char in text
        if char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char > "\uffff"
    )
