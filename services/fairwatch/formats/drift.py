"""What devices say that no declaration reads: names and shapes for the topic `field-drift`, never a value.

Tracing every payload would take most of the hub's time, so it looks at the first few of each device, format and kind of
record, and after that at one in `SAMPLED`, chosen by the payload's hash: a replay looks at the same ones. Each record
says for how many payloads it stands, so that sums of `weight` estimate how often a field comes.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Final

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.catalogue import decode
from fairwatch.formats.language.trace import Trace
from fairwatch.formats.payload import Decoded, Payload
from fairwatch.policy.protected import is_protected, is_secret, is_soft_biometric
from fairwatch.policy.second_line import asked_about
from fairwatch.wire.kinds.shapes import hides_word

SAMPLED: Final = 256
MORE: Final = "#more"
_FIRST: Final = 3
_MOST_KINDS: Final = 10_000
_MOST_FIELDS: Final = 500
_MOST_A_PAYLOAD: Final = 50
_DEEPEST: Final = 8
_LARGEST: Final = 64 << 10  # bytes of a body that is looked at: tracing takes many times as long as decoding
_NAME: Final = re.compile(r"@?[A-Za-z_][A-Za-z0-9_]{0,47}")
Kind = tuple[str, str, str]


class FieldDrift:
    """Looks at payloads after they were decoded.

    What it remembers is bounded: `_MOST_KINDS` kinds of payload, the oldest forgotten first, and `_MOST_FIELDS` fields
    of each format. Whatever is beyond, and all of a body above 64 KiB, is told as one field, `#more`.
    """

    def __init__(self) -> None:
        self._looked: OrderedDict[Kind, tuple[str, ...]] = OrderedDict()
        self._known: dict[str, set[str]] = {}

    def of(self, payload: Payload, decoded: Decoded, digest: str) -> list[dict[str, Any]]:
        """Return what is to be told of a payload: `FieldDrift` records, mostly none.

        Args:
            payload: As it was decoded.
            decoded: What became of it.
            digest: SHA-256 of its body in hex.
        """
        if not decoded.records:
            return []
        weight = self._weight(payload, decoded, digest)
        if not weight:
            return []
        if len(payload.body) > _LARGEST:
            return [_told(decoded.format, MORE, "OTHER", payload, weight)]
        trace = Trace()
        try:
            decode(payload, decoded.format, trace)
        except RejectedError:
            return []
        fields = dict(self._bounded(decoded.format, unread(trace)))
        return [_told(decoded.format, path, shape, payload, weight) for path, shape in fields.items()]

    def _weight(self, payload: Payload, decoded: Decoded, digest: str) -> int:
        """Return for how many payloads this one stands; 0 when it is not looked at."""
        type_, record = decoded.records[0]
        kind = (payload.device_id, decoded.format, str(record.get("event_type", type_)))
        looked = self._looked.get(kind, ())
        if digest in looked or len(looked) < _FIRST:
            if digest not in looked:
                self._looked[kind] = (*looked, digest)
                if len(self._looked) > _MOST_KINDS:
                    self._looked.popitem(last=False)
            return 1
        return SAMPLED if int(digest[:8] or "1", 16) % SAMPLED == 0 else 0

    def _bounded(self, name: str, fields: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        known = self._known.setdefault(name, set())
        for count, (path, shape) in enumerate(fields):
            if count >= _MOST_A_PAYLOAD or (path not in known and len(known) >= _MOST_FIELDS):
                yield MORE, "OTHER"
                return
            known.add(path)
            yield path, shape


def _says_something(name: str) -> bool:
    """Tell whether a name stands for what must not be carried, in any writing."""
    return (
        is_protected(name) or is_secret(name) or is_soft_biometric(name) or bool(asked_about(name)) or hides_word(name)
    )


def _told(name: str, path: str, shape: str, payload: Payload, weight: int) -> dict[str, Any]:
    return {
        "format": name,
        "path": path,
        "shape": shape,
        "device_id": payload.device_id,
        "seen_at": payload.received_at,
        "weight": weight,
    }


def unread(trace: Trace) -> Iterator[tuple[str, str]]:
    """Yield path and shape of each field that no row names and whose name may be told, positions as `#`, each once."""
    told = set()
    for entry in trace.entries:
        if entry.outcome != "not_read" or entry.field:
            continue
        path = _telling(entry.path)
        if path and path not in told:
            told.add(path)
            yield path, entry.shape


def _telling(path: str) -> str:
    """Return the path with its positions out, or an empty text where a name in it may itself say something."""
    steps = path.partition("#")[0].split(".")
    names = [step for step in steps if not step.isdigit()]
    if len(names) > _DEEPEST or not all(_NAME.fullmatch(name) for name in names):
        return ""
    if any(map(_says_something, names)):
        return ""
    return ".".join("#" if step.isdigit() else step for step in steps)
