"""Was she seen before? `match` looks through what was seen, for one entry, under an order that allows looking back.

Faces are compared with the crops that are still kept: nothing of a face that nobody was looking for was ever stored.
What is found are candidates as `match` makes them. They are shown, and not put before reviewers: only `match` may write
candidates.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from fairwatch.apps.rehearsal.memory import MemoryState
from fairwatch.domain.clock import Clock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Skip
from fairwatch.domain.ports import Reference
from fairwatch.matching.face_search import FaceSearch
from fairwatch.matching.match_policy import MatchPolicy
from fairwatch.processors.match import Match

TOGETHER: Final = 500
PARTITION: Final = 0

Record = Mapping[str, Any]


@dataclass(slots=True)
class Looked:
    """What a search came to.

    Attributes:
        sightings: How many were looked at.
        candidates: The first of each visit.
        reasons: Why the others are none, and how often.
    """

    sightings: int = 0
    candidates: list[Record] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


async def look(
    sightings: Iterable[Record],
    references: Mapping[str, Reference],
    policy: MatchPolicy,
    clock: Clock,
    faces: FaceSearch | None = None,
) -> Looked:
    """Let `match` look through sightings.

    Args:
        sightings: Of the past.
        references: What is listed: only what is looked for.
        policy: With the mode that the order has to allow.
        clock: The time by which entry and order have to be in force.
        faces: Compares faces; None where plates alone are looked for.

    Raises:
        RetryableError: The media store is away.
    """
    processor, looked = Match(clock, MemoryState(), references, faces, policy), Looked()
    for number, batch in enumerate(_batches(sightings)):
        events = [
            Event("sightings", "Sighting", record, record["observation"]["device_id"], {}, PARTITION, number + at)
            for at, record in enumerate(batch)
        ]
        for outcomes in await processor.handle(events):
            _take(outcomes, looked)
        looked.sightings += len(batch)
    return looked


def _take(outcomes: Sequence[Any], looked: Looked) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Skip):
            looked.reasons[outcome.reason] += 1
        elif isinstance(outcome, Emit) and outcome.topic == "candidates":
            looked.candidates.append(outcome.record)


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    rows = iter(records)
    while batch := list(islice(rows, TOGETHER)):
        yield batch
