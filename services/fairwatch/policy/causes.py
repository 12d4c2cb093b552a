"""What raised an alert and has not ended: moments, tracks and conditions, of any number.

The causes of a group lie beside its value, on shelves of the state: a trigger rewrites one shelf, however many there
are. A group begins with one shelf and spreads over `SHELVES` when that grows long.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal
from zlib import crc32

from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.ports import State

Kind = Literal["MOMENT", "TRACK", "CONDITION"]
SHELVES = 64
SPREAD_AT = 64  # causes on one shelf
OBJECT = "#"  # stands between what a cause is of, and which object
PHYSICAL = ("tamper.", "io.", "sensor.", "alarm.", "device.")  # a sensor said so, not an analysis of pictures
CONDITIONS = (*PHYSICAL, "fire.", "smoke.", "access.")  # what is said to be active holds until it is said not to be
MOMENTS = ("line.crossed", "zone.entered", "zone.left", "plate.", "count.", "face.")  # each one is an occurrence


@dataclass(slots=True)
class Cause:
    """One thing that raises an alert.

    Attributes:
        cause_id: What it is of (device, channel, rule, what happens), then `#` and the object, if it has one.
        kind: A moment ages out; a track ends, or ages out where its end is never sent; a condition of a device or
            sensor holds until its device says otherwise.
        started_at, updated_at: First and last time, in microseconds, as it happened.
        heard_at: When it was last heard of, by our clock.
        devices: All of its devices, where several raise it together; else none.
    """

    cause_id: str
    kind: Kind
    device_id: str
    event_type: str
    started_at: int
    updated_at: int
    heard_at: int
    devices: Sequence[str] = ()

    def as_row(self) -> list[Any]:
        """Return it as a value that passes through JSON, without its id."""
        row = [self.kind, self.device_id, self.event_type, self.started_at, self.updated_at, self.heard_at]
        return [*row, list(self.devices)] if self.devices else row

    def told(self, state: Literal["FIRING", "ENDED", "STALE"]) -> dict[str, Any]:
        """Return it as an alert tells it."""
        return {
            "cause_id": self.cause_id,
            "kind": self.kind,
            "state": state,
            "device_id": self.device_id,
            "event_type": self.event_type,
            "started_at": self.started_at,
            "updated_at": self.updated_at,
        }


class CauseBook:
    r"""The causes of one group, for the time of one batch; call `save` at its end.

    Args:
        state: Key `\0causes.<group>.<shelf>`: {cause id: row}.
        partition: Of the batch.
        group: The group.
        shelves: How many shelves it has: 1 or `SHELVES`.
    """

    def __init__(self, state: State, partition: int, group: str, shelves: int = 1) -> None:
        self._state = state
        self._partition = partition
        self._group = group
        self.shelves = shelves
        self._rows: dict[int, dict[str, list[Any]]] = {}
        self._changed: set[int] = set()

    def __iter__(self) -> Iterator[Cause]:
        for number in range(self.shelves):
            for cause_id, row in list(self._shelf(number).items()):
                yield Cause(cause_id, *row)

    @property
    def are_none(self) -> bool:
        """Whether there is no cause."""
        return not self._shelf(0) and (self.shelves == 1 or not any(map(self._shelf, range(self.shelves))))

    def get(self, cause_id: str) -> Cause | None:
        """Return the cause of an id, or None."""
        row = self._shelf(self._number(cause_id)).get(cause_id)
        return None if row is None else Cause(cause_id, *row)

    def ended_by(self, cause_id: str) -> list[Cause]:
        """Return what an end ends: its own cause; else, where it or they name no object, those of the same thing."""
        if (own := self.get(cause_id)) is not None:
            return [own]
        thing, _, named = cause_id.partition(OBJECT)
        shelf = self._shelf(self._number(cause_id))
        alike = [other for other in shelf if other == thing or (not named and other.startswith(thing + OBJECT))]
        return [Cause(other, *shelf[other]) for other in alike]

    def put(self, cause: Cause) -> None:
        """Keep a cause."""
        number = self._number(cause.cause_id)
        self._shelf(number)[cause.cause_id] = cause.as_row()
        self._changed.add(number)
        if self.shelves == 1 and len(self._rows[0]) > SPREAD_AT:
            self._spread()

    def remove(self, cause: Cause) -> None:
        """Take a cause out."""
        number = self._number(cause.cause_id)
        if self._shelf(number).pop(cause.cause_id, None) is not None:
            self._changed.add(number)

    def clear(self) -> None:
        """Take all of them out."""
        self._rows = {number: {} for number in range(self.shelves)}
        self._changed.update(self._rows)

    def save(self) -> None:
        """Put what changed into the state."""
        for number in self._changed:
            key = f"{HIDDEN}causes.{self._group}.{number}"
            if rows := self._rows[number]:
                self._state.put(self._partition, key, {"rows": rows})
            else:
                self._state.delete(self._partition, key)
        self._changed.clear()

    def _spread(self) -> None:
        rows, self.shelves = self._rows[0], SHELVES
        self._rows = {number: {} for number in range(SHELVES)}
        for cause_id, row in rows.items():
            self._rows[self._number(cause_id)][cause_id] = row
        self._changed.update(self._rows)

    def _number(self, cause_id: str) -> int:
        """Return the shelf of a cause; objects of one thing share it."""
        if self.shelves == 1:
            return 0
        return crc32(cause_id.partition(OBJECT)[0].encode("utf-8", "surrogatepass")) % self.shelves

    def _shelf(self, number: int) -> dict[str, list[Any]]:
        rows = self._rows.get(number)
        if rows is None:
            value = self._state.get(self._partition, f"{HIDDEN}causes.{self._group}.{number}")
            rows = self._rows[number] = value["rows"] if value else {}
        return rows


def cause_of_observation(seen: Mapping[str, Any]) -> tuple[str, Kind]:
    """Return what an observation is about, the same for its beginning, its repetitions and its end, and how that ends.

    Two rules, channels or objects of one device are two causes. What happens to an object over its life is one,
    whatever the object is called meanwhile.
    """
    source, event_type, object_id = seen.get("source", {}), seen["event_type"], seen.get("object_id")
    kind = _kind(event_type, seen.get("lifecycle", "MOMENTARY"), seen.get("active"))
    of_object = bool(object_id) and kind == "TRACK" and seen.get("active") is None
    what = "object" if of_object else event_type
    thing = _token(seen["device_id"], source.get("device_id"), source.get("channel"), source.get("rule"), what)
    return f"{thing}{OBJECT}{_token(object_id)}" if object_id else thing, kind


def _kind(event_type: str, lifecycle: str, active: bool | None) -> Kind:
    if event_type.startswith(MOMENTS):
        return "MOMENT"
    if active is None and lifecycle not in ("START", "UPDATE", "END"):
        return "MOMENT"
    return "CONDITION" if event_type.startswith(CONDITIONS) else "TRACK"


def _token(*parts: object) -> str:
    return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def cause_of(trigger: Mapping[str, Any]) -> tuple[str, Kind]:
    """Return the id and kind of what a trigger is about; one of an earlier release names neither."""
    if causes := trigger.get("causes"):
        return causes[0]["cause_id"], causes[0]["kind"]
    return plain_name(trigger), "MOMENT"


def plain_name(trigger: Mapping[str, Any]) -> str:
    """Return what an earlier release called it: the candidate, else the device and what it said."""
    device = next(iter(trigger.get("device_ids", ())), "")
    return str(trigger.get("candidate_id") or f"{device}|{trigger['event_type']}")


def tells_of_its_beginning(trigger: Mapping[str, Any]) -> bool:
    """Tell whether an end says that its beginning was on the way as well, and when."""
    return bool(trigger["state"] == "ENDED" and trigger["started_at"] < trigger["updated_at"])
