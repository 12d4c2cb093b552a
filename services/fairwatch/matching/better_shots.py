"""What people were asked about on a track, so that a better shot takes the place of the picture they would look at."""

from dataclasses import dataclass
from typing import Any

from fairwatch.domain.agenda import Agenda
from fairwatch.domain.clock import Clock
from fairwatch.domain.records import MatchCandidate, Observation
from fairwatch.matching.shots import GAP, track_of

BETTER = 0.05  # of quality in [0,1]: a track changes what people look at twenty times at most
KEY = "asked|"


@dataclass(frozen=True, slots=True)
class Asked:
    """A candidate that people were asked about; `expires_at` in microseconds UTC."""

    candidate_id: str
    required: int
    expires_at: int


class BetterShots:
    """The candidates of each track, and the quality of the face that each was asked with.

    Args:
        agenda: Key `asked|` and a track: {of: {entry_id: {candidate_id, authorisation_id, required, expires_at,
            quality, by: [observation_id]}}, due}; microseconds UTC.
    """

    def __init__(self, agenda: Agenda, clock: Clock) -> None:
        self._agenda = agenda
        self._clock = clock

    def asked(
        self, partition: int, observation: Observation, entry_id: str, authorisation_id: str, quality: float
    ) -> Asked | None:
        """Return the candidate that a face of some quality shows better; None where people need not see it.

        It is the same one again for the observation by which it was shown better before.
        """
        known = self._of(partition, observation).get(entry_id)
        if known is None or known["authorisation_id"] != authorisation_id:
            return None
        again = observation["observation_id"] in known["by"]
        if not again and (quality < known["quality"] + BETTER or known["expires_at"] <= self._clock.now()):
            return None
        return Asked(known["candidate_id"], known["required"], known["expires_at"])

    def note(self, partition: int, observation: Observation, made: MatchCandidate) -> None:
        """Remember a candidate that people are asked about, or a better shot for it."""
        key, quality = track_of(observation), made.get("probe_quality")
        if key is None or quality is None:
            return
        known = self._of(partition, observation)
        before = known.get(made["entry_id"])
        by = before["by"] if before and before["candidate_id"] == made["candidate_id"] else []
        if observation["observation_id"] in by:
            return
        known[made["entry_id"]] = {
            "candidate_id": made["candidate_id"],
            "authorisation_id": made["authorisation_id"],
            "required": made.get("required_verifications", 2),
            "expires_at": made["expires_at"],
            "quality": quality,
            "by": [*by, observation["observation_id"]],
        }
        self._agenda.put(partition, KEY + key, {"of": known, "due": self._clock.now() + 2 * GAP})

    def _of(self, partition: int, observation: Observation) -> dict[str, Any]:
        key = track_of(observation)
        value = self._agenda.get(partition, KEY + key) if key is not None else None
        return dict(value["of"]) if value else {}
