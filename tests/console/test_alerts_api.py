"""What is open is listed first, the worst first, and is never cut off nor evicted; then what is over."""

from tests.support.console_world import ConsoleWorld
from tests.support.records import AT, trigger


def alert(n: int, **fields) -> dict:
    return trigger(n=n, at=AT + n * 1_000_000, **fields)


async def test_newest_come_first_with_their_deliveries(world: ConsoleWorld) -> None:
    await world.fold("alerts", alert(1), alert(2, verified_by=["ann", "gone"]))
    await world.fold("deliveries", delivery(alert(2), 1, "RETRYING"), delivery(alert(2), 2, "DELIVERED"))
    _, body = await (await world.caller("olga")).get("/api/alerts")
    assert [item["triggers"] for item in body["alerts"]] == [["sighting-2"], ["sighting-1"]]
    assert body["alerts"][0]["verified_by_names"] == ["Ann Bauer", "gone"]
    assert [item["state"] for item in body["alerts"][0]["deliveries"]] == ["DELIVERED"]
    assert body["rebuilding"] is False


def delivery(about: dict, attempt: int, state: str) -> dict:
    names = ("alert_id", "revision", "received_at")
    given = {name: about[name] for name in names}
    more = {"delivery_id": "d", "receiver": "desk", "sink": "webhook", "at": AT}
    return {**given, **more, "attempt": attempt, "state": state}


async def test_states_and_limit_select(world: ConsoleWorld) -> None:
    await world.fold("alerts", alert(1), alert(2, state="ENDED"), alert(3))
    olga = await world.caller("olga")

    async def seen(**params: str) -> list[str]:
        return [item["triggers"][0] for item in (await olga.get("/api/alerts", **params))[1]["alerts"]]

    assert await seen(state="open") == ["sighting-3", "sighting-1"]
    assert await seen(state="ended") == ["sighting-2"]
    assert await seen(limit="1") == ["sighting-3"]
    for bad in ({"limit": "0"}, {"limit": "9" * 30}, {"limit": "²"}, {"state": "odd"}):
        assert (await olga.get("/api/alerts", **bad))[0] == 400


async def test_one_alert_by_id(world: ConsoleWorld) -> None:
    await world.fold("alerts", alert(1))
    olga = await world.caller("olga")
    assert (await olga.get(f"/api/alerts/{alert(1)['alert_id']}"))[1]["title"] == "Camera tampered with"
    assert (await olga.get("/api/alerts/unknown"))[0] == 404


async def test_list_says_that_it_is_being_rebuilt(world: ConsoleWorld) -> None:
    _, body = await (await world.caller("olga")).get("/api/alerts")
    assert body == {"alerts": [], "counts": {"open": 0, "over": 0}, "rebuilding": True}


async def test_worst_open_alert_is_first_also_among_hundreds_of_newer_ones(world: ConsoleWorld) -> None:
    worst = alert(0, title="Fire", severity="EXTREME")
    await world.fold("alerts", worst, *[trigger(f"g{n}", n=n, at=AT + n * 1_000_000) for n in range(1, 260)])
    _, body = await (await world.caller("olga")).get("/api/alerts", limit="200")
    assert [item["title"] for item in body["alerts"][:2]] == ["Fire", "Camera tampered with"]
    assert len(body["alerts"]) == 200
    assert body["counts"] == {"open": 260, "over": 0}


async def test_filter_finds_what_lies_behind_hundreds_of_others(world: ConsoleWorld) -> None:
    ended = [trigger(f"g{n}", n=n, at=AT + n * 1_000_000, state="ENDED") for n in range(1, 300)]
    await world.fold("alerts", alert(0, state="CANCELLED"), *ended)
    olga = await world.caller("olga")
    _, body = await olga.get("/api/alerts", state="cancelled", limit="5")
    assert [item["state"] for item in body["alerts"]] == ["CANCELLED"]
    assert body["counts"] == {"open": 0, "over": 300}


async def test_alert_of_a_device_whose_clock_is_slow_stands_where_it_was_received(world: ConsoleWorld) -> None:
    slow = alert(2, updated_at=AT - 3_600_000_000, title="Slow clock")
    await world.fold("alerts", alert(1), slow)
    _, body = await (await world.caller("olga")).get("/api/alerts")
    assert body["alerts"][0]["title"] == "Slow clock"
