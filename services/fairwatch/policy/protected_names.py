"""Whether a field's name stands for a protected attribute."""

import re
from functools import lru_cache
from typing import Literal
from unicodedata import normalize

from fairwatch.policy import protected_terms as terms

Subject = Literal["", "person", "vehicle"]

_STEM, _VEHICLE, _PERSON = (
    re.compile("|".join(map(re.escape, words))) for words in (terms.STEMS, terms.VEHICLE_MARKS, terms.PERSON_MARKS)
)  # one look finds any of them
_SPLIT = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")
_SEPARATORS = re.compile(r"[\W_]+")
_STEPS = re.compile(r"[./\[\]=:#@|]+")
_WORD = re.compile(r"\w+")
_LONGEST = 200
_SHORT = 64
REMEMBERED = 8_192  # answers of each function: names repeat, but plates and numbers never end


@lru_cache(maxsize=REMEMBERED)
def compact(name: str) -> str:
    """Return the name in lower case without separators: `Skin_Color` and `skinColor` are one."""
    return _SEPARATORS.sub("", normalize("NFKC", name)).casefold()


@lru_cache(maxsize=REMEMBERED)
def subject_of(name: str, enclosing: Subject = "") -> Subject:
    """Say of whom a field of this name speaks; a neutral name inherits from what encloses it."""
    text = compact(name)
    if _VEHICLE.search(text):
        return "vehicle"
    if _PERSON.search(text):
        return "person"
    return enclosing


@lru_cache(maxsize=REMEMBERED)
def _is_protected_step(name: str, subject: Subject, enclosing: str) -> bool:
    text = compact(name)
    if not text:
        return False
    if subject == "vehicle" and any(term in text for term in terms.NATION_TERMS):
        return False
    if text in terms.NAMES or _STEM.search(text):
        return True
    if not terms.WORDS.isdisjoint(word.casefold() for word in _SPLIT.findall(normalize("NFKC", name))):
        return True
    if enclosing == "humanface" and text in terms.FACE_PARTS:
        return True
    return enclosing in {"faceobject", "personobject"} and text in terms.PERSON_RECORD_ONLY


def is_protected(name: str, enclosing: str = "") -> bool:
    """Return whether a field of this name must never be carried.

    Args:
        name: A field name or a path of names (`faces[0].attributes.emotion`), in any spelling.
        enclosing: Path of what holds the field, where known: a plate's `nation` is a country, a person's is not.

    >>> is_protected("EthicCode"), is_protected("stack_trace")
    (True, False)
    >>> is_protected("nation"), is_protected("nation", "ANPR/plate")
    (True, False)
    """
    return _is_protected_path(name[-_LONGEST:], enclosing[-_LONGEST:])


@lru_cache(maxsize=REMEMBERED)
def _is_protected_path(name: str, enclosing: str) -> bool:
    subject: Subject = ""
    last = ""
    for step in filter(None, _STEPS.split(enclosing)):
        subject, last = subject_of(step, subject), compact(step)
    for step in filter(None, _STEPS.split(name)):
        subject = subject_of(step, subject)
        if _is_protected_step(step, subject, last):
            return True
        if not step.isdigit():
            last = compact(step)
    return False


def is_soft_biometric(name: str) -> bool:
    """Return whether the last step of the name is age or gender, which only a policy switch lets through."""
    return _is_soft_biometric(name[-_LONGEST:])


@lru_cache(maxsize=REMEMBERED)
def _is_soft_biometric(name: str) -> bool:
    steps = [step for step in _STEPS.split(name) if step and not step.isdigit()]
    return bool(steps) and compact(steps[-1]) in terms.SOFT_BIOMETRICS


def is_secret(name: str) -> bool:
    """Return whether a field of this name holds a credential (GA/T APE.Password)."""
    return compact(name[-_LONGEST:]) in terms.SECRETS


@lru_cache(maxsize=REMEMBERED)
def is_proxy_value(value: str) -> bool:
    """Return whether a short value is a religious head covering or another proxy, e.g. `woman_with_hijab`."""
    if not 0 < len(value) <= _SHORT:
        return False
    text, words = compact(value), _WORD.findall(value.casefold().replace("_", " "))
    return any(stem in text for stem in terms.PROXY_VALUES) or not terms.PROXY_VALUE_WORDS.isdisjoint(words)
