"""Silences at the console: by the rules of `fairwatch silences`, under the name of who is signed in."""

from pathlib import Path

import pytest

from fairwatch.wire.signings import SIGNINGS
from tests.support.console_world import ConsoleWorld, console_world
from tests.support.records import trigger
from tests.support.trust import trust, vouched

HOUR_S = 3_600
CAMERA = ['device_id="cam-1"']
WORKS = {"matchers": CAMERA, "reason": "Works at the gate.", "for_s": HOUR_S}


async def added(world: ConsoleWorld, name: str = "olga", **more) -> str:
    caller = await world.caller(name)
    status, body = await caller.post("/api/silences", {**WORKS, **more})
    assert status == 201, body
    return body["silence_id"]


async def test_silence_is_of_who_is_signed_in_and_is_seen_by_everybody_who_sees_alerts(world: ConsoleWorld) -> None:
    silence_id = await added(world, author="ann", role="admin")
    [record] = world.publisher.records("silences")
    assert (record["author"], record["role"], record["reason"]) == ("olga", "operator", "Works at the gate.")
    assert record["expires_at"] - record["starts_at"] == HOUR_S * 1_000_000
    assert SIGNINGS["silences"].refusal(record, trust(vouched("olga", olga=["operator"]))) is None
    assert world.publisher.actions()[-1] == "silence.added"
    status, body = await (await world.caller("audra")).get("/api/silences")
    [shown] = body["silences"]
    assert (status, shown["silence_id"], shown["author_name"], shown["state"]) == (
        200, silence_id, "Olga Lind", "holds"
    )  # fmt: skip
    assert body["longest_s"] == 0, "an auditor silences nothing"


async def test_who_may_not_silence_is_told_no_and_nothing_is_written(world: ConsoleWorld) -> None:
    for name in ("ben", "audra"):
        status, _ = await (await world.caller(name)).post("/api/silences", WORKS)
        assert status == 403
    assert world.publisher.records("silences") == []


async def test_the_longest_time_is_that_of_the_role(world: ConsoleWorld) -> None:
    olga, adam = await world.caller("olga"), await world.caller("adam")
    assert (await olga.get("/api/silences"))[1]["longest_s"] == 12 * HOUR_S
    assert (await adam.get("/api/silences"))[1]["longest_s"] == 7 * 24 * HOUR_S
    status, body = await olga.post("/api/silences", {**WORKS, "for_s": 13 * HOUR_S})
    assert (status, body["error"]) == (400, "too_long")
    assert (await adam.post("/api/silences", {**WORKS, "for_s": 13 * HOUR_S}))[0] == 201


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"matchers": []}, (400, "no_matcher")),
        ({"matchers": ["cam-1"]}, (400, "broken_matcher")),
        ({"matchers": ['rule!="x"']}, (400, "matches_everything")),
        ({"matchers": "rule"}, (400, "invalid_field")),
        ({"reason": " "}, (400, "no_reason")),
        ({"reason": 7}, (400, "invalid_field")),
        ({"for_s": 0}, (400, "ends_before_start")),
        ({"for_s": None}, (400, "invalid_field")),
        ({"reason": "He looks like a Sikh"}, (422, "asked")),
    ],
)
async def test_silence_that_may_not_be_is_refused_by_name(world: ConsoleWorld, change, expected) -> None:
    status, body = await (await world.caller("olga")).post("/api/silences", {**WORKS, **change})
    assert (status, body["error"]) == expected
    assert world.publisher.records("silences") == []


async def test_second_person_agrees_and_the_author_cannot(world: ConsoleWorld) -> None:
    silence_id = await added(world)
    path = f"/api/silences/{silence_id}/approve"
    status, body = await (await world.caller("olga")).post(path, {})
    assert (status, body["error"]) == (409, "approved_by_author")
    assert (await (await world.caller("ann")).post(path, {}))[0] == 201
    assert world.publisher.records("silences")[-1]["approved_by"] == ["ann"]
    assert world.publisher.actions()[-1] == "silence.approved"


async def test_silence_that_somebody_ends_has_ended_and_says_who_did(world: ConsoleWorld) -> None:
    silence_id = await added(world)
    ann = await world.caller("ann")
    world.clock.advance(seconds=60)
    assert (await ann.post(f"/api/silences/{silence_id}/expire", {}))[0] == 201
    world.clock.advance(seconds=1)
    [shown] = (await ann.get("/api/silences"))[1]["silences"]
    assert (shown["state"], shown["expired_by_name"]) == ("ended", "Ann Bauer")
    status, body = await ann.post(f"/api/silences/{silence_id}/expire", {})
    assert (status, body["error"]) == (409, "ended")
    assert (await ann.post("/api/silences/nobody/expire", {}))[0] == 404


async def test_preview_says_what_the_last_day_would_have_been_and_writes_nothing(world: ConsoleWorld) -> None:
    quiet = trigger(n=1, device_ids=["cam-1"], title="Seen at the gate")
    worst = trigger(n=2, device_ids=["cam-1"], severity="EXTREME")
    world.told += [quiet, worst, trigger(n=3, device_ids=["cam-2"])]
    status, body = await (await world.caller("olga")).post("/api/silences/preview", {"matchers": CAMERA})
    receivers = len(quiet["receivers"])
    assert (status, body["messages"], body["held"], body["alerts"], body["passed"]) == (
        200, 3 * receivers, receivers, 1, 1
    )  # fmt: skip
    assert [each["title"] for each in body["examples"]] == ["Seen at the gate"]
    status, body = await (await world.caller("adam")).post("/api/silences/preview", {"matchers": CAMERA})
    assert (body["held"], body["examples"]) == (receivers, []), "who does not see alerts reads no titles"
    assert world.publisher.records("silences") == []
    status, body = await (await world.caller("olga")).post("/api/silences/preview", {"matchers": ["odd"]})
    assert (status, body["error"]) == (400, "broken_matcher")


async def test_who_looks_after_one_site_silences_and_ends_nothing_of_another(valkey: str, tmp_path: Path) -> None:
    async with console_world(valkey, tmp_path, sites={"olga": ["harbour"]}) as world:
        olga = await world.caller("olga")
        status, body = await olga.post("/api/silences", WORKS)
        assert (status, body["error"]) == (403, "other_site")
        of_ann = await added(world, "ann")
        status, body = await olga.post(f"/api/silences/{of_ann}/expire", {})
        assert (status, body["error"]) == (403, "other_site")
        assert await added(world, "olga", matchers=[*CAMERA, 'site_id="harbour"'])
