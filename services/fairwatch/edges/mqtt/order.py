"""Keeps a device's messages in order when some of them have to be tried again."""

import asyncio
from itertools import takewhile
from typing import Any

Task = asyncio.Task[Any]


class Queues:
    """The deliveries under way of each device, in the order in which its messages came.

    They run side by side, since the producer writes what it is given in order; but once one of them has failed, those
    after it wait for those before them.
    """

    def __init__(self) -> None:
        self._queues: dict[str, dict[Task, bool]] = {}  # and whether it waits or tries again
        self._devices: dict[Task, str] = {}

    def join(self, device_id: str) -> "Turn":
        """Queue the current task behind what is under way of its device."""
        task = asyncio.current_task()
        assert task is not None
        self._devices[task] = device_id
        queue = self._queues.setdefault(device_id, {})
        queue[task] = False
        return Turn(queue, task)

    def left(self, task: Task) -> None:
        """Forget a task that has ended."""
        device_id = self._devices.pop(task, None)
        if device_id is not None:
            queue = self._queues[device_id]
            del queue[task]
            if not queue:
                del self._queues[device_id]


class Turn:
    """The place of one delivery in its device's queue."""

    def __init__(self, queue: dict[Task, bool], task: Task) -> None:
        self._queue, self._task = queue, task

    async def unless_free(self) -> None:
        """Before the first try: wait only when a message before it has failed."""
        if any(self._queue.values()):
            await self.come()

    async def come(self) -> None:
        """Before another try: wait until all before it have ended."""
        self._queue[self._task] = True
        before = list(takewhile(lambda task: task is not self._task, self._queue))
        if before:
            await asyncio.wait(before)
