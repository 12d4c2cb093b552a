"""Closes a record that a device filled: what is not of its field's kind becomes a token, `unlisted`, or is left out."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from fairwatch.domain.plates import MOST_ALTERNATIVES
from fairwatch.wire.kinds.names import Names, is_token
from fairwatch.wire.kinds.rules import FieldKind, Rule, kinds, named_records
from fairwatch.wire.kinds.shapes import is_plain_id
from fairwatch.wire.kinds.tables import code_tables, may_travel
from fairwatch.wire.kinds.vocabularies import UNLISTED, vocabulary

_GONE: Final = object()
_CODED: Final = "CodedValue"
_NOUNS: Final = (  # of the tokens of a source, by what is in their key
    ("rule", ("rule",)),
    ("channel", ("channel", "videosource")),
    ("zone", ("zone", "region", "field", "area")),
)
_PEOPLE: Final = frozenset({"FaceAttributes", "PersonAttributes"})
_SOFT: Final = frozenset({"age_years", "gender"})
_MANY: Final = frozenset({dict, list})
_PLAIN_DIGITS: Final = 12  # longer ones may be a word in hexadecimal
_REMEMBERED: Final = 4_096
_OURS: Final = {"Observation": frozenset({"observation_id"})}  # a UUID made here, of nothing that can be read
_UNCERTAIN: Final = frozenset({None, "UNKNOWN", "OTHER"})
_UNSAID: Final = {"value": 0.0}
Close = Callable[[Any, "Closing"], Any]


class Closing:
    """Closes the records of one payload.

    Args:
        names: Makes tokens.
        device_id: Of the authenticated device; empty where there is none.
        soft_biometrics: Keep estimated age and gender.
        listed: Tells whether the token of whom the device recognised is on a list that is bound to an authorisation.

    Attributes:
        claims: How many recognitions of the device's own were dropped.
    """

    def __init__(
        self,
        names: Names,
        device_id: str = "",
        *,
        soft_biometrics: bool = False,
        listed: Callable[[str], bool] | None = None,
    ) -> None:
        self._names = names
        self._listed = listed
        self.device_id = device_id
        self.soft_biometrics = soft_biometrics
        self.claims = 0

    def close(self, kind: str, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record of a type, closed; the record itself is changed."""
        if kind == "Observation":
            claim = record.pop("claim", None)
            if claim is not None and not self._keeps(claim, record):
                self.claims += 1
        sender = record.get("device_id")
        closed = _record_of(kind)(record, self)
        if sender and sender == self.device_id:
            record["device_id"] = sender  # the gateway says who it is
        return record if closed is _GONE else closed

    def _keeps(self, claim: dict[str, Any], record: dict[str, Any]) -> bool:
        """Keep of a claim whom it is about, by token, and how like, if somebody authorised it."""
        said = claim.get("enrolment_id")
        if self._listed is None or not said:
            return False
        token = said if is_token(said) else self.token("id", said)
        if not self._listed(token):
            return False
        record["claim"] = {"enrolment_id": token, "similarity": claim.get("similarity")}
        return True

    def token(self, noun: str, name: str) -> str:
        """Return the token of one of the device's names."""
        return self._names.token(self.device_id, noun, name)


def without_unlisted(node: Any) -> Any:
    """Return a record without the codes that only say that a word was not listed: no other system knows them."""
    if type(node) is dict:
        return {name: without_unlisted(value) for name, value in node.items() if not _is_unlisted(value)}
    if type(node) is list:
        return [without_unlisted(item) for item in node if not _is_unlisted(item)]
    return node


def _is_unlisted(node: Any) -> bool:
    return type(node) is dict and node.get("code") == UNLISTED and "system" in node


@lru_cache(maxsize=1_024)
def noun_of_key(key: str) -> str:
    """Return of what a name among a source's tokens is, by its key: `RegionName` is of a zone."""
    plain = key.casefold()
    return next((noun for noun, marks in _NOUNS if any(mark in plain for mark in marks)), "name")


def _scalar(rule: Rule) -> Close:
    """Return what closes a text; answers of closed kinds are remembered, since most texts come again and again."""
    if rule.kind in {"registered", "hub-text", "id"}:
        return _named_text(rule)
    seen: dict[str, Any] = {}

    def close(value: Any, closing: Closing) -> Any:
        if type(value) is not str:
            return value
        known = seen.get(value)
        if known is None:
            mended = rule.mended(value, closing.token)
            known = _GONE if mended is None else mended
            if len(seen) >= _REMEMBERED:  # plates and times never end
                seen.clear()
            seen[value] = known
        return known

    return close


def _named_text(rule: Rule) -> Close:
    def close(value: Any, closing: Closing) -> Any:
        if type(value) is not str or (len(value) < _PLAIN_DIGITS and value.isdecimal() and value.isascii()):
            return value
        mended = rule.mended(value, closing.token)
        return _GONE if mended is None else mended

    return close


def _coded(value: Any, _: Closing) -> Any:
    """Close a code; without a table of its system nothing is left of it."""
    system, code = value.get("system", ""), value.get("code", "")
    if "text" in value:
        del value["text"]
    if type(system) is not str or type(code) is not str or not may_travel(system, code):
        if type(system) is not str or code_tables().table(system) is None:
            return _GONE
        value["code"] = UNLISTED
    return value


@cache
def _record_of(name: str) -> Close:
    if name == _CODED:
        return _coded
    steps: dict[str, Close] = {}
    required: set[str] = set()
    rules = kinds().fields.get(name, {})
    for field in named_records()[name]["fields"]:
        if field["name"] in _OURS.get(name, ()):
            continue
        step = _close(field["type"], rules.get(field["name"], FieldKind()))
        if step is not None:
            steps[field["name"]] = step
            if "default" not in field:
                required.add(field["name"])
    return _Record(name, steps, frozenset(required))


class _Record:
    """Closes records of one type."""

    def __init__(self, name: str, steps: Mapping[str, Close], required: frozenset[str]) -> None:
        self._steps = steps
        self._required = required
        self._people = name in _PEOPLE
        self._after: Callable[[dict[str, Any]], None] | None = _AFTER.get(name)

    def __call__(self, record: Any, closing: Closing) -> Any:
        if type(record) is not dict:
            return record
        gone = self._closed(record, closing)
        if not self._required.isdisjoint(gone):
            return _GONE
        for name in gone:
            del record[name]
        if self._people and not closing.soft_biometrics:
            for name in _SOFT:
                record.pop(name, None)
        if self._after is not None:
            self._after(record)
        return record

    def _closed(self, record: dict[str, Any], closing: Closing) -> list[str]:
        """Close each field; return the names of those that nothing is left of."""
        gone: list[str] = []
        steps = self._steps
        for name, value in record.items():
            step = steps.get(name)
            if step is None or value is None:
                continue
            closed = step(value, closing)
            if closed is _GONE or (value and not closed and type(closed) in _MANY):
                gone.append(name)
            elif closed is not value:
                record[name] = closed
        return gone


def _close(schema: Any, kind: FieldKind) -> Close | None:
    if isinstance(schema, list):
        return _close(next(member for member in schema if member != "null"), kind)
    if schema == "string":
        return _scalar(kind.values) if kind.values else None
    if isinstance(schema, str):
        name = schema.rpartition(".")[2]
        node = named_records().get(name)
        return _record_of(name) if node is not None and node["type"] == "record" else None
    match schema["type"]:
        case "record":
            step: Close | None = _record_of(schema["name"].rpartition(".")[2])
        case "array":
            step = _items(_close(schema["items"], kind))
        case "map":
            step = _entries(_close(schema["values"], kind), kind)
        case _:
            step = None
    return step


def _items(step: Close | None) -> Close | None:
    if step is None:
        return None

    def close(items: Any, closing: Closing) -> Any:
        if type(items) is not list:
            return items
        return [closed for item in items if (closed := step(item, closing)) is not _GONE]

    return close


def _entries(step: Close | None, kind: FieldKind) -> Close:
    keys, values = kind.keys, kind.values
    by_key = values is not None and values.kind == "registered"
    known: dict[str, bool] = {}

    def close(entries: Any, closing: Closing) -> Any:
        if type(entries) is not dict:
            return entries
        kept = {}
        for key, value in entries.items():
            fits = known.get(key)
            if fits is None:
                fits = keys is None or keys.fits(key, closed=True)
                if len(known) < _REMEMBERED:  # hostile names must not fill memory
                    known[key] = fits
            if not fits:
                continue
            if by_key and type(value) is str:
                plain = is_plain_id(value) or is_token(value)
                kept[key] = value if plain else closing.token(noun_of_key(key), value)
                continue
            closed = step(value, closing) if step else value
            if closed is not _GONE:
                kept[key] = closed
        return kept

    return close


def _classified(record: dict[str, Any]) -> None:
    """Say what an observation is of by its code, where its format does not know the word."""
    code = record.get("class_code")
    if code and record.get("object_class") in _UNCERTAIN:
        record["object_class"] = vocabulary("object-class").meaning(code["code"]) or "OTHER"


def _of_kind(record: dict[str, Any]) -> None:
    code = record.get("kind_code")
    if code and record.get("kind") in _UNCERTAIN:
        record["kind"] = vocabulary("vehicle-kind").meaning(code["code"]) or record.get("kind") or "UNKNOWN"


def _coloured(record: dict[str, Any]) -> None:
    code = record.get("code")
    if code and record.get("name") in _UNCERTAIN:
        record["name"] = vocabulary("colour").meaning(code["code"]) or record.get("name") or "OTHER"


def _hypotheses(record: dict[str, Any]) -> None:
    """Leave of a reader's other hypotheses the likeliest, each once, without the one that it settled for."""
    said = record.get("alternatives")
    if not said:
        return
    seen, kept = {"", record["text"]}, []
    for one in sorted(said, key=lambda one: -(one.get("confidence") or _UNSAID)["value"]):
        if one["text"] not in seen:
            seen.add(one["text"])
            kept.append(one)
    record["alternatives"] = kept[:MOST_ALTERNATIVES]
    if not kept:
        del record["alternatives"]


_AFTER: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = {
    "Observation": _classified,
    "VehicleAttributes": _of_kind,
    "Colour": _coloured,
    "PlateReading": _hypotheses,
}
