"""What a processor holds in memory of work whose effects were taken back: it has to be done again.

Outputs, state and offsets of a batch or tick take effect together or not at all. Where they do not, the state is as it
was before, and events come again; but what a processor remembers beside its state, such as "I looked through that
partition" or "I told the audit log", would be wrong. The state counts how often it went back.
"""

from collections.abc import Hashable, Iterable, Sequence

from fairwatch.domain.outcome import Emit
from fairwatch.domain.ports import State


class Returns:
    """Tells of each partition, once each time, that its state came or went back.

    Args:
        state: The state of the processor.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._seen: dict[int, int] = {}

    def of(self, partition: int) -> bool:
        """Tell whether the state of a partition came or went back since this was asked last; True at first."""
        generation = self._state.generation(partition)
        if self._seen.get(partition) == generation:
            return False
        self._seen[partition] = generation
        return True


class LookedThrough:
    """Up to which version of something else each partition was looked through.

    Args:
        state: The state of the processor.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._seen: dict[int, tuple[Hashable, int]] = {}

    def changed(self, partitions: Iterable[int], version: Hashable) -> list[int]:
        """Return those that are to be looked through: not yet under this version, or their state went back since.

        They count as looked through; partitions that are not named are forgotten.
        """
        before = self._seen
        self._seen = {number: (version, self._state.generation(number)) for number in partitions}
        return [number for number, seen in self._seen.items() if before.get(number) != seen]

    def is_unsure(self, partition: int) -> bool:
        """Tell whether the state of a partition came or went back since it was looked through."""
        _, generation = self._seen.get(partition, (None, None))
        return generation != self._state.generation(partition)


class Untold:
    """What is to be said once and stands in no state: it is said again where it was taken back.

    Args:
        state: The state of the processor.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._last: list[Emit] = []
        self._under = (0, 0)

    def give(self, partition: int, emits: Sequence[Emit]) -> list[Emit]:
        """Return these, after those that the last call gave in vain; `partition` is one that is written with them."""
        number, generation = self._under
        in_vain = self._last if self._state.generation(number) != generation else []
        self._last = [*in_vain, *emits]
        self._under = partition, self._state.generation(partition)
        return list(self._last)
