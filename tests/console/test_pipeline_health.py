"""A stage that is silent is shown as such."""

from fairwatch.stores.health import Health
from tests.support.console_world import ConsoleWorld


async def test_living_stage_and_silent_stage_are_told_apart(world: ConsoleWorld, valkey: str) -> None:
    health = Health(valkey)
    await health.heartbeat("enrich", "e1", {"ready": True, "received": 5, "emitted": 4, "dead": 1, "at": 1})
    await health.close()
    _, body = await (await world.caller("adam")).get("/api/health")
    rows = {(row["component"], row["instance"]): row for row in body["components"]}  # other tests' stages among them
    assert rows["enrich", "e1"]["dead"] == 1
    assert rows["audit", ""] == {
        "component": "audit",
        "instance": "",
        "ready": False,
        "silent": True,
        "does": "seals the log",
    }
