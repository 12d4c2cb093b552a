"""Bytes to one uniform tree of dicts, lists and scalars, whatever the syntax was; hostile input is refused.

XML becomes `{root: …}`; an element with neither attributes nor children is its text, any other a dict of its children
and attributes by local name, with its own text under `#text`; repeated elements are a list. So one path reads both.
"""

import codecs
import re
from collections.abc import Callable
from typing import Any, Final, Literal
from xml.parsers import expat

import orjson

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.mending import mended_json, mended_xml

Tree = Any
Syntax = Literal["json", "xml", "text"]

LARGEST: Final = 8 * 1024 * 1024
DEEPEST: Final = 64
TEXT: Final = "#text"

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_DECLARED: Final = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
_PADDING: Final = b"\0 \t\r\n\f\v"
_NATIVE: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1"})


def parse(body: bytes, content_type: str = "") -> tuple[Syntax, Tree]:
    """Return the syntax and the tree of one document.

    Raises:
        RejectedError: empty | too_large | too_deep | malformed | forbidden_xml.
    """
    if len(body) > LARGEST:
        raise RejectedError("too_large", f"the document has {len(body)} bytes, more than {LARGEST}")
    start = body.lstrip(_PADDING)
    if not start:
        raise RejectedError("empty", "the document has no content")
    lead = start[:1]
    if lead == b"<":
        return "xml", parse_xml(start, content_type)
    if lead in b"{[":
        return "json", parse_json(start, content_type)
    for bom, charset in _BOMS:
        if start.startswith(bom):
            text = _decode(start, charset).lstrip("\ufeff \t\r\n").encode()
            return ("xml", _read_xml(text, "utf-8")) if text[:1] == b"<" else ("json", parse_json(text))
    if "xml" in content_type:
        raise RejectedError("malformed", "the document is not XML: it does not start with <")
    return "json", parse_json(start, content_type)


def parse_json(body: bytes, content_type: str = "") -> Tree:
    """Return the tree of a JSON document; NaN is no JSON, and the last of repeated names wins."""
    charset = _charset(content_type)
    if charset and charset not in _NATIVE:
        body = _decode(body, charset).encode()
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg or "ecursion" in error.msg:
            raise RejectedError("too_deep", "the JSON document is nested too deeply") from error
        tree = _read_mended_json(body, error)
    if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deeper(tree, DEEPEST):
        raise RejectedError("too_deep", f"the JSON document is nested deeper than {DEEPEST}")
    return tree


def parse_xml(body: bytes, content_type: str = "") -> Tree:
    """Return the tree of an XML document; document types, entities and external references are refused."""
    declared = _XML_ENCODING.match(body)
    charset = declared[1].decode().lower() if declared else _charset(content_type)
    if charset and charset not in _NATIVE:
        body = _DECLARED.sub("", _decode(body, charset), count=1).encode()
        charset = "utf-8"
    try:
        return _read_xml(body)
    except RejectedError as error:
        if error.reason != "malformed":
            raise
        return _read_mended_xml(body, charset or "utf-8", error)


def _read_mended_xml(body: bytes, charset: str, refused: RejectedError) -> Tree:
    """Read a document that was refused, once what devices often get wrong is mended; last without namespaces.

    Raises:
        RejectedError: As before, when that does not help.
    """
    mended = mended_xml(body, charset)
    for separator in (" ", None):
        try:
            return _read_xml(mended, "utf-8", separator)
        except RejectedError as error:
            if error.reason != "malformed":
                raise
    raise refused


def _read_mended_json(body: bytes, error: orjson.JSONDecodeError) -> Tree:
    for mended in mended_json(body):
        try:
            return orjson.loads(mended)
        except orjson.JSONDecodeError as again:
            if "depth limit" in again.msg or "ecursion" in again.msg:
                raise RejectedError("too_deep", "the JSON document is nested too deeply") from again
    raise RejectedError("malformed", f"the document is not JSON: {error.msg} at {error.pos}") from error


def _charset(content_type: str) -> str:
    found = _CHARSET.search(content_type) if "=" in content_type else None
    return found[1].lower() if found else ""


def _decode(body: bytes, charset: str) -> str:
    """Return the text; what is not in the charset that the document claims costs no more than itself."""
    try:
        return body.decode(charset, "replace")
    except (UnicodeError, LookupError):
        return body.decode("utf-8", "replace")


def _is_deeper(tree: Tree, limit: int) -> bool:
    level = [tree]
    for _ in range(limit + 1):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _read_xml(body: bytes, encoding: str | None = None, separator: str | None = " ") -> Tree:
    # With namespaces on (a separator), an undeclared prefix is an error, and names come as `uri local`.
    parser = expat.ParserCreate(encoding, separator)
    root: dict[str, Any] = {}
    stack: list[dict[str, Any]] = [root]
    texts: list[str] = []
    parser.buffer_text = True
    # Closures that share their state are what expat calls fastest.
    mark = separator or ":"
    parser.StartElementHandler, parser.EndElementHandler = _starter(stack, texts, mark), _ender(stack, texts, mark)
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _forbid
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise RejectedError("malformed", f"the document is not XML: {error}") from error
    return root


def _starter(stack: list[dict[str, Any]], texts: list[str], mark: str) -> Callable[[str, dict[str, str]], None]:
    def start(_: str, attributes: dict[str, str]) -> None:
        if texts:
            text = "".join(texts).strip()
            texts.clear()
            if text and len(stack) > 1:
                stack[-1][TEXT] = stack[-1].get(TEXT, "") + text
        if len(stack) > DEEPEST:
            raise RejectedError("too_deep", f"the XML document is nested deeper than {DEEPEST}")
        node: dict[str, Any] = {}
        if attributes:
            for name, value in attributes.items():
                if name[:5] != "xmlns":
                    node[name[name.rfind(mark) + 1 :]] = value
        stack.append(node)

    return start


def _ender(stack: list[dict[str, Any]], texts: list[str], mark: str) -> Callable[[str], None]:
    def end(name: str) -> None:
        node: Any = stack.pop()
        if texts:
            text = "".join(texts).strip()
            texts.clear()
            if not node:
                node = text
            elif text:
                node[TEXT] = node.get(TEXT, "") + text
        elif not node:
            node = ""
        parent = stack[-1]
        name = name[name.rfind(mark) + 1 :]
        known = parent.get(name)
        if known is None:
            parent[name] = node
        elif type(known) is list:
            known.append(node)
        else:
            parent[name] = [known, node]

    return end


def _forbid(*_: object) -> None:
    raise RejectedError("forbidden_xml", "the XML document declares a document type or an entity")
