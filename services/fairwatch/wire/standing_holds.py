"""Legal holds that stand, kept in the state of a processor: one that is deleted or written over stands after a restart.

A compacted topic holds what was written last. Whoever can write there takes a hold away by a tombstone, and a process
that starts after that would never have seen it: what it keeps would be erased.
"""

from typing import Final

from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.ports import Reference, State
from fairwatch.domain.taken_back import Returns
from fairwatch.policy.erasure import holds_now
from fairwatch.wire.signed_reference import SignedReference

PREFIX: Final = HIDDEN + "hold "
PARTITION: Final = 0  # one worker has it


class StandingHolds:
    """Remembers the holds that somebody signed until somebody signs their end; without signatures it does nothing.

    Args:
        state: Of the processor.
        holds: The topic `legal-holds`.
    """

    def __init__(self, state: State, holds: Reference) -> None:
        self._state, self._returns, self._version = state, Returns(state), -1
        self._holds = holds if isinstance(holds, SignedReference) else None

    def follow(self, now: int) -> None:
        """Take up what stood when another process ended, and note what stands now; partition 0 has to be held.

        Args:
            now: Microseconds UTC.
        """
        if self._holds is None:
            return
        if self._returns.of(PARTITION):
            self._version = -1
            for key, value in self._state.items(PARTITION):
                if key.startswith(PREFIX):
                    self._holds.remember(key.removeprefix(PREFIX), value["hold"])
        if self._version != self._holds.version:
            self._version = self._holds.version
            for key, hold in self._holds.items():
                self._note(PREFIX + key, hold, now)

    def _note(self, place: str, hold: dict[str, object], now: int) -> None:
        if not holds_now(hold, now):  # type: ignore[arg-type]  # a LegalHold
            self._state.delete(PARTITION, place)
        elif (self._state.get(PARTITION, place) or {}).get("hold") != hold:
            # An earlier release takes it for a candidate that everybody was told to forget.
            gone = {"gone": True, "told": True, "pictures": [], "entry": "", "authorisation": "", "evidence": False}
            self._state.put(PARTITION, place, {"hold": hold, "since": now, **gone})
