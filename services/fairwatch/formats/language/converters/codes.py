"""Coded values, flags and colours: the source's code always travels with the canonical word."""

from functools import lru_cache
from typing import Any, Final

from fairwatch.domain.vocabulary import EVENT_TYPES
from fairwatch.formats.language.converters.registry import Converter, converter
from fairwatch.formats.language.converters.scalars import as_text, element_text, split
from fairwatch.formats.language.tables import family_table
from fairwatch.wire.kinds.vocabularies import vocabulary

_TRI: Final = {
    "0": "NO",
    "1": "YES",
    "2": "UNSURE",
    "false": "NO",
    "true": "YES",
    "no": "NO",
    "yes": "YES",
    "unknown": "UNSURE",
}


@converter("code")
def code(system: str, never: str = "") -> Converter:
    """A code of a named code system, kept exactly as sent.

    Args:
        system: Codes of other systems are not written.
        never: Codes between `|` that stand for what must not be carried.
    """
    refused = frozenset(never.split("|")) if never else frozenset()

    def decode(value: Any, _: object) -> dict[str, Any] | None:
        word = as_text(value)
        return None if word in refused else {"system": system, "code": word}

    return Converter(
        decode,
        lambda value: value["code"] if value.get("system") == system else None,
        inline="" if refused else f"{{'system': {system!r}, 'code': v}}",
    )


@converter("codes")
def codes(system: str, separators: str = "") -> Converter:
    """A list of codes of one system.

    Args:
        system: Codes of other systems are not written.
        separators: Characters of which any parts the codes of one text; the first is written. None: they are a list.
    """

    def decode(value: Any, _: object) -> list[dict[str, Any]] | None:
        if separators:
            items: list[Any] = split(as_text(value), separators)
        else:
            items = value if isinstance(value, list) else [value]
        words = (element_text(item).strip() for item in items if item is not None)
        return [{"system": system, "code": word} for word in words if word] or None

    def encode(value: Any) -> Any:
        found = [item["code"] for item in value if item.get("system") == system]
        return (separators[0].join(found) if separators else found) or None

    return Converter(decode, encode, scalar=bool(separators))


@converter("colour_code")
def colour_code(system: str, place: str) -> Converter:
    """A colour by its code, kept beside it.

    Args:
        system: Of the codes.
        place: Family and name of a table, `gat1400/codes`, whose `colours` say what each code means; zeros before a
            code and its case do not matter.
    """
    colours: dict[str, str] = family_table(place)["colours"]
    written = {name: code for code, name in reversed(colours.items())}

    def quick(word: str) -> dict[str, Any]:
        return {"name": colours.get(word.lstrip("0").upper(), "UNKNOWN"), "code": {"system": system, "code": word}}

    def encode(value: Any) -> Any:
        own = value.get("code") or {}
        return own["code"] if own.get("system") == system else written.get(value.get("name"))

    return Converter(lambda value, _: quick(as_text(value)), encode, quick=quick)


@converter("prefixed")
def prefixed(place: str, name: str) -> Converter:
    """The meaning of the longest beginning of a code that a table knows.

    Args:
        place: Family and name of the table, `gat1400/codes`.
        name: Of the part that is read; what is written of a meaning stands in `written_<name>`.
    """
    found = family_table(place)
    meanings: dict[str, str] = found[name]
    longest = max(map(len, meanings))

    def decode(value: Any, _: object) -> str:
        word = as_text(value).upper()
        return next((meanings[word[:end]] for end in range(longest, 0, -1) if word[:end] in meanings), "UNKNOWN")

    return Converter(decode, found[f"written_{name}"].get, exact=False)


@converter("tri")
def tri() -> Converter:
    """A flag with three answers (0 no, 1 yes, 2 uncertain); words are understood too."""

    def decode(value: Any, _: object) -> str:
        return _TRI[as_text(value).strip().lower()]

    backwards = {"NO": 0, "YES": 1, "UNSURE": 2}
    return Converter(decode, backwards.get)


@converter("tri_words")
def tri_words(yes: str = "yes", no: str = "no", unsure: str = "unknown") -> Converter:
    """A flag in words; each argument may list alternatives with `|`, of which the first is written."""
    table = {
        word: answer for answer, words in (("YES", yes), ("NO", no), ("UNSURE", unsure)) for word in words.split("|")
    }
    backwards = {
        "YES": yes.split("|", maxsplit=1)[0],
        "NO": no.split("|", maxsplit=1)[0],
        "UNSURE": unsure.split("|", maxsplit=1)[0],
    }
    return Converter(lambda value, _: table[as_text(value).strip().lower()], backwards.get)


@lru_cache(maxsize=1024)
def colour_named(word: str) -> str:
    """Return the canonical name of a colour word, OTHER when it is not one of ours."""
    return vocabulary("colour").meaning(word) or "OTHER"


@converter("colour_word")
def colour_word(system: str) -> Converter:
    """A colour by its English word, with the word kept as the code."""

    def quick(word: str) -> dict[str, Any]:
        return {"name": colour_named(word), "code": {"system": system, "code": word}}

    def encode(value: Any) -> str | None:
        own = value.get("code") or {}
        if own.get("system") == system:
            return str(own["code"])
        name = value.get("name", "UNKNOWN")
        return None if name == "UNKNOWN" else str(name).lower()

    return Converter(lambda value, _: quick(as_text(value)), encode, quick=quick)


@converter("event_word")
def event_word() -> Converter:
    """A canonical event type; any other word is absent."""
    return Converter(lambda value, _: value if value in EVENT_TYPES else None, lambda value: value)


@converter("part_code")
def part_code(system: str) -> Converter:
    """The last part of a dotted name that is no number, as a code."""

    def decode(value: Any, _: object) -> dict[str, Any] | None:
        parts = [part for part in as_text(value).split(".") if not part.isdecimal()]
        return {"system": system, "code": parts[-1]} if parts else None

    return Converter(decode, None, exact=False)
