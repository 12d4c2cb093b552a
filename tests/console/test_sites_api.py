"""Sites at the console: who sees which are armed, who may change that, and what is left of it."""

from pathlib import Path

from fairwatch.wire.signed_armings import change_refused
from tests.support.console_world import ConsoleWorld, console_world
from tests.support.trust import trust, vouched

DELIVERY = {"reason": "Delivery at the gate."}


async def test_a_site_that_somebody_disarms_is_shown_with_who_and_why(world: ConsoleWorld) -> None:
    olga = await world.caller("olga")
    _, before = await olga.get("/api/sites")
    assert [(site["site_id"], site["armed"], site["last"]) for site in before["sites"]] == [
        ("harbour", True, None), ("station", True, None),
    ]  # fmt: skip
    assert (await olga.post("/api/sites/harbour/disarm", {**DELIVERY, "by": "ann"}))[0] == 201
    [record] = world.publisher.records("site-armings")
    believed = trust(vouched("olga", olga=["operator"]))
    assert change_refused(believed, "harbour", record["changes"][-1]) is None
    audit = world.publisher.records("audit")[-1]
    assert (audit["action"], audit["actor"], audit["subject"]) == ("site.disarmed", "olga", "harbour")
    assert (audit["details"]["policy"], audit["details"]["reason"]) == ("site.disarm", DELIVERY["reason"])
    world.clock.advance(seconds=1)
    _, seen = await (await world.caller("audra")).get("/api/sites")
    [harbour, station] = seen["sites"]
    assert (harbour["armed"], station["armed"], harbour["may"]) == (False, True, {"arm": False, "disarm": False})
    assert (harbour["last"]["by_name"], harbour["last"]["reason"]) == ("Olga Lind", DELIVERY["reason"])
    assert (await olga.post("/api/sites/harbour/arm", {"reason": "The gate is shut."}))[0] == 201
    assert [change["armed"] for change in world.publisher.records("site-armings")[-1]["changes"]] == [False, True]


REFUSED = (
    ("ben", "harbour/disarm", DELIVERY, (403, "forbidden")),
    ("audra", "harbour/arm", DELIVERY, (403, "forbidden")),
    ("olga", "harbour/disarm", {"reason": " "}, (400, "no_reason")),
    ("olga", "harbour/disarm", {"reason": 7}, (400, "no_reason")),
    ("olga", "nowhere/disarm", DELIVERY, (404, "unknown")),
    ("olga", "harbour/disarm", {"reason": "He looks like a Sikh"}, (422, "asked")),
)


async def test_what_may_not_be_is_refused_by_name_and_nothing_is_written(world: ConsoleWorld) -> None:
    callers = {who: await world.caller(who) for who in ("ben", "audra", "olga")}
    for who, path, body, expected in REFUSED:
        status, said = await callers[who].post(f"/api/sites/{path}", body)
        assert (status, said["error"]) == expected, (who, path, body)
    assert world.publisher.records("site-armings") == []


async def test_who_looks_after_some_sites_arms_no_other(valkey: str, tmp_path: Path) -> None:
    async with console_world(valkey, tmp_path, sites={"olga": ["station"]}) as world:
        olga = await world.caller("olga")
        _, seen = await olga.get("/api/sites")
        assert [site["may"]["disarm"] for site in seen["sites"]] == [False, True]
        status, said = await olga.post("/api/sites/harbour/disarm", DELIVERY)
        assert (status, said["error"]) == (403, "other_site")
        assert (await olga.post("/api/sites/station/disarm", DELIVERY))[0] == 201
