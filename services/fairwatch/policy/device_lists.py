"""Lists that devices keep themselves: what a device recognises counts only by one that is bound to an authorisation.

A device names whom it recognised by an id or a name of its own. That never travels: what travels is its token, if a
list which two people bound to an authorisation in force holds it. Faces only: a plate that a device read is compared
with our own lists, whatever the device thinks of it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from fairwatch.domain.ports import Reference
from fairwatch.domain.records import Authorisation
from fairwatch.policy.authorisation import Refusal, person, standing, within

Record = dict[str, Any]
_SAID: Final = ("list_id", "device_id", "authorisation_id", "entry_id", "valid_from", "valid_until")
_DIGITS: Final = 32  # as many as the hash of a gallery of ours has


@dataclass(frozen=True, slots=True)
class ListedClaim:
    """What a recognition of a device's own is: the entry, by which list.

    Attributes:
        entry_id: Whom it is of.
        list_id: The list.
        authorisation_id: What the list is bound to.
        version: Names what the list said: who is on it, under which authorisation, for how long.
        size: Entries that the list leads to. How many people the device keeps on its own, nobody knows.
    """

    entry_id: str
    list_id: str
    authorisation_id: str
    version: str
    size: int


def list_standing(record: Record) -> Refusal | None:
    """Return why a binding is worth nothing whenever, or None: it takes a second person."""
    if record.get("state", "REQUESTED") != "BOUND":
        return "not_granted"
    requester = person(record["requested_by"])
    others = {person(name) for name in record.get("approved_by", ())} - {requester, ""}
    return None if requester and others else "no_approver"


class DeviceLists:
    """The bound lists by device; looked up anew when one changes.

    Args:
        lists: `DeviceList` records by id.
        authorisations: What they are bound to.
    """

    def __init__(self, lists: Reference, authorisations: Reference) -> None:
        self._lists, self._authorisations = lists, authorisations
        self._version = -1
        self._by_device: dict[str, list[Record]] = {}

    def claim(self, device_id: str, token: str, *, at: int, now: int) -> ListedClaim | None:
        """Return what a device's claim is, or None where nobody has authorised it.

        Args:
            device_id: The device that sends.
            token: Of whom it names.
            at: When it happened, microseconds UTC.
            now: The wall clock, or what stands for it in a replay.
        """
        for one in self._of(device_id):
            entry_id = _entry_of(one, token)
            if entry_id and self._refusal(one, at=at, now=now) is None:
                return ListedClaim(entry_id, one["list_id"], one["authorisation_id"], _version(one), _size(one))
        return None

    def asked(self, device_id: str, at: int) -> Callable[[str], bool] | None:
        """Return what tells whether a token of a device is listed at a time; None for a device without lists."""
        if not self._of(device_id):
            return None
        return lambda token: self.claim(device_id, token, at=at, now=at) is not None

    def _of(self, device_id: str) -> list[Record]:
        if self._version != self._lists.version:
            self._version = self._lists.version
            self._by_device = {}
            for key, one in self._lists.items():
                if one["list_id"] == key and list_standing(one) is None:
                    self._by_device.setdefault(one["device_id"], []).append(one)
        return self._by_device.get(device_id, [])

    def _refusal(self, one: Record, *, at: int, now: int) -> Refusal | None:
        authorisation: Authorisation | None = self._authorisations.get(one["authorisation_id"])
        if authorisation is None:
            return "no_authorisation"
        return (
            within(one["valid_from"], one["valid_until"], at=at, now=now)
            or standing(authorisation)
            or within(authorisation["valid_from"], authorisation["valid_until"], at=at, now=now)
        )


def _version(record: Record) -> str:
    """Return a hash of what a binding says; who asked for it and who approved it are no part of it."""
    said = [str(record.get(field) or "") for field in _SAID]
    entries = sorted((one["token"], one["entry_id"]) for one in record.get("entries", ()))
    return sha256(json.dumps([said, entries], separators=(",", ":")).encode()).hexdigest()[:_DIGITS]


def _size(record: Record) -> int:
    entries = {one["entry_id"] for one in record.get("entries", ())}
    return len(entries | {record["entry_id"]} if record.get("entry_id") else entries)


def _entry_of(record: Record, token: str) -> str | None:
    for one in record.get("entries", ()):
        if one["token"] == token:
            return str(one["entry_id"])
    return record.get("entry_id")
