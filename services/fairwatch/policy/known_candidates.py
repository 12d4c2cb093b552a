"""What is remembered of candidates so that what came of them can be erased: ids and references to pictures."""

from collections.abc import Container, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from fairwatch.domain.event import Event
from fairwatch.domain.memory import HIDDEN
from fairwatch.domain.ports import State
from fairwatch.policy.aged import PREFIX
from fairwatch.policy.erasure import Found, found

ROUND = HIDDEN + "round"  # the key of the last round of erasure that was told
BESIDE = (PREFIX, HIDDEN)  # begin keys of what is no candidate


class KnownCandidates:
    """Candidates by partition, in the state of a processor.

    Args:
        state: Key: the candidate's id. Values hold ids and URIs, nothing else of it.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def note(self, event: Event) -> str:
        """Take in a candidate or a verdict; return what became of it in a word."""
        partition, record, key = event.partition, event.record, event.key
        if record is None:
            self._state.delete(partition, key)
            return "erased"
        candidate = record["candidate"] if event.type == "Verdict" else record
        new = _value(candidate)
        value = self._state.get(partition, key) or new
        if not set(new["pictures"]) <= set(value["pictures"]):  # a better shot: both are its pictures
            value["pictures"] = sorted({*value["pictures"], *new["pictures"]})
            value.pop("gone", None)
        if event.type == "Verdict" and record["outcome"] == "CONFIRMED":
            value["evidence"] = True
        self._state.put(partition, key, value)
        return "noted"

    def tell_round(self, name: str, at: int) -> None:
        """Note that what a round of erasure did is told; partition 0 has to be held."""
        # An earlier release takes it for a candidate that everybody was told to forget.
        gone = {"gone": True, "told": True, "pictures": [], "entry": "", "authorisation": "", "evidence": False}
        self._state.put(0, ROUND, {"round": name, "since": at, **gone})

    def has_told(self, name: str) -> bool:
        """Tell whether a round of erasure was told, and that took effect."""
        value = self._state.get(0, ROUND)
        return value is not None and value["round"] == name

    def all(self, partitions: Sequence[int]) -> list[Found]:
        """Return those whose pictures were not erased."""
        return [_found(key, value) for p in partitions for key, value in self._of(p) if not value.get("gone")]

    def without_pictures(self, partitions: Sequence[int]) -> list[Found]:
        """Return those whose pictures were erased and of which nobody was told to forget them."""
        left = ((key, value) for p in partitions for key, value in self._of(p) if value.get("gone"))
        return [_found(key, {**value, "pictures": ()}) for key, value in left if not value.get("told")]

    def mark_told(self, partitions: Sequence[int], ids: Container[str]) -> None:
        """Note that everybody was told to forget these; what comes back by their topic ends that."""
        self._mark(partitions, ids, "told")

    def mark_gone(self, partitions: Sequence[int], ids: Container[str]) -> None:
        """Note that the pictures of these are gone."""
        self._mark(partitions, ids, "gone")

    def _mark(self, partitions: Sequence[int], ids: Container[str], word: str) -> None:
        for partition in partitions:
            for key, value in self._of(partition):
                if key in ids:
                    self._state.put(partition, key, {**value, word: True})

    def forget(self, partitions: Sequence[int], before: int, held: AbstractSet[str] = frozenset()) -> None:
        """Forget those that came before a time in microseconds: their topic has forgotten them too.

        Those that a legal hold names (`held`: ids and URIs), by themselves or by what they belong to, stay known:
        nothing else says which pictures it keeps.
        """
        for partition in partitions:
            for key, value in self._of(partition):
                if value["since"] < before and held.isdisjoint(
                    (key, value["entry"], value["authorisation"], *value["pictures"])
                ):
                    self._state.delete(partition, key)

    def _of(self, partition: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Iterate over candidates: what is counted by day lies beside them, and what holds keep."""
        return ((key, value) for key, value in self._state.items(partition) if not key.startswith(BESIDE))


def _value(candidate: dict[str, Any]) -> dict[str, Any]:
    one = found(candidate)
    return {
        "entry": one.entry_id,
        "authorisation": one.authorisation_id,
        "pictures": sorted(one.pictures),
        "since": candidate["received_at"],
        "evidence": False,
    }


def _found(key: str, value: dict[str, Any]) -> Found:
    pictures = frozenset(value["pictures"])
    return Found(key, value["entry"], value["authorisation"], pictures, value["evidence"], value["since"])
