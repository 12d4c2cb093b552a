"""Alerts are listed newest first, with what became of them."""

from tests.support.console_world import ConsoleWorld
from tests.support.records import AT, trigger


def alert(n: int, **fields) -> dict:
    return trigger(n=n, at=AT + n, **fields)


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
    assert body == {"alerts": [], "rebuilding": True}
