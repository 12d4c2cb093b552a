"""Keeps the gallery in step with the watchlist: templates of enrolment pictures, in this process and never stored."""

import asyncio
from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.ports import MediaStore
from fairwatch.domain.records import AuditRecord, MediaRef, WatchlistEntry
from fairwatch.matching.codes import Floats
from fairwatch.matching.faces import FaceReader, NoTemplate
from fairwatch.matching.gallery import Gallery, Listed
from fairwatch.matching.scopes import Scopes


@dataclass(frozen=True, slots=True)
class BrokenPicture:
    """An enrolment picture that gives no template, and why (bounded)."""

    entry: WatchlistEntry
    picture: str
    reason: str
    faults: tuple[str, ...] = ()


@dataclass(slots=True)
class _Held:
    """What is known of an entry's pictures.

    Attributes:
        tried: Pictures that need not be tried again.
        enrolled: Those of them that gave a template.
        missing: Some could not be had.
    """

    entry: WatchlistEntry
    tried: tuple[str, ...] = ()  # a set of one would take four times the memory
    enrolled: tuple[str, ...] = ()
    missing: bool = False

    def keep(self, pictures: Container[str]) -> None:
        """Forget what other pictures came to."""
        self.tried = tuple(one for one in self.tried if one in pictures)
        self.enrolled = tuple(one for one in self.enrolled if one in pictures)


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

    Attributes:
        scopes: The entries that have a template.
        version: Grows with each change of the gallery.
    """

    def __init__(
        self,
        gallery: Gallery,
        reader: FaceReader,
        media: MediaStore,
        known: dict[tuple[str, str], Floats] | None = None,
    ) -> None:
        self._gallery = gallery
        self._reader = reader
        self._media = media
        self._held: dict[str, _Held] = {}
        self._known = known or {}
        self._ready: list[Listed] = []  # known templates, on their way into the gallery
        self.scopes = Scopes()
        self.version = 0

    async def update(
        self, entries: Iterable[WatchlistEntry], among: Collection[str] | None = None
    ) -> list[BrokenPicture]:
        """Hold the templates of these entries and no others; return the pictures that gave none.

        RetryableError when the media store is away; what was enrolled until then stays.

        Args:
            entries: Of which templates may exist.
            among: Ids of the entries that are asked about; the others stay as they are. None for all.
        """
        wanted = {entry["entry_id"]: entry for entry in entries}
        for entry_id in [e for e in (self._held if among is None else among) if e not in wanted]:
            self._forget(entry_id)
        broken: list[BrokenPicture] = []
        try:
            for entry in wanted.values():
                broken += await self._hold(entry)
        finally:
            self._put_ready()
        if among is None and self._known:
            self._known.clear()  # whoever is in there and not listed any more is forgotten, also in the next file
            self.version += 1
        return sorted(broken, key=lambda b: (b.entry["entry_id"], b.picture))

    async def _hold(self, entry: WatchlistEntry) -> list[BrokenPicture]:
        entry_id = entry["entry_id"]
        held = self._held.get(entry_id)
        if held is not None and held.entry is entry and not held.missing:
            return []
        pictures = {picture_key(reference): reference for reference in entry.get("references", [])}
        if held is not None and held.entry.get("authorisation_id") != entry.get("authorisation_id"):
            self._forget(entry_id)
            held = None
        if held is None:
            held = self._held[entry_id] = _Held(entry)
        held.entry, held.missing = entry, True
        for picture in set(held.tried) - pictures.keys():
            self._gallery.remove(entry_id, picture)
            self.version += 1
        held.keep(pictures)
        broken = []
        try:
            for picture in pictures.keys() - held.tried:
                failure = await self._enrol(entry, pictures[picture])
                if failure is None:
                    held.enrolled += (picture,)
                if failure is None or failure.reason != "media_unavailable":
                    held.tried += (picture,)
                broken += [failure] if failure else []
            held.missing = set(held.tried) != pictures.keys()
            if held.enrolled == held.tried:
                held.enrolled = held.tried  # one of them is enough
        finally:
            if held.enrolled:
                self.scopes.put(entry)
            else:
                self.scopes.remove(entry_id)
        return broken

    def _forget(self, entry_id: str) -> None:
        held = self._held.pop(entry_id, None)
        for picture in held.enrolled if held else ():
            self._gallery.remove(entry_id, picture)
            self.version += 1
        self.scopes.remove(entry_id)

    def _put_ready(self) -> None:
        self._gallery.put_all(self._ready)
        self._ready.clear()

    async def _enrol(self, entry: WatchlistEntry, reference: MediaRef) -> BrokenPicture | None:
        picture, under = picture_key(reference), entry.get("authorisation_id") or ""
        known = self._known.pop((entry["entry_id"], picture), None)
        if known is not None and reference.get("sha256"):
            self._ready.append(Listed(entry["entry_id"], picture, under, known))
            self.version += 1
            return None
        self._put_ready()
        try:
            content = await self._media.get(reference["uri"])
            found = await asyncio.to_thread(self._reader.read, content, alone=True)
        except RejectedError as error:
            return BrokenPicture(entry, picture, error.reason)
        if isinstance(found, NoTemplate):
            return BrokenPicture(entry, picture, found.reason, found.faults)
        self._gallery.put(entry["entry_id"], picture, found, under)
        self.version += 1
        return None
