"""Nobody is in without a password, and nobody stays for ever."""

from pathlib import Path

import aiohttp
import pytest

from fairwatch.console import application
from fairwatch.domain.addresses import Networks
from tests.support.console_world import PASSWORD, ConsoleWorld, console_world


async def test_right_password_opens_a_session_that_scripts_cannot_read(world: ConsoleWorld) -> None:
    caller = await world.caller()
    body = {"name": "ann", "password": PASSWORD}
    async with caller.http.post("/api/session", json=body) as response:
        cookie = response.headers["Set-Cookie"]
        me = await response.json()
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert me["display_name"] == "Ann Bauer"
    assert "candidate.verify" in me["actions"]
    assert (await caller.get("/api/me"))[1]["csrf"] == me["csrf"]
    assert world.publisher.actions() == ["login.succeeded"]


async def test_wrong_password_and_unknown_name_look_alike(world: ConsoleWorld) -> None:
    caller = await world.caller()
    answers = [
        await caller.post("/api/session", {"name": name, "password": "wrong"}) for name in ("ann", "nobody-here")
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 401
    assert [record["subject"] for record in world.publisher.records("audit")] == ["ann", "unknown"]


async def test_guessing_is_slowed_down_and_time_heals(world: ConsoleWorld) -> None:
    caller = await world.caller()
    assert [await caller.sign_in("ann", "wrong") for _ in range(6)] == [401] * 5 + [429]
    async with caller.http.post("/api/session", json={"name": "ann", "password": PASSWORD}) as response:
        assert response.status == 429  # even the right one, or guessing would pay
        assert 0 < int(response.headers["Retry-After"]) <= 300
    assert await caller.sign_in("ben") == 200  # others at the same desk go on
    world.clock.advance(seconds=300)
    assert await caller.sign_in("ann") == 200


async def test_success_is_no_failure(world: ConsoleWorld) -> None:
    caller = await world.caller()
    assert {await caller.sign_in("ann") for _ in range(8)} == {200}


async def test_signing_out_ends_the_session_on_the_server(world: ConsoleWorld) -> None:
    caller = await world.caller("ann")
    stolen = {"Cookie": "; ".join(f"{cookie.key}={cookie.value}" for cookie in caller.http.cookie_jar)}
    assert await caller.delete("/api/session") == 200
    async with aiohttp.ClientSession() as thief, thief.get(f"{world.url}/api/me", headers=stolen) as response:
        assert response.status == 401


async def test_unattended_session_ends_though_the_page_keeps_polling(world: ConsoleWorld) -> None:
    caller = await world.caller("ann")
    for _ in range(4):
        world.clock.advance(seconds=1_000)
        status, _ = await caller.get("/api/alerts")
    assert status == 401


async def test_attended_session_ends_after_a_shift(world: ConsoleWorld) -> None:
    caller = await world.caller("ann")
    for _ in range(13):
        world.clock.advance(seconds=3_300)
        assert (await caller.get("/api/me"))[0] == 200
    world.clock.advance(seconds=3_300)
    assert (await caller.get("/api/me"))[0] == 401


async def test_session_token_is_not_stored(world: ConsoleWorld) -> None:
    caller = await world.caller("ann")
    tokens = [cookie.value for cookie in caller.http.cookie_jar]
    keys = [key async for key in world.redis.scan_iter()]
    assert len(tokens) == 2
    assert not any(token.encode() in key for key in keys for token in tokens)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"name":1,"password":2}', b'{"name":"ann"}', b'{"name":"' + b"a" * 70 + b'","password":""}'],
)
async def test_bad_sign_in_is_refused_with_400(world: ConsoleWorld, body: bytes) -> None:
    caller = await world.caller()
    headers = {"Content-Type": "application/json"}
    async with caller.http.post("/api/session", data=body, headers=headers) as response:
        assert response.status == 400


async def test_sign_in_works_while_the_broker_is_away(world: ConsoleWorld) -> None:
    world.publisher.away = {"audit"}
    await world.caller("ann")


async def test_nothing_answers_a_stranger(world: ConsoleWorld) -> None:
    caller = await world.caller()
    for method, path, _, rule in application.ROUTES:
        if rule.open:
            continue
        async with caller.http.request(method, path.format(id="x", kind="x", sha256="0" * 64)) as response:
            assert response.status == 401, path


async def test_page_and_probes_are_open_and_every_answer_is_hardened(world: ConsoleWorld) -> None:
    caller = await world.caller()
    for path, status in (("/", 200), ("/live", 200), ("/ready", 200), ("/api/me", 401), ("/nowhere", 404)):
        async with caller.http.get(path) as response:
            assert response.status == status
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/static/../application.py", "/static/%2e%2e/application.py", "/static/"):
        async with caller.http.get(path) as response:
            assert response.status == 404


async def test_nobody_is_locked_out_by_what_strangers_guess(world: ConsoleWorld) -> None:
    ann, stranger, colleague = await world.caller("ann"), await world.caller(), await world.caller()
    assert [await stranger.sign_in("ann", "wrong") for _ in range(40)][-1] == 429
    assert await ann.sign_in("ann") == 200  # from the same address, in her own browser
    assert await colleague.sign_in("ben") == 200
    assert [await ann.sign_in("ann", "wrong") for _ in range(6)] == [401] * 5 + [429]


async def test_behind_a_trusted_proxy_each_browser_has_its_own_address(valkey: str, tmp_path: Path) -> None:
    async with console_world(valkey, tmp_path, proxies=Networks.parse(["127.0.0.0/8"], "proxies")) as world:
        caller = await world.caller()
        caller.http.headers["X-Forwarded-For"] = "198.51.100.1, 192.0.2.7"
        await caller.sign_in("ann", "wrong")
    assert [record["details"]["address"] for record in world.publisher.records("audit")] == ["192.0.2.7"]
