"""Finds listed faces: enrols them, reads probes, compares, and says how each was found."""

import asyncio
from collections.abc import Collection, Iterable

from fairwatch.domain.ports import MediaStore
from fairwatch.domain.records import WatchlistEntry
from fairwatch.matching.candidates import Finding
from fairwatch.matching.enrolment import BrokenPicture, Enrolment
from fairwatch.matching.faces import FaceReader, NoTemplate, Template
from fairwatch.matching.gallery import FaceHit, Gallery
from fairwatch.matching.probe import Probe, corners


class FaceSearch:
    """The models with the gallery of one process. Templates never leave it."""

    def __init__(self, reader: FaceReader, media: MediaStore) -> None:
        self.gallery = Gallery(reader.template_space, reader.config.embedder.dimensions)
        self._reader = reader
        self._media = media
        self._enrolment = Enrolment(self.gallery, reader, media)

    async def enrol(self, entries: Iterable[WatchlistEntry]) -> list[BrokenPicture]:
        """Hold the templates of these entries and no others; return the pictures that gave none."""
        return await self._enrolment.update(entries)

    async def read(self, probe: Probe) -> Template | NoTemplate:
        """Return the template of a probe; RejectedError when its picture is missing or none, RetryableError."""
        content = await self._media.get(probe.media["uri"])
        return await asyncio.to_thread(self._reader.read, content, corners(probe.box))

    def find(self, face: Template, entry_ids: Collection[str]) -> list[tuple[str, Finding]]:
        """Return the entries that the face may be, the nearest first; no others are compared with it."""
        hits = self.gallery.search(face, entry_ids, self._reader.config.threshold.distance)
        return [(hit.entry_id, self._finding(face, hit, rank)) for rank, hit in enumerate(hits, 1)]

    def _finding(self, face: Template, hit: FaceHit, rank: int) -> Finding:
        policy = self._reader.config.threshold
        score = policy.score(hit.distance)
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
            ),
        )
