"""A picture is shown only to whom it concerns, and never without a trace."""

from tests.support.console_world import PNG, Caller, ConsoleWorld
from tests.support.records import candidate, trigger


async def look(caller: Caller, uri: str) -> tuple[int, dict[str, str]]:
    async with caller.http.get(f"/api/media/{uri.removeprefix('fw-media:')}") as response:
        await response.read()
        return response.status, dict(response.headers)


async def test_reviewer_sees_the_candidates_picture_and_it_is_audited(world: ConsoleWorld) -> None:
    uri = await world.media.put(PNG, "text/html")
    face = candidate("FACE", probe={"uri": uri})
    await world.fold("candidates", face)
    status, headers = await look(await world.caller("ann"), uri)
    assert status == 200
    assert headers["Content-Type"] == "image/png"  # by its bytes, whatever its sender called it
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    viewed = world.publisher.records("audit")[-1]
    assert (viewed["action"], viewed["actor"], viewed["subject"]) == ("media.viewed", "ann", face["candidate_id"])
    assert viewed["authorisation_id"] == "auth-1"


async def test_operator_sees_alerts_but_no_candidates(world: ConsoleWorld) -> None:
    face, scene = await world.media.put(PNG, ""), await world.media.put(PNG + b"2", "")
    await world.fold("candidates", candidate("FACE", probe={"uri": face}))
    await world.fold("alerts", trigger(media=[{"uri": scene}]))
    olga = await world.caller("olga")
    assert (await look(olga, face))[0] == 404
    assert (await look(olga, scene))[0] == 200
    assert world.publisher.actions().count("media.viewed") == 1


async def test_picture_that_nothing_refers_to_is_not_there(world: ConsoleWorld) -> None:
    uri = await world.media.put(PNG, "")
    ann = await world.caller("ann")
    for path in (uri, "0" * 64, "x", "ab*"):
        assert (await look(ann, path))[0] == 404


async def test_without_audit_no_picture(world: ConsoleWorld) -> None:
    uri = await world.media.put(PNG, "")
    await world.fold("alerts", trigger(media=[{"uri": uri}]))
    ann = await world.caller("ann")
    world.publisher.away = {"audit"}
    assert (await look(ann, uri))[0] == 503


async def test_what_is_no_picture_is_never_shown_inline(world: ConsoleWorld) -> None:
    uri = await world.media.put(b"<script>alert(1)</script>", "image/png")
    await world.fold("alerts", trigger(media=[{"uri": uri}]))
    _, headers = await look(await world.caller("ann"), uri)
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment"


async def test_deleted_picture_is_said_to_be_gone(world: ConsoleWorld) -> None:
    await world.fold("alerts", trigger(media=[{"uri": "fw-media:" + "ab" * 32}]))
    assert (await look(await world.caller("ann"), "ab" * 32))[0] == 404
