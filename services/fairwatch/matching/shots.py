"""One search for each better shot of a track: a picture that is worse than one that was searched is not searched."""

from typing import Any

from fairwatch.domain.agenda import Agenda
from fairwatch.domain.clock import Clock
from fairwatch.domain.records import Observation

MINUTE = 60_000_000
GAP = 10 * MINUTE  # a track that was silent for longer is another visit: trackers count anew after a restart
ANY = -1.0  # below every quality
SEARCHED = 20  # shots of a track that are remembered, so that they are searched again when they are delivered again
KEY = "shot|"


class Shots:
    """The quality of the best face on each track that was searched, and in which list.

    Nothing of the face is kept, and not whether it was found. A track is searched anew when the list has changed, and
    ten minutes after its best shot. What has no object id has no track: each of its pictures is searched.

    Args:
        agenda: Key `shot|` and a track: {by: [observation_id], quality, searched, at, due}; microseconds UTC.
    """

    def __init__(self, agenda: Agenda, clock: Clock) -> None:
        self._agenda = agenda
        self._clock = clock

    def best(self, partition: int, observation: Observation, searched: str, at: int) -> float:
        """Return the quality that a face must exceed to be worth a search; `ANY` where each is.

        Args:
            partition: Of the event.
            observation: With the face.
            searched: Names what would be searched.
            at: When, microseconds UTC.
        """
        value = self._known(partition, observation, searched, at)
        if value is None or observation["observation_id"] in value["by"]:
            return ANY
        return float(value["quality"])

    def note(self, partition: int, observation: Observation, searched: str, at: int, quality: float) -> None:
        """Remember that a face of some quality in [0,1] was searched."""
        key = track_of(observation)
        if key is None:
            return
        value = self._known(partition, observation, searched, at) or {"by": [], "quality": ANY, "at": at}
        by = [one for one in value["by"] if one != observation["observation_id"]]
        better = quality > value["quality"]
        noted = {
            "by": [*by, observation["observation_id"]][-SEARCHED:],
            "quality": max(quality, value["quality"]),
            "searched": searched,
            "at": at if better else value["at"],
            "due": self._clock.now() + 2 * GAP,
        }
        self._agenda.put(partition, KEY + key, noted)

    def _known(self, partition: int, observation: Observation, searched: str, at: int) -> dict[str, Any] | None:
        key = track_of(observation)
        value = self._agenda.get(partition, KEY + key) if key is not None else None
        if value is None or value["searched"] != searched or abs(at - value["at"]) > GAP:
            return None
        return value


def track_of(observation: Observation) -> str | None:
    """Return what names the track of an observation's object, by the source's own ids; None for no track."""
    object_id: Any = observation.get("object_id")
    if not object_id:
        return None
    source: Any = observation.get("source", {})
    channel = source.get("channel") or ""
    return f"{observation['device_id']}|{source.get('format', '')}|{channel}|{object_id}"
