"""Keeps the gallery in step with the watchlist: templates of enrolment pictures, in this process and never stored."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import MediaStore
from fairwatch.domain.records import AuditRecord, MediaRef, WatchlistEntry
from fairwatch.matching.faces import FaceReader, NoTemplate
from fairwatch.matching.gallery import Gallery


@dataclass(frozen=True, slots=True)
class BrokenPicture:
    """An enrolment picture that gives no template, and why (bounded)."""

    entry: WatchlistEntry
    picture: str
    reason: str
    faults: tuple[str, ...] = ()


def picture_key(reference: MediaRef) -> str:
    """Return what names a picture: its hash, or its address where the hash is not known."""
    return reference.get("sha256") or reference["uri"]


def unusable(broken: BrokenPicture) -> AuditRecord:
    """Return the audit record of an enrolment picture that cannot be used; a retry gives the same one."""
    entry = broken.entry
    return {
        "audit_id": stable_id("audit", "enrolment.failed", entry["entry_id"], broken.picture, broken.reason),
        "action": "enrolment.failed",
        "actor": "processor:match",
        "at": entry.get("updated_at") or entry["valid_from"],
        "subject": entry["entry_id"],
        "authorisation_id": entry.get("authorisation_id"),
        "details": {"picture": broken.picture, "reason": broken.reason, "faults": " ".join(broken.faults)},
    }


class Enrolment:
    """Makes templates of new pictures and forgets those that are no longer wanted.

    A picture is tried once; one that is not in the media store yet is tried again at the next update.
    """

    def __init__(self, gallery: Gallery, reader: FaceReader, media: MediaStore) -> None:
        self._gallery = gallery
        self._reader = reader
        self._media = media
        self._tried: set[tuple[str, str]] = set()

    async def update(self, entries: Iterable[WatchlistEntry]) -> list[BrokenPicture]:
        """Hold the templates of these entries and no others; return the pictures that gave none.

        RetryableError when the media store is away; what was enrolled until then stays.
        """
        wanted = {
            (entry["entry_id"], picture_key(reference)): (entry, reference)
            for entry in entries
            for reference in entry.get("references", [])
        }
        for entry_id, picture in self._tried - wanted.keys():
            self._gallery.remove(entry_id, picture)
        self._tried &= wanted.keys()
        broken = []
        for key in wanted.keys() - self._tried:
            failure = await self._enrol(*wanted[key])
            if failure is None or failure.reason != "media_unavailable":
                self._tried.add(key)
            broken += [failure] if failure else []
        return sorted(broken, key=lambda b: (b.entry["entry_id"], b.picture))

    async def _enrol(self, entry: WatchlistEntry, reference: MediaRef) -> BrokenPicture | None:
        picture = picture_key(reference)
        try:
            content = await self._media.get(reference["uri"])
            found = await asyncio.to_thread(self._reader.read, content, alone=True)
        except RejectedError as error:
            return BrokenPicture(entry, picture, error.reason)
        if isinstance(found, NoTemplate):
            return BrokenPicture(entry, picture, found.reason, found.faults)
        self._gallery.put(entry["entry_id"], picture, found)
        return None
