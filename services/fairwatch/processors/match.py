"""Finds what somebody is authorised to look for among the sightings: plates and faces, each with its explanation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fairwatch.domain.clock import Clock
from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Outcome, Skip
from fairwatch.domain.ports import Reference, State
from fairwatch.domain.records import Authorisation, MatchKind, PlateReading, Sighting, WatchlistEntry
from fairwatch.domain.taken_back import Untold
from fairwatch.matching.admission import Admission
from fairwatch.matching.better_shots import Asked
from fairwatch.matching.candidates import Finding, candidate, created, improved
from fairwatch.matching.claims import claimed
from fairwatch.matching.enrolment import BrokenPicture, unusable
from fairwatch.matching.face_search import FaceSearch
from fairwatch.matching.faces import NoTemplate
from fairwatch.matching.list_part import WHOLE, ListPart
from fairwatch.matching.list_policies import ListPolicies
from fairwatch.matching.mandate import Mandate
from fairwatch.matching.match_policy import MatchPolicy
from fairwatch.matching.models import ThresholdPolicy
from fairwatch.matching.place import Place
from fairwatch.matching.plate_hypotheses import hypotheses
from fairwatch.matching.plate_likelihood import Reading
from fairwatch.matching.plates import ALGORITHM, PlateHit, PlateIndex
from fairwatch.matching.probe import Probe, face_probe, plate_probe
from fairwatch.matching.reader_model import evidence_sentence
from fairwatch.matching.shots import ANY
from fairwatch.matching.strictness import PlateStrictness
from fairwatch.matching.tracks import Tracks
from fairwatch.parts import spec_of
from fairwatch.policy.device_lists import DeviceLists
from fairwatch.policy.two_person import required_people

SECOND = 1_000_000
LOOK_AGAIN = 60 * SECOND  # templates whose time is over are forgotten within it
_NOT_FOUND = Skip("below_threshold")

_Plates = Sequence[tuple[PlateReading, tuple[Reading, ...]]]  # of one sighting, each as it is compared


@dataclass(frozen=True, slots=True)
class _Moment:
    """A sighting where and when it was made, the wall clock, and the partition it came in."""

    sighting: Sighting
    place: Place
    at: int
    now: int
    partition: int


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry, how it was found, and the picture it was found in."""

    entry_id: str
    finding: Finding
    probe: Probe | None


class Match:
    """Sightings in, candidates out.

    Only entries whose authorisation is in force at the place, the time and the wall clock are compared. What is not
    found is counted by its reason and forgotten: templates of probes live within one call.
    Without `faces` only plates are compared, and no model is needed. What people have to look at, they get once for
    each visit: a track that goes on is not put before them again. A face on a track is searched in each shot that is
    better than those before it; where it shows the same entry clearly better, the candidate comes again with it.
    """

    spec = spec_of("match")

    def __init__(
        self,
        clock: Clock,
        state: State,
        references: Mapping[str, Reference],
        faces: FaceSearch | None,
        policy: MatchPolicy | None = None,
        list_part: ListPart = WHOLE,
    ) -> None:
        self._clock = clock
        self._faces = faces
        self._policy = policy or MatchPolicy()
        self._of_lists = ListPolicies(self._policy.lists, self._policy.plates)
        self._part = list_part
        self._mandate = Mandate(
            references["watchlist-entries"],
            references["authorisations"],
            references["sites"],
            self._policy.mode,
            list_part,
        )
        lists = references.get("device-lists")
        self._lists = DeviceLists(lists, references["authorisations"]) if lists else None
        self._plates = PlateIndex()
        self._tracks, self._untold = Tracks(state, clock), Untold(state)
        self._enrol_at = 0
        self._changed: dict[str, WatchlistEntry | None] = {}
        self._ahead: dict[str, list[WatchlistEntry]] = {}  # candidates of the batch's plates, looked up together

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Answer each sighting with its candidates, or with the reason why there is none."""
        broken = await self.enrol()
        read = [_plates_of(event.record) for event in batch]
        self._look_ahead(read)
        answers = [await self._answer(event, plates) for event, plates in zip(batch, read, strict=True)]
        if answers:
            answers[0][:0] = self._untold.give(batch[0].partition, _told(broken))
        return answers

    def _look_ahead(self, plates: Iterable[_Plates]) -> None:
        """Look the plates of a batch up together: that costs a third of looking each up by itself."""
        self._ahead = self._plates.candidates({one.text for of_event in plates for _, said in of_event for one in said})

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Forget tracks that nothing was heard of, and take up what changed in the lists where no events come."""
        self._tracks.forget(partitions)
        told = _told(await self.enrol())
        return self._untold.give(partitions[0], told) if partitions else told

    async def _answer(self, event: Event, plates: _Plates) -> list[Outcome]:
        if event.record is None:
            return [Skip("tombstone")]
        answers = await self._match(event.record, plates, event.partition)
        for answer in answers:
            if isinstance(answer, Emit) and answer.topic == "candidates":
                answer.record["follows"] = event.places
        return answers

    async def enrol(self) -> list[BrokenPicture]:
        """Take up what changed in the lists; return enrolment pictures that cannot be used."""
        self._take_up()
        now = self._clock.now()
        if self._faces is None or (now < self._enrol_at and not self._changed):
            return []
        if now < self._enrol_at:
            entries = [entry for entry in self._changed.values() if entry is not None]
            broken = await self._faces.enrol(self._mandate.enrollable(now, entries), self._changed)
        else:
            broken = await self._faces.enrol(self._mandate.enrollable(now))
            self._enrol_at = now + LOOK_AGAIN
        self._changed.clear()
        return broken

    def _take_up(self) -> None:
        changes = self._mandate.refresh()
        if changes is None:
            return
        if changes.wide:
            self._enrol_at = 0
        self._changed.update(dict.fromkeys(changes.removed))
        self._changed.update({entry["entry_id"]: entry for entry in changes.put})
        if self._faces is not None:
            self._faces.suspend(self._changed)
        self._ahead.clear()
        plates = [entry for entry in changes.put if entry["kind"] == "PLATE"]
        others = [entry["entry_id"] for entry in changes.put if entry["kind"] != "PLATE"]
        self._plates.update(plates, [*changes.removed, *others])

    async def _match(self, sighting: Sighting, plates: _Plates, partition: int) -> list[Outcome]:
        place = self._mandate.place(sighting)
        moment = _Moment(sighting, place, sighting["occurred_at"], self._clock.now(), partition)
        observation = sighting["observation"]
        face = face_probe(observation)
        answers = self._match_claim(moment) if observation.get("claim") else []
        if plates:
            answers += self._refuse("PLATE", moment) or self._match_plates(moment, plates)
        if face:
            answers += self._refuse("FACE", moment) or await self._match_face(moment, face)
        return answers or [Skip("no_probe")]

    def _match_claim(self, moment: _Moment) -> list[Outcome]:
        """Answer a recognition of the device's own: a candidate like ours, of the entry that its list says."""
        observation = moment.sighting["observation"]
        claim = observation["claim"]
        assert claim is not None
        sender = observation["source"].get("tokens", {}).get("sender") or observation["device_id"]
        listed = self._lists and self._lists.claim(sender, claim["enrolment_id"], at=moment.at, now=moment.now)
        admitted = listed and self._mandate.admit(listed.entry_id, moment.place, at=moment.at, now=moment.now)
        if not listed or not admitted:
            return [Skip("claim_without_mandate")]
        entry, authorisation = admitted
        if entry["kind"] != "FACE" or authorisation["authorisation_id"] != listed.authorisation_id:
            return [Skip("claim_without_mandate")]
        found = _Found(
            listed.entry_id, claimed(claim, listed, observation["source"]["format"]), face_probe(observation)
        )
        searched = Admission(frozenset([listed.authorisation_id]), version=listed.version, size=listed.size)
        return self._emit(moment, [found], searched)

    def _refuse(self, kind: MatchKind, moment: _Moment) -> list[Outcome]:
        """Return why nothing of this kind may be searched here and now; empty when something may."""
        if not self._mandate.lists(kind):
            return [Skip("nothing_listed")]
        here = self._mandate.admits(kind, moment.place, at=moment.at, now=moment.now)
        return [] if here else [Skip("out_of_mandate")]

    def _match_plates(self, moment: _Moment, plates: _Plates) -> list[Outcome]:
        found: dict[str, _Found] = {}
        observation = moment.sighting["observation"]
        for plate, said in plates:
            hits = self._plates.search_all(
                said, self._admits(moment), self._strictness, self._ahead, self._policy.reader
            )
            for rank, hit in enumerate(hits, 1):
                known = found.get(hit.entry_id)
                if known is None or known.finding.score < hit.comparison.likelihood:
                    probe = plate_probe(observation, plate.get("box"))
                    found[hit.entry_id] = _Found(hit.entry_id, self._plate_finding(plate, said, hits, rank), probe)
        if not found:
            return [_NOT_FOUND]
        searched = self._mandate.admission("PLATE", moment.place, at=moment.at, now=moment.now)
        return self._emit(moment, list(found.values()), searched)

    async def _match_face(self, moment: _Moment, probe: Probe) -> list[Outcome]:
        if self._faces is None:
            return [Skip("faces_off")]
        shots, observation = self._tracks.shots, moment.sighting["observation"]
        searched = self._compared(self._faces, moment).version
        above = ANY if self._policy.every_shot else shots.best(moment.partition, observation, searched, moment.at)
        try:
            face = await self._faces.read(probe, above)
        except RejectedError as error:
            return [Skip("media_unavailable" if error.reason == "media_unavailable" else "picture_unreadable")]
        if isinstance(face, NoTemplate):
            return [Skip(face.counted_as)]
        self._take_up()  # what was revoked while the face was read is not compared
        compared = self._compared(self._faces, moment)
        if not compared.size:
            admitted = self._mandate.admits("FACE", moment.place, at=moment.at, now=moment.now)
            return [Skip("nothing_enrolled" if admitted else "out_of_mandate")]
        shots.note(moment.partition, observation, compared.version, moment.at, face.quality)
        looked = self._faces.find(face, compared, self._near_enough, self._of_lists.farthest)
        found = [_Found(entry_id, finding, probe) for entry_id, finding in looked.findings]
        return self._emit(moment, found, compared, Skip("not_this_person") if looked.others else _NOT_FOUND)

    def _compared(self, faces: FaceSearch, moment: _Moment) -> Admission:
        """Return which enrolled entries a face may be compared with here and now."""
        under = self._mandate.in_force("FACE", moment.place, at=moment.at, now=moment.now)
        return faces.compared(under, moment.place, at=moment.at, now=moment.now)

    def _admits(self, moment: _Moment) -> Callable[[str], bool]:
        return lambda entry_id: bool(self._mandate.admit(entry_id, moment.place, at=moment.at, now=moment.now))

    def _strictness(self, entry: WatchlistEntry) -> PlateStrictness:
        """Return what a reading of an entry's plate needs."""
        return self._of_lists.plates(self._mandate.rests_on(entry) if self._policy.lists else None)

    def _near_enough(self, entry_id: str) -> ThresholdPolicy | None:
        """Return how near a face has to be, where the entry's list says so itself."""
        entry = self._mandate.entry(entry_id) if self._policy.lists else None
        return self._of_lists.faces(self._mandate.rests_on(entry)) if entry else None

    def _emit(
        self, moment: _Moment, found: Sequence[_Found], gallery: Admission, nobody: Skip = _NOT_FOUND
    ) -> list[Outcome]:
        if not found:
            return [nobody]
        outcomes: list[Outcome] = []
        reason = "out_of_mandate"
        for each in found:
            admitted = self._mandate.admit(each.entry_id, moment.place, at=moment.at, now=moment.now)
            if admitted is None:
                continue
            asked = None
            if self._repeats(moment, *admitted) and not (asked := self._shown_better(moment, each, *admitted)):
                reason = "same_track"
                continue
            made = candidate(
                moment.sighting,
                *admitted,
                each.finding,
                probe=each.probe,
                gallery=gallery,
                mode=self._policy.mode,
                now=moment.now,
                review_us=self._policy.review_s * SECOND,
                asked=asked,
                part=self._part,
            )
            self._tracks.better.note(moment.partition, moment.sighting["observation"], made)
            outcomes.append(Emit("candidates", made["candidate_id"], made))
            outcomes.append(Emit("audit", made["candidate_id"], improved(made) if asked else created(made)))
        return outcomes or [Skip(reason)]

    def _shown_better(
        self, moment: _Moment, found: _Found, entry: WatchlistEntry, authorisation: Authorisation
    ) -> Asked | None:
        """Return the candidate of this track that this face shows better; None where people need not see it."""
        quality = found.finding.probe_quality
        if quality is None or found.probe is None:
            return None
        observation, about = moment.sighting["observation"], authorisation["authorisation_id"]
        return self._tracks.better.asked(moment.partition, observation, entry["entry_id"], about, quality)

    def _repeats(self, moment: _Moment, entry: WatchlistEntry, authorisation: Authorisation) -> bool:
        """Tell whether people were asked about this entry on this track before. What needs nobody asks nobody."""
        if not required_people(entry["kind"], authorisation.get("required_verifications", 2)):
            return False
        observation = moment.sighting["observation"]
        return self._tracks.repeats(moment.partition, observation, entry["entry_id"], moment.at)

    def _plate_finding(
        self, plate: PlateReading, said: Sequence[Reading], hits: Sequence[PlateHit], rank: int
    ) -> Finding:
        hit = hits[rank - 1]
        after = hits[rank].comparison.likelihood if rank < len(hits) else None
        return Finding(
            score=hit.comparison.likelihood,
            threshold=hit.strictness.threshold,
            threshold_policy=hit.strictness.policy,
            algorithm=ALGORITHM,
            rank=rank,
            margin=None if after is None else hit.comparison.likelihood - after,
            explanation=(*hit.comparison.explanation, evidence_sentence(hit.evidence or 0.0, self._policy.reader)),
            plate_read=plate["text"] if hit.hypothesis == 1 else said[hit.hypothesis - 1].text,
            plate_listed=hit.listed,
            plate_hypothesis=hit.hypothesis,
        )


def _told(broken: Sequence[BrokenPicture]) -> list[Emit]:
    return [Emit("audit", record["subject"], record) for record in map(unusable, broken)]


def _plates_of(sighting: Sighting | None) -> _Plates:
    plates = sighting["observation"].get("plates", []) if sighting else ()
    return [(plate, said) for plate in plates if (said := hypotheses(plate))]
