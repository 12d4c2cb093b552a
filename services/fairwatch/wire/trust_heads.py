"""How new the newest genuine version of each signed record is, so that an older one is known where it comes again.

A compacted topic holds the version that was written last, not the newest one: whoever writes an older genuine version
again leaves nothing else behind, and a process that starts then has nothing to compare it with. `verify` therefore
writes the time of the newest deed of each on a topic that nobody else may write; whoever checks signatures reads it.
"""

from collections.abc import Iterable
from typing import Final

from fairwatch.domain.outcome import Emit
from fairwatch.domain.ports import Reference
from fairwatch.domain.records import TrustHead

TOPIC: Final = "trust-heads"


def head_id(topic: str, key: str) -> str:
    """Return the id of the head of a record."""
    return f"{topic}/{key}"


class TrustHeads:
    """What is known of the newest versions.

    Args:
        reference: The topic; None: nothing is known.
    """

    def __init__(self, reference: Reference | None = None) -> None:
        self._reference = reference

    def of(self, topic: str, key: str) -> int:
        """Return when the newest version of a record was signed, microseconds UTC; 0 where that is not known."""
        head = None if self._reference is None else self._reference.get(head_id(topic, key))
        return 0 if head is None else int(head["at"])


class HeadKeeper:
    """Writes the heads; one worker does.

    Args:
        heads: As they are on the topic.
    """

    def __init__(self, heads: TrustHeads) -> None:
        self._heads = heads
        self._told: dict[tuple[str, str], int] = {}

    def tell(self, newest: Iterable[tuple[str, str, int]], now: int) -> list[Emit]:
        """Return the heads that are newer than what is on the topic.

        Args:
            newest: Topic, key and when it was signed, of each genuine record.
            now: Microseconds UTC.
        """
        self._told = {place: at for place, at in self._told.items() if self._heads.of(*place) < at}
        emits = []
        for topic, key, at in newest:
            if at <= max(self._heads.of(topic, key), self._told.get((topic, key), 0)):
                continue
            self._told[topic, key] = at
            head: TrustHead = {"head_id": head_id(topic, key), "topic": topic, "subject": key, "at": at, "seen_at": now}
            emits.append(Emit(TOPIC, head["head_id"], head))
        return emits
