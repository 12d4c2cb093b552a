"""A worker is watched as long as it lives, whatever a look at it comes upon."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from fairwatch.engine import supervision
from fairwatch.engine.supervision import Supervision


class Consumer:
    """Changes in the very moment in which it is looked at, the first time."""

    connected = True
    commits = 0
    next_commit: dict[Any, int]
    committed: dict[Any, int]

    def __init__(self) -> None:
        self.looks = 0
        self.next_commit, self.committed = {}, {}
        self.seen_again = asyncio.Event()

    def assignment(self) -> set[Any]:
        return {("in", 0)}

    async def highwaters(self, *_: Any) -> dict[Any, int]:
        return {}

    def positions(self) -> dict[Any, int]:
        self.looks += 1
        if self.looks == 1:
            raise RuntimeError("dictionary changed size during iteration")
        self.seen_again.set()
        return {}


async def test_a_look_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "EVERY_S", 0.0)
    consumer = Consumer()
    worker: Any = SimpleNamespace(
        config=SimpleNamespace(name="one", commit_timeout_s=60.0, redis_url=None),
        unready=lambda: None,
        tally=SimpleNamespace(commits=SimpleNamespace(inc=lambda _: None), lag=0),
        spec=SimpleNamespace(name="probe", replay=False),
        busy=False,
    )
    watching = asyncio.create_task(Supervision(worker, SimpleNamespace(batches=consumer)).run())  # type: ignore[arg-type]
    await asyncio.wait_for(consumer.seen_again.wait(), 10)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
