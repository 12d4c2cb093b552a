"""Turns what a device sent into observations, through the adapter of its format."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Emit, Outcome, Reject, Skip
from fairwatch.domain.ports import MediaStore, Reference
from fairwatch.formats.catalogue import decode
from fairwatch.formats.drift import FieldDrift
from fairwatch.formats.payload import Decoded, Payload
from fairwatch.parts import spec_of
from fairwatch.policy.causes import cause_of_observation
from fairwatch.policy.device_lists import DeviceLists
from fairwatch.wire.kinds.names import Names

MEDIA_AT_ONCE = 16
RETAINED = "mqtt-retained"
Decode = Callable[[Payload, str | None], Decoded]


@dataclass(slots=True)
class _Work:
    """One event on its way: what became of it so far."""

    raw: dict[str, Any] | None
    body: bytes = b""
    decoded: Decoded | None = None
    rejected: RejectedError | None = None
    drift: list[dict[str, Any]] = field(default_factory=list)


class Normalize:
    """Decodes raw events.

    Pictures are stored before the observation that refers to them is written. A device speaks only for itself: what it
    says of other devices is skipped as `device_announcement`, and a watchlist entry that it imports has no
    authorisation, so it cannot match before a person has given it one.

    Args:
        devices: Known devices, for the zone of clocks that send none.
        watchlist_entries: Watchlist entries; an entry that people have authorised is never overwritten by an import.
        media: Where pictures go.
        bodies: Where bodies are that were too large for the topic; None for the media store, where they used to be.
        soft_biometrics: Keep estimated age and gender.
        names: Makes the tokens that stand for names which devices send.
        decode: The adapters.
        device_lists: Lists of devices that count; none without.
        authorisations: What these are bound to.
    """

    spec = spec_of("normalize")

    def __init__(
        self,
        devices: Reference,
        watchlist_entries: Reference,
        media: MediaStore,
        *,
        bodies: MediaStore | None = None,
        soft_biometrics: bool = False,
        names: Names | None = None,
        decode: Decode = decode,
        device_lists: Reference | None = None,
        authorisations: Reference | None = None,
    ) -> None:
        self._lists = DeviceLists(device_lists, authorisations) if device_lists and authorisations else None
        self._devices = devices
        self._entries = watchlist_entries
        self._media = media
        self._bodies = bodies or media
        self._soft_biometrics = soft_biometrics
        self._names = names or Names()
        self._decode = decode
        self._drift = FieldDrift()
        self._slots = asyncio.Semaphore(MEDIA_AT_ONCE)

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Fetch bodies, decode in line, store pictures, then answer."""
        works = [_Work(event.record) for event in batch]
        await asyncio.gather(*(self._fetch(work) for work in works if work.raw is not None))
        for work in works:
            self._read(work)
        await asyncio.gather(*(self._keep(work) for work in works if work.decoded and work.decoded.media))
        return [self._answer(work) for work in works]

    async def _fetch(self, work: _Work) -> None:
        assert work.raw is not None
        reference = work.raw.get("body_ref")
        if not reference:
            work.body = work.raw.get("body", b"")
            return
        try:
            async with self._slots:
                work.body = await self._bodies.get(reference["uri"])
        except RejectedError as error:
            work.rejected = error

    def _read(self, work: _Work) -> None:
        if work.raw is None or work.rejected:
            return
        raw = work.raw
        device = self._devices.get(raw["device_id"]) or {}
        payload = Payload(
            body=work.body,
            content_type=raw.get("content_type", ""),
            path=raw.get("path", ""),
            headers=raw.get("headers", {}),
            device_id=raw["device_id"],
            received_at=raw["received_at"],
            time_zone=device.get("time_zone"),
            soft_biometrics=self._soft_biometrics,
            names=self._names,
            listed=self._lists.asked(raw["device_id"], raw["received_at"]) if self._lists else None,
        )
        try:
            work.decoded = self._decode(payload, raw.get("format"))
            work.drift = self._drift.of(payload, work.decoded, raw["sha256"])
        except RejectedError as error:
            work.rejected = error

    async def _keep(self, work: _Work) -> None:
        assert work.decoded is not None
        try:
            await asyncio.gather(*(self._put(*picture) for picture in work.decoded.media.values()))
        except RejectedError as error:
            work.rejected = error

    async def _put(self, picture: bytes, mime: str) -> None:
        async with self._slots:
            await self._media.put(picture, mime)

    def _answer(self, work: _Work) -> list[Outcome]:
        if work.rejected:
            return [Reject(work.rejected.reason, work.rejected.detail, work.rejected.field)]
        if work.raw is None or work.decoded is None:
            return [Skip("tombstone")]
        outcomes = [self._outcome(type_, record, work.raw) for type_, record in work.decoded.records]
        outcomes += [Emit("field-drift", one["format"], one) for one in work.drift]
        outcomes += [Skip(reason) for reason, _ in work.decoded.skipped]
        outcomes += [Skip("claim_without_mandate")] * work.decoded.claims
        return outcomes or [Skip("no_record")]

    def _outcome(self, type_: str, record: dict[str, Any], raw: dict[str, Any]) -> Outcome:
        match type_:
            case "Observation":
                observation = _bound(record, raw)
                if raw.get("headers", {}).get(RETAINED) == "true":
                    return _retained(observation, raw["device_id"])
                return Emit("observations", raw["device_id"], observation)
            case "WatchlistEntry":
                return self._import(record, raw)
            case "Device":
                return Skip("device_announcement")
            case _:
                return Skip("unsupported_record")

    def _import(self, entry: dict[str, Any], raw: dict[str, Any]) -> Outcome:
        # Named after its sender: a device must not be able to replace an entry of anybody else.
        entry_id = stable_id("imported-entry", raw["device_id"], entry["entry_id"])
        known = self._entries.get(entry_id)
        if known and known.get("authorisation_id"):
            return Skip("entry_is_authorised")
        extensions = {**entry.get("extensions", {}), "imported.entry_id": entry["entry_id"]}
        imported = {"authorisation_id": None, "approved_by": None, "created_by": f"device:{raw['device_id']}"}
        return Emit(
            "watchlist-entries", entry_id, {**entry, **imported, "entry_id": entry_id, "extensions": extensions}
        )


def _retained(observation: dict[str, Any], device_id: str) -> Outcome:
    """Answer what an MQTT broker had kept: it tells how things stand, never that something happens now."""
    _, kind = cause_of_observation(observation)
    if observation.get("active") is None or (observation["active"] and kind != "CONDITION"):
        return Skip("retained")
    return Emit("observations", device_id, {**observation, "lifecycle": "SYNC"})


def _bound(observation: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    """Return the observation as said by the device that has authenticated itself."""
    source, claimed = observation["source"], observation.get("device_id")
    if claimed and claimed != raw["device_id"] and not source.get("device_id"):
        source = {**source, "device_id": claimed}
    return {
        **observation,
        "source": source,
        "device_id": raw["device_id"],
        "received_at": raw["received_at"],
        "raw_sha256": raw["sha256"],
    }
