"""Random timelines of one group: whatever happens in whichever order, what is told is true, in order and in time.

`python -m tests.processors.test_group_timelines 100000 [FIRST]` tries as many, each against the naive model and again
with repetitions, restarts and a replay from any point; FIRST is the seed of the first one, or a million.
"""

import asyncio
import sys
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.memory import HIDDEN
from fairwatch.policy.routing import Options
from fairwatch.processors.group import Group
from tests.support.processor_world import PARTITION, MemoryState
from tests.support.records import AT, trigger

SECOND = 1_000_000
QUIET, INTERVAL, STALE = 20, 5, 60
OVER = ("ENDED", "CANCELLED")
TRIES, SEED = 60, 10**6


@dataclass(frozen=True)
class Said:
    """A cause says something, some seconds after the one before."""

    pause: int
    cause: int
    begins: bool
    again: bool  # the whole batch comes a second time
    restart: bool  # the worker dies before it


KINDS = ("MOMENT", "TRACK", "CONDITION")
says = st.builds(Said, st.integers(0, 12), st.integers(0, 5), st.booleans(), st.booleans(), st.booleans())
timelines = st.lists(says, min_size=1, max_size=25)


def _trigger(number: int, said: Said, at: int) -> dict:
    kind = KINDS[said.cause % 3]
    cause = {
        "cause_id": f"c{said.cause}", "kind": kind, "state": "FIRING" if said.begins else "ENDED",
        "device_id": f"cam-{said.cause}", "event_type": "zone.inside", "started_at": at, "updated_at": at,
    }  # fmt: skip
    state = "NEW" if said.begins else "ENDED"
    return trigger("g", n=number, at=at, state=state, device_ids=[f"cam-{said.cause}"], causes=[cause])


class Run:
    """Plays a timeline second by second and notes what is told."""

    def __init__(self, wait: int, *, faults: bool) -> None:
        self.history: list[Event] = []
        self.rules = {
            "tamper": Options(
                group_wait=timedelta(seconds=wait),
                group_interval=timedelta(seconds=INTERVAL),
                resolve_after=timedelta(seconds=QUIET),
                stale_after=timedelta(seconds=STALE),
            )
        }
        self.clock, self.state, self.faults = ManualClock(AT), MemoryState(), faults
        self.told: list[dict] = []
        self.heard: dict[int, tuple[int, bool]] = {}  # of each cause: when it was last heard of, and whether it holds
        self.untrue_since: int | None = None
        self.words = 0
        self._start()

    def _start(self) -> None:
        self.group = Group(self.rules, self.state, self.clock)

    async def _note(self, emits) -> None:
        for emit in emits:
            if emit.topic == "alerts":
                self.told.append(emit.record)
                firing = emit.record["firing"]
                assert firing == len(self._holding()), f"{firing} told, {self._holding()} hold"

    def _holding(self) -> set[str]:
        now, found = self.clock.now(), set()
        for cause, (at, holds) in self.heard.items():
            patience = STALE if KINDS[cause % 3] == "CONDITION" else QUIET
            if holds and now < at + patience * SECOND:
                found.add(f"c{cause}")
        return found

    def _is_told_in_time(self) -> None:
        """Check that what was told last of tracks and conditions has not been untrue for longer than an interval."""
        last, now = self.told[-1] if self.told else None, self.clock.now()
        if len(self.told) != self.words:  # what changed since that word is told an interval after it
            self.untrue_since, self.words = None, len(self.told)
        if last is None or last["state"] in OVER:
            self.untrue_since = None
            return
        told = {each["cause_id"] for each in last["causes"] if each["state"] == "FIRING" and each["kind"] != "MOMENT"}
        if told == {cause for cause in self._holding() if KINDS[int(cause[1:]) % 3] != "MOMENT"}:
            self.untrue_since = None
        else:
            self.untrue_since = self.untrue_since or now
            assert now - self.untrue_since <= INTERVAL * SECOND

    async def second(self, batch: list[tuple[int, Said]]) -> None:
        for number, said in batch:
            if said.restart and self.faults:
                self._start()
            record = _trigger(number, said, self.clock.now())
            event = Event("alert-triggers", "Alert", record, "g", partition=PARTITION, offset=number)
            self.heard[said.cause] = (self.clock.now(), said.begins)
            self.history.append(event)
            for _ in range(2 if said.again and self.faults else 1):
                answers = await self.group.handle([event])
                await self._note(outcome for outcome in answers[0] if hasattr(outcome, "topic"))
        await self._note(await self.group.tick([PARTITION]))
        self._is_told_in_time()
        self.clock.advance(seconds=1)

    async def replay(self, first: int) -> None:
        """Let everything since an event come again, as after offsets that were lost."""
        for answer in await self.group.handle(self.history[first:]):
            await self._note(outcome for outcome in answer if hasattr(outcome, "topic"))


async def play(timeline: list[Said], wait: int, *, faults: bool, replay: tuple[int, int] | None = None) -> Run:
    """Play a timeline; with `replay` everything since an event comes again at a second."""
    run, at, due = Run(wait, faults=faults), 0, {}
    for number, said in enumerate(timeline):
        at += said.pause
        due.setdefault(at, []).append((number, said))
    for second in range(at + STALE + QUIET + 3 * INTERVAL + 5):
        if replay is not None and replay[0] == second:
            await run.replay(replay[1])
        await run.second(due.get(second, []))
    return run


# The last of three ages out just when the end of the others is told.
AGED_MEANWHILE = [(0, 0, True), (0, 2, True), (6, 1, True), (9, 2, False), (0, 1, False)]


@settings(max_examples=TRIES, deadline=None)
@example([Said(*each, again=False, restart=False) for each in AGED_MEANWHILE], 0)
@given(timelines, st.sampled_from([0, 3]))
async def test_what_is_told_is_true_in_order_and_in_time(timeline, wait):
    judge(timeline, wait, await play(timeline, wait, faults=False))


def judge(timeline: list[Said], wait: int, run: Run) -> None:
    """Fail where what was told is not what a naive book of the same timeline says."""
    lives: dict[str, list[dict]] = {}
    for alert in run.told:
        lives.setdefault(alert["alert_id"], []).append(alert)
    for life in lives.values():
        assert [alert["revision"] for alert in life] == list(range(len(life)))
        assert [alert["state"] for alert in life[:-1]] == (["NEW"] + ["UPDATED"] * len(life))[: len(life) - 1]
        assert life[-1]["state"] in OVER, "in the end everything is over"
        assert life[-1]["firing"] == 0
        assert all(later["count"] >= earlier["count"] for earlier, later in pairwise(life))
        for earlier, later in pairwise(life[1:] if wait else life):
            assert later["issued_at"] - earlier["issued_at"] >= INTERVAL * SECOND
    ids = [alert["alert_id"] for alert in run.told]
    assert ids == sorted(ids, key=list(lives).index), "no life begins before the last one is over"
    assert sum(life[-1]["count"] for life in lives.values()) == sum(said.begins for said in timeline)
    assert [key for key, _ in run.state.items(PARTITION) if not key.startswith(HIDDEN + "1") and "causes" in key] == []


# What one second brings is partly in the word of that second, and partly in the next one.
IN_TWO_WORDS = [(0, 0, True), (6, 2, True), (2, 0, False), (0, 0, False), (0, 1, True)]


@settings(max_examples=TRIES, deadline=None)
@example([Said(*each, again=False, restart=False) for each in IN_TWO_WORDS], 3, 20, 0)
@given(timelines, st.sampled_from([0, 3]), st.integers(0, 200), st.integers(0, 24))
async def test_repetitions_restarts_and_a_replay_from_any_point_change_nothing(timeline, wait, second, first):
    plain = await play(timeline, wait, faults=False)
    faulty = await play(timeline, wait, faults=True, replay=(second, first))
    assert faulty.told == plain.told


async def try_out(first: int, count: int) -> int:
    """Play so many timelines, each twice, and return how many messages there were."""
    messages = 0
    for seed in range(first, first + count):
        random = Random(seed)
        timeline = [
            Said(random.randrange(13), random.randrange(6), *(random.random() < likely for likely in (0.6, 0.3, 0.2)))
            for _ in range(random.randrange(1, 26))
        ]
        wait, replay = random.choice((0, 3)), (random.randrange(201), random.randrange(len(timeline)))
        try:
            plain = await play(timeline, wait, faults=False)
            judge(timeline, wait, plain)
            assert (await play(timeline, wait, faults=True, replay=replay)).told == plain.told
        except AssertionError:
            sys.stderr.write(f"seed {seed}\n")
            raise
        messages += len(plain.told)
    return messages


if __name__ == "__main__":
    tries, begin = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SEED
    told = asyncio.run(try_out(begin, tries))
    sys.stdout.write(f"{tries} timelines, {told} messages, all as a naive book says, none changed by a replay\n")
