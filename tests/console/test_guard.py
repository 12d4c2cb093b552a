"""Roles and the origin of a write are checked before anything else happens."""

import pytest

from tests.support.console_world import ConsoleWorld
from tests.support.records import candidate

FACE = candidate("FACE")
DECIDE = f"/api/candidates/{FACE['candidate_id']}/verifications"


@pytest.mark.parametrize("name", ["olga", "audra", "adam"])
async def test_only_reviewers_decide(world: ConsoleWorld, name: str) -> None:
    await world.fold("candidates", FACE)
    caller = await world.caller(name)
    assert (await caller.post(DECIDE, {"decision": "MATCH"}))[0] == 403
    assert world.publisher.records("verifications") == []
    assert world.publisher.actions()[-1] == "access.denied"


@pytest.mark.parametrize(
    ("name", "alerts", "candidates", "health"),
    [("ann", 200, 200, 200), ("olga", 200, 403, 200), ("audra", 200, 200, 200), ("adam", 403, 403, 200)],
)
async def test_roles_decide_what_is_seen(
    world: ConsoleWorld, name: str, alerts: int, candidates: int, health: int
) -> None:
    caller = await world.caller(name)
    seen = [(await caller.get(f"/api/{what}"))[0] for what in ("alerts", "candidates", "health")]
    assert seen == [alerts, candidates, health]


async def test_write_without_the_sessions_token_is_refused(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    for token in ("", "wrong", (await world.caller("ben")).csrf):
        async with ann.http.post(DECIDE, json={"decision": "MATCH"}, headers={"X-CSRF-Token": token}) as response:
            assert response.status == 403
    async with ann.http.delete("/api/session") as response:
        assert response.status == 403
    assert world.publisher.records("verifications") == []


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_write_from_another_page_is_refused_even_with_the_token(world: ConsoleWorld, headers: dict) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    assert (await ann.post(DECIDE, {"decision": "MATCH"}, **headers))[1]["error"] == "cross_site"
    stranger = await world.caller()
    assert (await stranger.post("/api/session", {"name": "ann", "password": "x"}, **headers))[0] == 403


async def test_own_page_may_write(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    headers = {"Origin": world.url, "Sec-Fetch-Site": "same-origin"}
    await ann.look(FACE["candidate_id"])
    assert (await ann.post(DECIDE, {"decision": "UNSURE"}, **headers))[0] == 202


async def test_big_body_is_refused(world: ConsoleWorld) -> None:
    ann = await world.caller("ann")
    assert (await ann.post(DECIDE, {"decision": "MATCH", "reason": "x" * 20_000}))[0] in (404, 413)
