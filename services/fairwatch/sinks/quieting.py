"""Holds alerts back from their receivers, and lets them go again."""

from collections.abc import Mapping, Sequence
from typing import Any

from fairwatch.domain.memory import Memory
from fairwatch.domain.outcome import Emit
from fairwatch.domain.ports import State
from fairwatch.domain.taken_back import LookedThrough
from fairwatch.policy.grouping import OVER
from fairwatch.sinks.digest import RULE, Digests
from fairwatch.sinks.dispatch import Dispatch, receiver_of
from fairwatch.sinks.heard import heard_nothing, note_told, note_too_mild, shown, stood_in
from fairwatch.sinks.holding import Hold, Holding, Release
from fairwatch.sinks.lane import Place
from fairwatch.sinks.ledger import delivery_id
from fairwatch.sinks.muting import Muting
from fairwatch.sinks.owed import OwedEnds
from fairwatch.sinks.reports import report
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.storm import Claim, StormControl


class Quieting:
    """What stands between an alert and the ledgers of its receivers.

    Args:
        dispatch: The ledgers.
        state: Which holds them.
        muting: Says what is to be held back, and why.
        storm: Says what is too much at once.
    """

    def __init__(self, dispatch: Dispatch, state: State, muting: Muting, storm: StormControl) -> None:
        self._storm = storm
        self._digests = Digests(dispatch.agenda, storm.pause, storm.state)
        self._owed = OwedEnds(dispatch.agenda, storm.pause)
        self._dispatch = dispatch
        dispatch.stand_in = self._stand_in
        self._muting = muting
        self._looked_through = LookedThrough(state)
        self._holding = Holding(dispatch.agenda, muting.judge, self._looked_through)

    def due_at(self, now: int) -> int | None:
        """Return when something is let go next, or held back, in microseconds."""
        owed = self._owed.due_at(tuple(self._dispatch.lanes)) if self._storm.is_on else None
        moments = (self._holding.due_at(), self._muting.next_start(now), self._digests.due_at(), owed)
        return min((moment for moment in moments if moment is not None), default=None)

    def take(self, place: Place, came: Release, now: int, memory: Memory, *, again: bool = False) -> list[Emit] | None:
        """Put a revision into its ledger, or hold it back: then return what is said of that."""
        is_first = self._waits_for_worse(place) and heard_nothing(memory, came.alert, receiver_of(place))
        return self._take(place, came, now, memory, again=again, is_first=is_first)

    def begin(self) -> None:
        """Begin a batch or tick; what the last one had not saved, because it failed, is forgotten."""
        self._digests.forget()
        self._storm.begin()

    def save(self) -> None:
        """Put what a batch collected into the state."""
        self._digests.save()
        self._storm.save()

    def leave_out(self, place: Place, alert: Mapping[str, Any], memory: Memory) -> None:
        """Hold an alert no longer whose receiver does not want to hear of it: of its end, or until it is worse."""
        self._holding.forget(place, alert)
        if alert.get("state") not in OVER:
            note_too_mild(memory, alert, receiver_of(place))

    def look_again(
        self, partitions: Sequence[int], now: int, memories: Mapping[int, Memory]
    ) -> tuple[list[Place], list[Emit]]:
        """Let go what nothing holds back any more, and hold back what waits and is to be held from now on.

        Returns:
            The ledgers in which something waits anew, and what is said of what was held back.
        """
        changed = self._looked_through.changed(partitions, (self._muting.version, self._muting.next_start(now)))
        places, said = self._tell_ends(partitions, now), list[Emit]()
        for place, release in self._holding.released(partitions, now, all_of=changed):
            held = self._let_go(place, release, now, memories[place[0]])
            said += held or ()
            places += [] if held else [place]
        for partition in changed:
            said += self._withdraw(partition, now, memories[partition])
        self._storm.share(partitions, now)
        self.save()
        for place, message in self._digests.due(partitions, now):
            self._dispatch.ledger(place).append(message, receiver_of(place), -1, now, "")
            places.append(place)
        return places, said

    def _stand_in(self, place: Place, came: Release, now: int, memory: Memory) -> list[Emit]:
        """Tell a fallback what another did not take, as far as nothing holds that back; return what is said of it."""
        if came.alert["rule"] == RULE:
            return self._let_go(place, came, now, memory) or []
        is_first = not memory.knows(stood_in(came.alert, receiver_of(place)))
        return self._take(place, came, now, memory, is_first=is_first) or []

    def _take(
        self, place: Place, came: Release, now: int, memory: Memory, *, again: bool = False, is_first: bool
    ) -> list[Emit] | None:
        taken = self._holding.take(place, came, now, again=again, is_first=is_first)
        if isinstance(taken, Hold):
            return self._say(place, came.alert, taken, now)
        return self._let_go(place, taken, now, memory)

    def _let_go(self, place: Place, release: Release, now: int, memory: Memory) -> list[Emit] | None:
        """Put a revision into its ledger; or hold it back where there are too many: then return what is said of it."""
        if self._waits_for_worse(place):
            note_told(memory, release.alert, receiver_of(place))
        if not self._storm.is_on:
            self._dispatch.append(place, release, now)
            return None
        name, alert = receiver_of(place), release.alert
        over, identity = alert.get("state") in OVER, shown(alert, name)
        ends = over and memory.knows(identity)
        if self._storm.admits(alert, name, now, place[0], self._claim(alert, name, ends=ends)):
            if self._owed.owes(name) and (earlier := self._owed.take(place, name)) is not None:
                self._storm.admits(earlier.alert, name, now, place[0], "sure")
                # The last life of the group ends before the next one is told.
                self._dispatch.append(place, earlier, now)
            if not over and not memory.knows(identity):
                memory.note(identity)
            self._dispatch.append(place, release, now)
            return None
        if ends:
            self._owed.put(place, name, release, now)
            return self._say(place, alert, Hold("storm", RULE, now), now)
        part = self._digests.add(place[0], name, alert, now)
        return self._say(place, alert, Hold("storm", part, now), now)

    def _waits_for_worse(self, place: Place) -> bool:
        lane = self._dispatch.lanes.get(receiver_of(place))
        return lane is not None and lane.receiver.min_severity != "UNKNOWN"

    def _claim(self, alert: Mapping[str, Any], name: str, *, ends: bool) -> Claim:
        if alert["rule"] == RULE:
            return "sure"  # the digest of another, which did not take it, goes into none
        if not ends:
            return "behind" if self._owed.owes(name) else "plain"
        return "sure" if alert["state"] == "CANCELLED" else "end"  # what was taken back must not stay where it is shown

    def _tell_ends(self, partitions: Sequence[int], now: int) -> list[Place]:
        """Put ends that receivers are owed into their ledgers, as far as there is room; return where."""
        places = []
        for name in self._dispatch.lanes if self._storm.is_on else ():
            for place in self._owed.due(name, partitions, now):
                if (release := self._owed.take(place, name)) is None:
                    continue
                if self._storm.admits(release.alert, name, now, place[0], "end"):
                    self._dispatch.append(place, release, now)
                    places.append(place)
                else:
                    self._owed.put(place, name, release, now)
        return places

    def _withdraw(self, partition: int, now: int, memory: Memory) -> list[Emit]:
        """Hold back what waits in the ledgers, for a receiver that was away, and was never tried."""
        said: list[Emit] = []
        for key in self._dispatch.waiting(partition):
            place = partition, key
            if self._dispatch.is_out(place):
                continue
            ledger = self._dispatch.ledger(place)
            for item in ledger.withdraw(lambda alert: self._muting.judge(alert, now) is not None):
                came = Release(item["alert"], item["offset"], item["trace"], 0, item.get("instead_of"))
                said += self.take(place, came, now, memory) or ()
        return said

    def _say(self, place: Place, alert: Mapping[str, Any], hold: Hold, now: int) -> list[Emit]:
        name = receiver_of(place)
        lane = self._dispatch.lanes.get(name)
        kind = lane.receiver.sink.kind if lane else ""
        return report(alert, delivery_id(alert, name), name, kind, Answer(hold.reason), now, held_by=hold.by)
