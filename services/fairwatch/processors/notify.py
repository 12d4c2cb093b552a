"""Hands each revision of an alert to each of its receivers once, and keeps trying when they are away."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from fairwatch.domain.clock import Clock
from fairwatch.domain.event import Event
from fairwatch.domain.memory import Memory
from fairwatch.domain.outcome import Emit, Outcome, Skip
from fairwatch.domain.ports import Reference, State
from fairwatch.domain.taken_back import LookedThrough, Returns
from fairwatch.matching.recheck import Recheck
from fairwatch.parts import spec_of
from fairwatch.policy.alert_content import SEVERITIES
from fairwatch.policy.mute_times import MuteTimes
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.release import alert_may_leave, is_about_a_match
from fairwatch.policy.rule_book import RuleBook
from fairwatch.sinks.dispatch import Dispatch, place_of, receiver_of
from fairwatch.sinks.heartbeat import Heartbeat, Work
from fairwatch.sinks.holding import Release
from fairwatch.sinks.lane import Place
from fairwatch.sinks.ledger import Ledger, delivery_id
from fairwatch.sinks.muting import Muting
from fairwatch.sinks.quieting import Quieting
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.reports import report, unwanted
from fairwatch.sinks.sink import Answer, Withheld
from fairwatch.sinks.storm import StormControl
from fairwatch.sinks.watch import Watch
from fairwatch.telemetry.tracing import TRACE
from fairwatch.wire.avro import Codec
from fairwatch.wire.refused_records import is_foreign, refused_record


class Notify:
    """Delivers alerts.

    The ledger holds what waits for each group and receiver; what was taken up is remembered by its delivery id.
    Revisions of one group go to a receiver in order; groups go at the same time, bounded for each receiver. Each
    receiver has a lane of its own: nobody waits for the answer of another. What fails is tried again with growing
    pauses, for as long as the receiver's options say; then its fallback is told, and it is written to the dead letters,
    from where it can be redriven. A receiver that is back is told how things stand now, what is EXTREME first. An alert
    about a match that not enough people have confirmed is refused here once more, and before each attempt it is asked
    again whether entry and authorisation still allow it. What is silenced is held back, of open alerts too; when
    nothing holds it any more, what still burns is told at once.

    Args:
        receivers: By name.
        state: The ledger of each group and receiver that waits; and the memory of deliveries.
        clock: The wall clock.
        codec: Encodes an alert that goes to the dead letters.
        recheck: What people are authorised to look for now; asked before each delivery of an alert about a match;
            without it none leaves.
        silences: By id; None for none.
        inhibitions: Which open alerts inhibit others; None for none.
        devices: Whose recorder is which, for what is inhibited by it.
        rules, sites: Which rules tell nobody at which local times; None for none.
        site_armings: Which sites are armed, for rules that tell nobody then, or else.
        quiet: How long who may silence, which alerts inhibit others, and how many are told at once.
        partitions: How many there are of alerts, of which each worker owns some; 0 where that is not known.
        watch: Who hears of receivers that take nothing, and who gets a sign of life while alerts are delivered.
        lag: How many events of these partitions are not handled yet, as far as is known.
    """

    spec = spec_of("notify")

    def __init__(
        self,
        receivers: Mapping[str, Receiver],
        state: State,
        clock: Clock,
        codec: Codec,
        recheck: Recheck | None = None,
        silences: Reference | None = None,
        inhibitions: Reference | None = None,
        devices: Reference | None = None,
        quiet: Quiet | None = None,
        rules: RuleBook | None = None,
        sites: Reference | None = None,
        site_armings: Reference | None = None,
        partitions: int = 0,
        watch: Watch | None = None,
        lag: Callable[[Sequence[int]], int] = lambda _partitions: 0,
    ) -> None:
        watch = watch or Watch()
        self._recheck = recheck
        self._receivers = receivers
        self._state = state
        self._dispatch = Dispatch(receivers, state, clock, codec, self._withheld, watch.operators)
        self._heartbeat: Heartbeat | None = None
        if watch.heartbeat is not None:
            self._heartbeat = Heartbeat(receivers[watch.heartbeat], watch.interval, watch.stuck_after, state)
        self._lag = lag
        self._handled = 0
        self._again: dict[int, tuple[int, bool]] = {}
        quiet = quiet or Quiet()
        times = MuteTimes(rules, sites, site_armings) if rules else None
        muting = Muting(quiet, silences, inhibitions, devices, times)
        self._quiet = Quieting(self._dispatch, state, muting, StormControl(quiet.storm, partitions, state))
        self._looked_through, self._returns = LookedThrough(state), Returns(state)
        self._unsure_until: dict[int, int] = {}  # what lies before may have been told, in vain, before the state came
        self._latest = 0
        self._clock = clock
        self._turn = asyncio.Lock()

    async def handle(self, batch: Sequence[Event]) -> Sequence[Sequence[Outcome]]:
        """Take up each delivery that is new; what is not answered at once is left to the ticks."""
        if not batch:
            return []
        answers: list[list[Outcome]] = []
        asked: dict[Place, int] = {}
        async with self._turn:
            self._dispatch.forget()
            self._quiet.begin()
            partition, offset = batch[0].partition, batch[0].offset
            self._again[partition] = offset, self._again.get(partition, (-1, False))[0] == offset
            if self._returns.of(partition):
                self._unsure_until[partition] = offset + max(len(batch), self._lag([partition]))
            memory = Memory(self._state, partition, self._clock.now())
            for position, event in enumerate(batch):
                answer, places = self._take_up(event, memory)
                answers.append(answer)
                asked |= dict.fromkeys(places, position)
            for place, emitted in await self._dispatch.send(list(asked), {partition: memory}):
                answers[asked.get(place, 0)] += emitted
            self._quiet.save()
            memory.save()
            self._again[partition] = -1, False
            self._handled += len(batch)
        return [answer or [Skip("queued")] for answer in answers]

    def due_at(self) -> int | None:
        """Return when the next tick has something to do."""
        beat = self._heartbeat.due_at() if self._heartbeat else None
        moments = (self._dispatch.due_at(), self._quiet.due_at(self._clock.now()), beat)
        return min((moment for moment in moments if moment is not None), default=None)

    async def tick(self, partitions: Sequence[int]) -> Sequence[Emit]:
        """Take in what was answered meanwhile, and try again what is due."""
        async with self._turn:
            now, dispatch = self._clock.now(), self._dispatch
            dispatch.forget()
            self._quiet.begin()
            self._bring_forward(partitions, now)
            for lane in dispatch.lanes.values():
                lane.keep(partitions)
            memories = {partition: Memory(self._state, partition, now) for partition in partitions}
            released, said = self._quiet.look_again(partitions, now, memories)
            places = dict.fromkeys([*released, *dispatch.due(partitions, now)])
            sent = await dispatch.send(places, memories)
            self._quiet.save()
            for memory in memories.values():
                memory.save()
            dispatch.count()
            if self._heartbeat is not None:
                self._heartbeat.tick(partitions, now, self._works(partitions, now))
            return [*said, *(emit for _, emitted in sent for emit in emitted)]

    async def close(self) -> None:
        """Close every sink."""
        if self._heartbeat is not None:
            await self._heartbeat.close()
        await asyncio.gather(*(lane.close() for lane in self._dispatch.lanes.values()))

    def _works(self, partitions: Sequence[int], now: int) -> dict[str, Work]:
        """Return what there is to do and how much was done, by what it is."""
        works = {f"batch of {number}": (again, offset) for number, (offset, again) in self._again.items()}
        works["events"] = self._lag(partitions) > 0, self._handled
        works["deliveries"] = self._dispatch.has_work(now), self._dispatch.answered
        return works

    def _bring_forward(self, partitions: Sequence[int], now: int) -> None:
        """Make due what a clock that was ahead, here or where the partition was, put off for longer than any pause."""
        turned_back, agenda = now < self._latest, self._dispatch.agenda
        changed = self._looked_through.changed(partitions, None)
        for partition in partitions if turned_back else changed:
            for key, value in list(self._dispatch.ledgers(partition)):
                name = receiver_of((partition, key))
                ledger, receiver = Ledger(value, name), self._receivers.get(name)
                if receiver and ledger.waiting and ledger.next_at > now + receiver.backoff_max:
                    ledger.postpone(now)
                    agenda.put(partition, key, ledger.value)
        if turned_back:
            for lane in self._dispatch.lanes.values():
                lane.put_right()
        self._latest = now

    def _withheld(self, alert: Mapping[str, Any]) -> Withheld | None:
        """Return why an alert may not be told at this moment; None where it may."""
        if not is_about_a_match(alert):
            return None
        if not alert_may_leave(alert):
            return "unverified"
        if self._recheck is None:
            return "mandate_unknown"
        refusal = self._recheck.of_alert(alert, self._clock.now())
        return cast("Withheld", f"mandate_{refusal}") if refusal else None

    def _take_up(self, event: Event, memory: Memory) -> tuple[list[Outcome], list[Place]]:
        """Put a revision into the ledgers of its receivers; return what is said at once, and where it waits."""
        if event.record is None:
            return [Skip("tombstone")], []
        if is_foreign(event) and is_about_a_match(event.record):
            return [*refused_record("notify", event, self._clock.now())], []
        said: list[Outcome] = []
        places = []
        addressed = event.record.get("addressed_to")
        if addressed == []:
            return [Skip("for_the_console")], []
        for name in dict.fromkeys(event.record["receivers"] if addressed is None else addressed):
            refused, place = self._offer(event, name, memory)
            said += refused
            if place is not None:
                places.append(place)
        return said if said or places else [Skip("no_receiver")], places

    def _offer(self, event: Event, name: str, memory: Memory) -> tuple[list[Outcome], Place | None]:
        alert, receiver = event.record, self._receivers.get(name)
        kind = receiver.sink.kind if receiver else ""
        if withheld := self._withheld(alert):
            refused = report(alert, delivery_id(alert, name), name, kind, Answer(withheld), self._clock.now())
            return [*refused, Skip(withheld)], None
        place = place_of(event.partition, alert["group"], name)
        if receiver is not None and not _is_wanted(alert, receiver):
            self._quiet.leave_out(place, alert, memory)
            missed = unwanted(alert, delivery_id(alert, name), name, kind, self._clock.now())
            return [*missed, Skip("not_wanted")], None
        if memory.repeats(event, delivery_id(alert, name), alert["issued_at"]):
            return [Skip("duplicate")], None
        trace = event.headers.get(TRACE, b"").decode()
        again = event.offset < self._unsure_until.get(event.partition, 0)
        held = self._quiet.take(place, Release(alert, event.offset, trace), self._clock.now(), memory, again=again)
        if held is not None:
            return [*held, Skip("held_back")], None
        ledger = self._dispatch.ledger(place)
        return [*self._dispatch.shorten(place, ledger)], place


def _is_wanted(alert: Mapping[str, object], receiver: Receiver) -> bool:
    """Tell whether a receiver wants to hear of an alert; what was revoked it has to hear."""
    if alert.get("state") == "ENDED" and not receiver.send_resolved:
        return False
    severity = str(alert.get("severity", "UNKNOWN"))
    return SEVERITIES.index(severity) >= SEVERITIES.index(receiver.min_severity)
