"""Chains on Apache Kafka: killed, dealt anew, and taken for processors by themselves and back, while events flow."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from fairwatch.domain.processor import Spec
from fairwatch.engine.forms import Forms
from fairwatch.engine.worker import EXIT_RESTART
from tests.support.chain_lab import FIRST, LEFT, RIGHT, chained, killable, running
from tests.support.engine_lab import CODEC, Lab, observation, stopped, until

KEYS = 7


class Traffic:
    """Events of a few keys, numbered for each key, sent until it is ended."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.sent = 0

    async def send(self, events: int) -> None:
        """Send further ones."""
        numbers = range(self.sent, self.sent + events)
        await self._lab.send([(f"k{n % KEYS}", observation(f"e{n}", "stray" if n % 5 == 0 else "")) for n in numbers])
        self.sent += events


@asynccontextmanager
async def flowing(lab: Lab) -> AsyncIterator[Traffic]:
    """Let events flow meanwhile; the batch that is being sent at the end is sent whole."""
    traffic, ended = Traffic(lab), asyncio.Event()

    async def flow() -> None:
        while not ended.is_set():
            await traffic.send(20)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(flow())
    try:
        yield traffic
    finally:
        ended.set()
        await task


async def assert_as_the_oracle_says(lab: Lab, events: int) -> None:
    """Every event has one output of each side, in the order of its key; state was counted once for each."""
    wanted = Counter(f"e{n}-{side}" for n in range(events) for side in ("left", "right"))
    await until(lambda: _all_there(lab, wanted), 60)
    found: dict[tuple[str, str], list[int]] = {}
    for row in await lab.read():
        output = CODEC.decode(row.value)[1]
        number, side = output["observation_id"].split("-")
        found.setdefault((row.key.decode(), side), []).append(int(number[1:]))
        assert output["extensions"]["count"] == "1", number
    assert Counter(f"e{n}-{side}" for (_, side), row in found.items() for n in row) == wanted
    assert {key: row for key, row in found.items() if row != sorted(row)} == {}
    assert len(await lab.read("mid")) == events


async def _all_there(lab: Lab, wanted: Counter[str]) -> bool:
    found = {CODEC.decode(row.value)[1]["observation_id"] for row in await lab.read()}
    return found >= wanted.keys()


@asynccontextmanager
async def form(lab: Lab, *workers: Sequence[Spec]) -> AsyncIterator[None]:
    """Run these workers, which are stopped one after the other, so that events lie between them."""
    async with AsyncExitStack() as stack:
        for specs in workers:
            worker, _ = await stack.enter_async_context(running(lab, *specs))
            await until(lambda worker=worker: worker.unready() is None, 60)  # type: ignore[misc]
        yield


async def test_a_change_of_form_under_load_loses_doubles_and_swaps_nothing(lab: Lab) -> None:
    await lab.create(4)
    chain, singles = [(FIRST, LEFT, RIGHT)], [(FIRST,), (LEFT,), (RIGHT,)]
    async with flowing(lab) as traffic:
        for workers in (singles, chain, [(FIRST, LEFT), (RIGHT,)], singles, chain):
            async with form(lab, *workers):
                await asyncio.sleep(1.0)
    async with form(lab, (FIRST, LEFT, RIGHT)):
        await assert_as_the_oracle_says(lab, traffic.sent)


async def test_chains_that_are_killed_and_dealt_anew_lose_double_and_swap_nothing(lab: Lab) -> None:
    await lab.create(4)
    async with flowing(lab) as traffic:
        for pause_s in (0.03, 0.05, 0.08):  # killed at another place in its work each time
            victim = await killable(lab, pause_s)
            async with running(lab):  # a second one joins, and leaves in good order
                await asyncio.sleep(2.0)
                victim.send_signal(signal.SIGKILL)
                await victim.wait()
                await asyncio.sleep(1.0)
    async with running(lab):
        await assert_as_the_oracle_says(lab, traffic.sent)


async def test_a_chain_that_was_killed_is_followed_by_processors_by_themselves(lab: Lab) -> None:
    await lab.create(4)
    async with flowing(lab) as traffic:
        victim = await killable(lab, 0.05)
        await asyncio.sleep(1.0)
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        async with form(lab, (RIGHT,), (LEFT,), (FIRST,)):
            await asyncio.sleep(1.0)
    async with form(lab, (FIRST, LEFT, RIGHT)):
        await assert_as_the_oracle_says(lab, traffic.sent)


async def test_a_chain_that_stood_still_while_others_took_over_changes_nothing_when_it_goes_on(lab: Lab) -> None:
    await lab.create(4)
    async with flowing(lab) as traffic:
        frozen = await killable(lab, 0.3)
        await asyncio.sleep(1.0)
        frozen.send_signal(signal.SIGSTOP)  # a batch of its is under way
        try:
            async with form(lab, (FIRST,), (LEFT,), (RIGHT,)):
                await asyncio.sleep(0.5)
                frozen.send_signal(signal.SIGCONT)
                assert await asyncio.wait_for(frozen.wait(), 30) == EXIT_RESTART
        finally:
            if frozen.returncode is None:
                frozen.kill()
                await frozen.wait()
    async with form(lab, (FIRST, LEFT, RIGHT)):
        await assert_as_the_oracle_says(lab, traffic.sent)


async def test_one_form_waits_until_the_other_has_ended(lab: Lab) -> None:
    await lab.create()
    await lab.send([("k1", observation("e1"))])
    alone, steps = chained(lab, LEFT)
    async with running(lab) as (chain, _):
        await until(lambda: chain.unready() is None, 60)
        task = asyncio.create_task(alone.run())
        await until(lambda: "fairwatch-first+left+right" in (alone.unready() or ""), 30)
    await lab.send([("k1", observation("e2"))], "mid")
    await until(lambda: len(steps["left"].seen) == 1, 30)
    assert await stopped(alone, task) == 0
    assert steps["left"].seen == Counter(["e2"])


async def test_a_form_that_began_at_the_same_moment_ends_and_changes_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either had joined."""

    async def saw_nobody(*_: object) -> None:
        """Return at once."""

    monkeypatch.setattr(Forms, "wait", saw_nobody)
    await lab.create()
    async with running(lab) as (chain, _):
        await until(lambda: chain.unready() is None, 60)
        alone, steps = chained(lab, LEFT)
        task = asyncio.create_task(alone.run())
        await lab.send([("k1", observation("e1"))])
        assert await asyncio.wait_for(task, 60) == EXIT_RESTART
    assert not steps["left"].seen
    assert Counter(row["observation_id"] for row in await lab.outputs()) == Counter(["e1-left", "e1-right"])
