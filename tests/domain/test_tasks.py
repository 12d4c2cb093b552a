"""A task ends although Python swallowed its cancellation."""

import asyncio

import pytest

from fairwatch.domain.tasks import end_if_cancelled


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
