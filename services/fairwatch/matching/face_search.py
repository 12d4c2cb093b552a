"""Finds listed faces: enrols them, reads probes, compares, and says how each was found."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import structlog

from fairwatch.domain.ports import MediaStore
from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.admission import Admission
from fairwatch.matching.candidates import Finding
from fairwatch.matching.enrolment import BrokenPicture, Enrolment
from fairwatch.matching.faces import FaceReader, NoTemplate, Template
from fairwatch.matching.gallery import FaceHit, Gallery
from fairwatch.matching.keepsake import Keepsake
from fairwatch.matching.models import ThresholdPolicy
from fairwatch.matching.negatives import Negatives
from fairwatch.matching.place import Place
from fairwatch.matching.probe import Probe, corners
from fairwatch.matching.settling import Settling

KEPT_EVERY_S = 30.0  # least seconds between two files
NEVER = -1  # version of a gallery that no file holds

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FacesFound:
    """What a face was found to be.

    Attributes:
        findings: Entry ids, the nearest first, and how each was found.
        others: Entries that it would be, were it not nearer to somebody who was taken for them before.
    """

    findings: list[tuple[str, Finding]]
    others: int = 0


class FaceSearch:
    """The models with the gallery of one process. Templates leave it only sealed, into the file of `keepsake`."""

    def __init__(
        self,
        reader: FaceReader,
        media: MediaStore,
        keepsake: Keepsake | None = None,
        kept_every_s: float = KEPT_EVERY_S,
    ) -> None:
        self.gallery = Gallery(reader.template_space, reader.config.embedder.dimensions)
        self._reader = reader
        self._media = media
        self._keepsake = keepsake
        self._enrolment = Enrolment(self.gallery, reader, media, keepsake.read() if keepsake else None)
        self._negatives = Negatives(reader, media)
        self._kept_every_s = kept_every_s
        self._kept, self._kept_at = 0, -kept_every_s
        self._keeping: asyncio.Future[None] | None = None
        self._settling: tuple[Settling, asyncio.Future[None]] | None = None

    async def enrol(
        self, entries: Iterable[WatchlistEntry], among: Collection[str] | None = None
    ) -> list[BrokenPicture]:
        """Hold the templates of these entries and no others; return the pictures that gave none.

        Args:
            entries: Of which templates may exist.
            among: Ids of the entries that are asked about; the others stay as they are. None for all.
        """
        wanted = list(entries)
        broken = await self._enrolment.update(wanted, among)
        await self._negatives.update(wanted, among)
        self._settle()
        self._keep()
        return broken

    def _settle(self) -> None:
        """Let a thread make shards of what was enrolled, and take them up when they are there."""
        if self._settling is not None:
            made, task = self._settling
            if not task.done():
                return
            self._settling = None
            task.result()
            self.gallery.settled(made)
        work = self.gallery.settling()
        if work is not None:
            self._settling = work, asyncio.ensure_future(asyncio.to_thread(work.make))

    def _keep(self) -> None:
        """Let a thread write the sealed file, when something changed and the last one is written."""
        if self._keeping is not None and self._keeping.done():
            if error := self._keeping.exception():
                log.error("gallery.not_written", error=repr(error))
                self._kept = NEVER  # the old file still holds who was taken off: it is tried again
            self._keeping = None
        since = time.monotonic() - self._kept_at
        if self._keepsake is None or self._keeping is not None or since < self._kept_every_s:
            return
        if self._kept == self._enrolment.version:
            return
        self._kept, self._kept_at = self._enrolment.version, time.monotonic()
        self._keeping = asyncio.ensure_future(asyncio.to_thread(self._keepsake.write, self.gallery.pieces()))

    async def kept(self) -> None:
        """Wait until the sealed file that is being written is there."""
        if self._keeping is not None:
            await asyncio.wait([self._keeping])

    async def read(self, probe: Probe, above: float) -> Template | NoTemplate:
        """Return the template of a probe whose quality exceeds a number.

        Raises:
            RejectedError: Its picture is missing, or none.
            RetryableError: The media store is away.
        """
        content = await self._media.get(probe.media["uri"])
        return await asyncio.to_thread(self._reader.read, content, corners(probe.box), above=above)

    def suspend(self, entry_ids: Iterable[str]) -> None:
        """Compare these entries no more until they are enrolled again: they have changed, or are gone."""
        for entry_id in entry_ids:
            self._enrolment.scopes.suspend(entry_id)

    def compared(self, authorisations: Iterable[str], place: Place, *, at: int, now: int) -> Admission:
        """Return which enrolled entries may be compared under authorisations that are in force here and now."""
        return self._enrolment.scopes.admission(authorisations, place, at=at, now=now)

    def find(
        self,
        face: Template,
        admission: Admission,
        own: Callable[[str], ThresholdPolicy | None] = lambda _: None,
        farthest: float = 0.0,
    ) -> FacesFound:
        """Return the entries that the face may be; no others are compared with it.

        Args:
            face: Somebody's.
            admission: Which entries may be compared.
            own: Tells of an entry id how near a face has to be, where its list says so itself.
            farthest: The largest distance that a list says.
        """
        usual = self._reader.config.threshold
        hits = self.gallery.search(face, admission, max(usual.distance, farthest))
        found, others = list[tuple[FaceHit, ThresholdPolicy, float | None]](), 0
        for hit in hits:
            policy, other = own(hit.entry_id) or usual, self._negatives.nearest(hit.entry_id, face)
            if hit.distance >= policy.distance:
                continue
            if other is not None and other <= hit.distance:
                others += 1
            else:
                found.append((hit, policy, other))
        rows = enumerate(found, 1)
        return FacesFound([(one[0].entry_id, self._finding(face, rank, *one)) for rank, one in rows], others)

    def _finding(
        self, face: Template, rank: int, hit: FaceHit, policy: ThresholdPolicy, other: float | None
    ) -> Finding:
        score = policy.score(hit.distance)
        farther = (
            "" if other is None else f"nearest picture of somebody else who was taken for it: distance {other:.3f}"
        )
        return Finding(
            score=score,
            threshold=policy.threshold,
            threshold_policy=policy.id,
            expected_fpir=policy.expected_fpir,
            algorithm=f"{self._reader.config.embedder.template_space} l2",
            template_space=self._reader.template_space,
            runtime=self._reader.runtime,
            rank=rank,
            margin=None if hit.runner_up is None else score - policy.score(hit.runner_up),
            probe_quality=face.quality,
            picture=hit.picture,
            explanation=(
                f"distance {hit.distance:.3f}, a candidate is below {policy.distance:.3f}",
                f"quality of the picture {face.quality:.2f}",
                f"calibration: {policy.calibration}",
                *([farther] if farther else []),
            ),
        )
