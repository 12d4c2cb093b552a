"""Takes protected attributes out of trees, texts and whole payloads, at any depth."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from lxml import etree

from fairwatch.policy import protected_terms as terms
from fairwatch.policy.protected_names import REMEMBERED, compact, is_protected, is_secret, is_soft_biometric

_NAME_KEYS = {
    *("name", "key", "attribute", "attributename", "attributetype", "attr"),
    *("field", "property", "type", "layername", "category", "description"),
}
_LABELS = (
    "emotion|mood|expression|facial expression|race|ethnicity|ethnic group|religion|skin colou?r|complexion|nationality"
    "|表情|情绪|民族|种族|肤色|国籍|宗教"
)
_COLON, _STOPS = "：", "，；。"  # noqa: RUF001 - full-width punctuation of Chinese text
_LABELLED = re.compile(rf"(?<!\w)(?:{_LABELS})\s*[:={_COLON}]\s*[^\s,;|{_STOPS}]+[,;{_STOPS}]?\s*", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_DEEPEST = 200
_SHORT = 64
_LONGEST_NAME = 200
_LONGEST_TEXT = 20_000  # beyond, it is a picture in base64
_SENTENCE = 3
_MOST_NAMES = 500


class _Verdict:
    """What is known of one name at one place, and of the names below it."""

    __slots__ = ("codes", "forbidden", "identifies", "identity", "path", "plain")

    def __init__(self, name: str, path: str, *, soft: bool) -> None:
        text = compact(name)
        self.forbidden = is_protected(name, path) or is_secret(name) or (not soft and is_soft_biometric(name))
        self.identity = text in terms.PERSON_NAMES
        self.identifies = text in terms.IDENTITY_MARKS
        self.codes = terms.PROXY_CODES.get(text)
        self.plain = not (self.forbidden or self.identity or self.identifies or self.codes)
        self.path = f"{path}/{name}"[-_LONGEST_NAME:]


@lru_cache(maxsize=1_024)
def _names_below(path: str, soft: bool) -> dict[str, _Verdict]:  # noqa: ARG001 - the arguments are the cache's key
    """Return the memory of the names seen below a path; each known name costs one look-up."""
    return {}


def _verdict(known: dict[str, _Verdict], name: str, path: str, *, soft: bool) -> _Verdict:
    verdict = _Verdict(name[-_LONGEST_NAME:], path, soft=soft)
    if len(known) < _MOST_NAMES:  # hostile names must not fill memory
        known[name] = verdict
    return verdict


class _Redactor:
    """One walk over one tree; counts what it takes out."""

    def __init__(self, *, soft_biometrics: bool) -> None:
        self.removed = 0
        self._soft = soft_biometrics

    def forbids(self, name: str, enclosing: str) -> bool:
        known = _names_below(enclosing, self._soft)
        return (known.get(name) or _verdict(known, name, enclosing, soft=self._soft)).forbidden

    def walk(self, node: Any, path: str, depth: int = 0) -> Any:
        if isinstance(node, str):
            return self.text(node)
        if depth > _DEEPEST:
            self.removed += 1
            return None
        if isinstance(node, Mapping):
            return self._mapping(node, path, depth)
        if isinstance(node, list | tuple):
            return [self.walk(item, path, depth + 1) for item in node if not self._is_protected_item(item, path)]
        return node

    def _mapping(self, node: Mapping[str, Any], path: str, depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        identified, names = False, []
        known = _names_below(path, self._soft)
        for key, value in node.items():
            verdict = known.get(key) or _verdict(known, key, path, soft=self._soft)
            if verdict.plain and _is_untouched(value):
                kept[key] = value
                continue
            identified = identified or verdict.identifies
            if verdict.forbidden:
                self.removed += value is not None and value != ""
                continue
            if verdict.identity:
                names.append(key)
            if value is None or (type(value) is int and not verdict.codes):
                kept[key] = value
            else:
                self._value(kept, key, value, verdict, depth)
        for key in names if identified else ():
            self.removed += bool(kept.pop(key, None))
        return kept

    def _value(self, kept: dict[str, Any], key: str, value: Any, verdict: _Verdict, depth: int) -> None:
        if verdict.codes and isinstance(value, str | int):
            kept[key] = self._without_codes(value, verdict.codes)
        elif type(value) is str:
            if value.isdigit():
                kept[key] = value
            elif is_proxy_value(value):
                self.removed += 1
            else:
                kept[key] = self.text(value)
        elif not (isinstance(value, dict) and self._is_protected_item(value, verdict.path)):
            kept[key] = self.walk(value, verdict.path, depth + 1)

    def _without_codes(self, value: str | int, codes: frozenset[str]) -> str | int | None:
        parts = re.split(r"[/;,]", str(value))
        kept = [part for part in parts if part.strip() not in codes]
        if len(kept) == len(parts):
            return value
        self.removed += 1
        return "/".join(kept) or None

    def _is_protected_item(self, item: Any, path: str) -> bool:
        if isinstance(item, str):
            found = is_proxy_value(item)
        elif isinstance(item, Mapping) and len(item) > 1:
            found = False
            for key, value in item.items():
                if type(value) is str and not value.isdigit() and _is_name_key(key):
                    found = found or self._names_protected(value, path)
        else:
            return False
        self.removed += found
        return found

    def _names_protected(self, value: str, path: str) -> bool:
        if len(value) > _SHORT:
            return False
        return is_attribute_name(value, path) or is_secret(value) or (not self._soft and is_soft_biometric(value))

    def text(self, value: str) -> str:
        if len(value) > _LONGEST_TEXT or ("=" not in value and ":" not in value and _COLON not in value):
            return value
        cleaned, count = _unlabelled(value) if len(value) <= _LONGEST_NAME else _LABELLED.subn("", value)
        self.removed += count
        return cleaned

    def element(self, node: etree._Element, path: str) -> None:
        for name in [name for name in node.attrib if self.forbids(_local(name), path)]:
            del node.attrib[name]
            self.removed += 1
        for child in list(node):
            name = _local(child.tag)
            if self.forbids(name, path) or self._is_protected_element(child, path):
                _drop(child)
                self.removed += 1
            else:
                self.element(child, f"{path}/{name}")
        if node.text and (cleaned := self.text(node.text)) != node.text:
            node.text = cleaned

    def _is_protected_element(self, child: etree._Element, path: str) -> bool:
        named = child.get("Name") or child.get("name") or ""
        if named and self._names_protected(named, path):
            return True
        codes = terms.PROXY_CODES.get(compact(_local(child.tag)))
        text = (child.text or "").strip()
        return (
            bool(codes and not codes.isdisjoint(re.split(r"[/;,]", text)))
            or is_proxy_value(text)
            or is_proxy_value(child.get("Value", ""))
        )


@lru_cache(maxsize=REMEMBERED)
def _unlabelled(value: str) -> tuple[str, int]:
    return _LABELLED.subn("", value)


def _is_untouched(value: Any) -> bool:
    """Return whether a value is a scalar that certainly gives nothing away; most are."""
    kind = type(value)
    if kind is str:
        return value.isdigit() or (len(value) <= _SHORT and _is_harmless(value))
    return kind is not dict and kind is not list


@lru_cache(maxsize=REMEMBERED)
def _is_harmless(value: str) -> bool:
    return not is_proxy_value(value) and not _LABELLED.search(value)


@lru_cache(maxsize=4_096)
def _is_name_key(key: str) -> bool:
    return len(key) <= _SHORT and compact(key) in _NAME_KEYS


def _local(name: Any) -> str:
    return str(name).rpartition("}")[2]


def _drop(child: etree._Element) -> None:
    parent = child.getparent()
    if parent is not None:
        previous = child.getprevious()
        if child.tail and previous is not None:
            previous.tail = (previous.tail or "") + child.tail
        parent.remove(child)


def is_attribute_name(value: str, path: str = "") -> bool:
    """Return whether a value is itself the name of a protected attribute, as in {"name": "emotion", "value": …}.

    Stricter than for names: a camera may be called "Race Street".
    """
    return len(value) <= _SHORT and _is_attribute_name(value, path)


@lru_cache(maxsize=REMEMBERED)
def _is_attribute_name(value: str, path: str) -> bool:
    text = compact(value)
    known = text in terms.NAMES or text in terms.WORDS or any(stem in text for stem in terms.STEMS)
    return known and len(value.split()) < _SENTENCE and is_protected(value.strip(), path)


def is_proxy_value(value: str) -> bool:
    """Return whether a short value is a religious head covering or another proxy, e.g. `woman_with_hijab`."""
    return 0 < len(value) <= _SHORT and _is_proxy_value(value)


@lru_cache(maxsize=REMEMBERED)
def _is_proxy_value(value: str) -> bool:
    text = compact(value)
    words = _WORD.findall(value.casefold().replace("_", " "))
    return any(stem in text for stem in terms.PROXY_VALUES) or not terms.PROXY_VALUE_WORDS.isdisjoint(words)


def redact_tree(tree: Any, *, soft_biometrics: bool = False, enclosing: str = "") -> tuple[Any, int]:
    """Return a copy of a JSON-like tree without protected fields, and how many with a value were removed.

    Args:
        tree: Dicts, lists and scalars at any depth; what lies deeper than 200 levels is removed.
        soft_biometrics: Keep age and gender.
        enclosing: Path that holds the tree, where known.
    """
    redactor = _Redactor(soft_biometrics=soft_biometrics)
    return redactor.walk(tree, enclosing), redactor.removed


def redact_text(text: str) -> tuple[str, int]:
    """Return free text without labelled protected attributes such as `Emotion: happy`, and their number."""
    redactor = _Redactor(soft_biometrics=False)
    return redactor.text(text), redactor.removed


def redact_bytes(body: bytes, content_type: str = "") -> tuple[bytes, bool]:
    """Return a payload written again without protected fields, and True.

    What does not parse as JSON or XML comes back unchanged, with False.
    """
    lead = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if lead == b"<" or "xml" in content_type:
        return _redact_xml(body)
    if lead in {b"{", b"["}:
        return _redact_json(body)
    return body, False


def _redact_json(body: bytes) -> tuple[bytes, bool]:
    try:
        tree = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
        return orjson.dumps(redact_tree(tree)[0]), True
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return body, False


def _redact_xml(body: bytes) -> tuple[bytes, bool]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return body, False
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        return body, False
    redactor = _Redactor(soft_biometrics=False)
    redactor.element(root, _local(root.tag))
    return etree.tostring(root), True
