"""What the pages depend on is watched: what stops is named within seconds, whether it refuses or hangs."""

import asyncio

import pytest

from fairwatch.console.watch import LOOK_S, QUIET_S, Watch, project_beats
from fairwatch.domain.errors import RetryableError
from tests.support.console_world import ConsoleWorld


class Seconds:
    """A clock that goes where it is told."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


class Beats:
    """Heartbeats as Redis holds them."""

    def __init__(self, *beats: dict) -> None:
        self.beats = list(beats)

    async def read_all(self) -> list[dict]:
        return self.beats


async def fine() -> bool:
    return True


async def hung() -> bool:
    await asyncio.Event().wait()
    return True


async def refused() -> bool:
    raise RetryableError("away")


@pytest.mark.parametrize("stopped", [hung, refused])
async def test_what_hangs_or_refuses_is_named_and_nothing_else(stopped) -> None:
    seconds = Seconds()
    watch = Watch({"redis": fine, "broker": stopped, "project": fine}, seconds)
    seconds.at = QUIET_S + 0.1
    await asyncio.wait_for(watch.look(), 3)
    assert watch.troubles() == ["broker"]


async def test_redis_away_is_named_alone_since_project_cannot_be_heard_then() -> None:
    seconds = Seconds()
    watch = Watch({"redis": refused, "project": refused}, seconds)
    assert watch.troubles() == []
    seconds.at = QUIET_S + 0.1
    await watch.look()
    assert watch.troubles() == ["redis"]


async def test_project_that_stopped_is_silent_though_its_last_words_still_stand() -> None:
    beats = Beats({"component": "project", "instance": "p-1", "at": 1})
    asks = project_beats(beats)
    assert [await asks(), await asks()] == [True, False]
    beats.beats[0]["at"] = 2
    assert await asks()


async def test_every_page_may_ask_also_before_it_is_signed_in(world: ConsoleWorld) -> None:
    status, body = await (await world.caller()).get("/api/pulse")
    assert (status, body["troubles"]) == (200, [])
    await asyncio.sleep(QUIET_S + 2 * LOOK_S)
    _, body = await (await world.caller()).get("/api/pulse")
    assert [trouble["name"] for trouble in body["troubles"]] == ["project"]
