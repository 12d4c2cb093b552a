"""One visit, one candidate: who was found on a track is not put before people again with each of its messages."""

from collections.abc import Sequence

from fairwatch.domain.agenda import Agenda
from fairwatch.domain.clock import Clock
from fairwatch.domain.ports import State
from fairwatch.domain.records import Observation
from fairwatch.matching.better_shots import BetterShots
from fairwatch.matching.shots import GAP, MINUTE, Shots, track_of

REFRESHED = MINUTE  # how stale the note of a track's last message may be


class Tracks:
    """The entries that were found on each track, by the source's own object ids.

    Attributes:
        shots: The best face of each track.
        better: What people were asked about on each track.

    Args:
        state: Key of a track: {found: {entry_id: [observation_id, first, last]}, due}; microseconds UTC.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._agenda = Agenda(state, lambda value: value["due"])
        self._clock = clock
        self.shots = Shots(self._agenda, clock)
        self.better = BetterShots(self._agenda, clock)

    def repeats(self, partition: int, observation: Observation, entry_id: str, at: int) -> bool:
        """Tell whether the entry was found on this track before, and remember that it is found now.

        The observation by which it was found first is no repetition, however often it comes. What has no object id has
        no track.

        Args:
            partition: Of the event.
            observation: In which it is found.
            entry_id: Watchlist entry.
            at: When, microseconds UTC.
        """
        key = track_of(observation)
        if key is None:
            return False
        value = self._agenda.get(partition, key) or {"found": {}}
        by, first, last = value["found"].get(entry_id, ("", at, at))
        mine = by == observation["observation_id"]
        new = not by or not first - GAP <= at <= last + GAP
        if new:
            by, first, last = observation["observation_id"], at, at
        elif at < last + REFRESHED:
            return not mine
        value["found"][entry_id] = [by, first, max(last, at)]
        value["due"] = self._clock.now() + 2 * GAP
        self._agenda.put(partition, key, value)
        return not new and not mine

    def forget(self, partitions: Sequence[int]) -> None:
        """Forget tracks that nothing was heard of."""
        for partition, key, _ in self._agenda.due(partitions, self._clock.now()):
            self._agenda.delete(partition, key)
