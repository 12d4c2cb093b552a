"""A task ends although Python swallowed its cancellation."""

import asyncio

import pytest

from fairwatch.domain.tasks import end_if_cancelled, ended


async def test_a_swallowed_cancellation_is_raised_later():
    answer = asyncio.get_running_loop().create_future()

    async def wait():
        await asyncio.wait_for(answer, 60)
        end_if_cancelled()
        await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    answer.set_result(None)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


async def test_who_was_not_cancelled_goes_on():
    end_if_cancelled()


async def test_a_task_that_swallows_its_cancellation_is_cancelled_until_it_is_over():
    swallowed = []

    async def stubborn():
        while len(swallowed) < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed.append(asyncio.get_running_loop().time())
        await asyncio.sleep(60)

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    await asyncio.wait_for(ended(tasks), 5)
    assert [task.cancelled() for task in tasks] == [True, True]
    assert swallowed[1] - swallowed[0] > 0.3, "there is time to put things away before it is asked again"
    await asyncio.wait_for(ended([]), 1)
