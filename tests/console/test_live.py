"""Open pages hear of changes, and only of what their people may see."""

import asyncio
import json

import aiohttp

from fairwatch.console.live import WAITING, Live
from fairwatch.console.people import Person
from tests.support.console_world import HASH, ConsoleWorld
from tests.support.records import candidate, trigger


async def next_event(stream: aiohttp.ClientResponse) -> tuple[str, dict]:
    name = ""
    async for line in stream.content:
        if line.startswith(b"event: "):
            name = line[7:].strip().decode()
        if line.startswith(b"data: "):
            return name, json.loads(line[6:])
    raise AssertionError("the stream ended")


async def listening(world: ConsoleWorld) -> None:
    """Wait until the console follows this read model."""
    name = world.model._root + "live"
    while not dict(await world.redis.pubsub_numsub(name)).get(name.encode()):  # noqa: ASYNC110  the server tells nobody
        await asyncio.sleep(0.01)


async def test_alert_is_told_at_once(world: ConsoleWorld) -> None:
    olga = await world.caller("olga")
    await listening(world)
    async with olga.http.get("/api/stream") as stream:
        assert stream.content_type == "text/event-stream"
        await world.fold("candidates", candidate("FACE"))  # not hers
        await world.fold("alerts", trigger())
        while (heard := (await next_event(stream))[1])["kind"] == "all":
            pass
        assert heard == {"kind": "alert", "id": trigger()["alert_id"]}


async def test_decision_of_one_person_is_told_to_nobody(world: ConsoleWorld) -> None:
    face = candidate("FACE")
    await world.fold("candidates", face)
    ann, ben = await world.caller("ann"), await world.caller("ben")
    await listening(world)
    async with ben.http.get("/api/stream") as stream:
        await ann.decide(face["candidate_id"])
        await world.fold_published()
        await world.fold("alerts", trigger())
        while (heard := (await next_event(stream))[1])["kind"] == "all":
            pass
        assert heard["kind"] == "alert"


async def test_too_many_pages_of_one_session_are_refused(world: ConsoleWorld) -> None:
    ann = await world.caller("ann")
    pages = [await ann.http.get("/api/stream") for _ in range(9)]
    assert [page.status for page in pages] == [200] * 8 + [429]
    for page in pages:
        page.close()


def test_slow_page_is_told_to_read_everything_anew() -> None:
    live = Live()
    person = Person(name="ann", display_name="Ann", roles=frozenset({"operator"}), password_hash=HASH)
    with live.page(person, "s") as queue:
        for _ in range(WAITING + 1):
            live.tell({"kind": "alert", "id": "a"})
        assert queue.qsize() == 2
        assert queue.get_nowait() == {"kind": "all", "id": ""}
        live.close()
    assert live.pages_of("s") == 0
