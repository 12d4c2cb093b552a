"""Two people really are two, and neither sees what the other said."""

import asyncio
from pathlib import Path
from typing import Any

from fairwatch.console.views import claim_of
from tests.support.console_world import PNG, ConsoleWorld, console_world
from tests.support.records import AT, candidate, verdict
from tests.support.trust import CONSOLE, trust, vouched

FACE = candidate("FACE", expires_at=AT + 3_600_000_000)
ID = FACE["candidate_id"]


async def test_decision_is_published_audited_and_accepted(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    status, body = await ann.decide(ID, "NO_MATCH", "different ears")
    assert status == 202
    (record,) = world.publisher.records("verifications")
    assert record["reviewer"] == "ann"
    assert record["decision"] == "NO_MATCH"
    assert record["reason"] == "different ears"
    assert record["blind"] is True
    assert record["verification_id"] == body["verification_id"]
    given = world.publisher.records("audit")[-1]
    assert (given["action"], given["actor"], given["subject"]) == ("verification.given", "ann", ID)
    assert given["authorisation_id"] == FACE["authorisation_id"]


async def test_same_person_twice_is_refused(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    here, there = await world.caller("ann"), await world.caller("ann")
    both = await asyncio.gather(here.decide(ID), there.decide(ID))
    assert sorted(status for status, _ in both) == [202, 409]
    await world.fold_published()
    assert (await here.decide(ID, "NO_MATCH"))[1]["error"] == "already_given"
    assert len(world.publisher.records("verifications")) == 1


async def test_same_person_twice_is_refused_also_when_the_first_decision_was_long_ago(world: ConsoleWorld) -> None:
    """What bridges the time until a decision has come back through its topic ends after minutes."""
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    await ann.decide(ID)
    await world.fold_published()
    (seen,) = await world.model.pick("candidate", "listed", 1)
    await world.model.release(claim_of(seen), "ann")
    assert (await ann.decide(ID, "NO_MATCH"))[1]["error"] == "already_given"
    assert [record["decision"] for record in world.publisher.records("verifications")] == ["MATCH"]


async def test_two_people_are_two(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    for name in ("ann", "ben"):
        assert (await (await world.caller(name)).decide(ID))[0] == 202
    assert [record["reviewer"] for record in world.publisher.records("verifications")] == ["ann", "ben"]


async def test_after_the_verdict_it_is_too_late(world: ConsoleWorld) -> None:
    await world.fold("verdicts", verdict("FACE", people=("ben", "cleo")))
    status, body = await (await world.caller("ann")).decide(ID)
    assert (status, body["error"]) == (409, "decided")


async def test_after_expiry_it_is_too_late(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    world.clock.advance(seconds=3_600)
    assert (await ann.decide(ID))[0] == 409
    assert (await ann.get("/api/candidates"))[1]["candidates"] == []
    (late,) = (await ann.get("/api/candidates", state="decided"))[1]["candidates"]
    assert late["review"]["state"] == "EXPIRED"


async def test_plate_that_needs_nobody_is_never_put_before_people(world: ConsoleWorld) -> None:
    plate = candidate("PLATE", n=7, expires_at=AT + 3_600_000_000)
    await world.fold("candidates", plate)
    ann = await world.caller("ann")
    assert (await ann.get("/api/candidates"))[1]["candidates"] == []
    (shown,) = (await ann.get("/api/candidates", state="all"))[1]["candidates"]
    assert shown["review"]["may_decide"] is False
    status, body = await ann.decide(plate["candidate_id"])
    assert (status, body["error"]) == (409, "needs_nobody")
    assert world.publisher.records("verifications") == []


async def test_reviewer_sees_nothing_of_others_before_the_verdict(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann, ben = await world.caller("ann"), await world.caller("ben")
    before = await ben.get(f"/api/candidates/{ID}")
    await ann.decide(ID, "MATCH", "the scar")
    await world.fold_published()
    assert await ben.get(f"/api/candidates/{ID}") == before
    assert "ann" not in str(await ben.get("/api/candidates"))


async def test_own_decision_shows_at_once_and_who_is_awaited(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    await ann.decide(ID)
    (mine,) = (await ann.get("/api/candidates"))[1]["candidates"]
    assert mine["review"]["mine"] == "MATCH"
    assert mine["review"]["may_decide"] is False
    assert (mine["review"]["given"], mine["review"]["required"]) == (1, 2)
    assert mine["review"]["decisions"] == []


async def test_verdict_opens_who_decided_what(world: ConsoleWorld) -> None:
    await world.fold("verdicts", verdict("FACE", people=("ann", "ben")))
    _, seen = await (await world.caller("cleo")).get(f"/api/candidates/{ID}")
    assert [(item["reviewer_name"], item["decision"]) for item in seen["review"]["decisions"]] == [
        ("Ann Bauer", "MATCH"),
        ("Ben Okoro", "MATCH"),
    ]


async def test_face_needs_two_people_whatever_is_written(world: ConsoleWorld) -> None:
    await world.fold("candidates", {**FACE, "required_verifications": 0})
    _, seen = await (await world.caller("ann")).get(f"/api/candidates/{ID}")
    assert seen["review"]["required"] == 2


async def test_decision_that_does_not_get_through_can_be_given_again(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    await ann.look(ID)
    decision = {"decision": "MATCH", "reason": "ears"}
    for away in ("audit", "verifications"):
        world.publisher.away = {away}
        assert (await ann.post(f"/api/candidates/{ID}/verifications", decision))[0] == 503
    assert world.publisher.records("verifications") == []
    world.publisher.away = set()
    assert (await ann.decide(ID))[0] == 202


async def test_most_urgent_comes_first(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE, candidate("FACE", n=1, priority=1), candidate("FACE", n=2, expires_at=AT + 1))
    world.clock.advance(seconds=-1)
    found = (await (await world.caller("ann")).get("/api/candidates"))[1]["candidates"]
    assert [item["sighting_id"] for item in found] == ["sighting-1", "sighting-2", "sighting-0"]


async def test_bad_decisions_are_refused(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    assert (await ann.decide(ID, "YES"))[0] == 400
    assert (await ann.decide(ID, "MATCH", "x" * 2_001))[0] == 400
    assert (await ann.post(f"/api/candidates/{ID}/verifications", ["MATCH"]))[0] == 400
    assert (await ann.decide("unknown"))[0] == 404
    assert world.publisher.records("verifications") == []


async def test_face_is_not_decided_before_both_pictures_were_served_in_that_session(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann, elsewhere = await world.caller("ann"), await world.caller("ann")
    decision, path = {"decision": "NO_MATCH"}, f"/api/candidates/{ID}/verifications"
    await elsewhere.look(ID)
    assert (await ann.post(path, decision))[1]["error"] == "not_seen"
    _, shown = await ann.get(f"/api/candidates/{ID}")
    assert (await ann.http.get(f"/api/media/{shown['probe']['uri'].removeprefix('fw-media:')}")).status == 200
    assert (await ann.post(path, decision))[0] == 409
    await ann.look(ID)
    assert (await ann.post(path, decision))[0] == 202


async def test_a_better_shot_has_to_be_seen_before_it_is_decided_and_the_decision_names_it(world: ConsoleWorld) -> None:
    path = f"/api/candidates/{ID}/verifications"
    await world.fold("candidates", {**FACE, "probe_quality": 0.5})
    ann = await world.caller("ann")
    await ann.look(ID)
    poor = (await ann.get(f"/api/candidates/{ID}"))[1]["probe"]["uri"]
    await world.fold("candidates", await better_shot(world))
    good = (await ann.get(f"/api/candidates/{ID}"))[1]["probe"]["uri"]
    assert good != poor
    assert (await ann.post(path, {"decision": "NO_MATCH"}))[1]["error"] == "not_seen"
    assert (await ann.decide(ID))[0] == 202
    assert world.publisher.records("verifications")[0]["shown"]["picture"] == good


async def test_who_was_unsure_may_decide_on_a_better_shot_and_nobody_else_twice(world: ConsoleWorld) -> None:
    await world.fold("candidates", {**FACE, "probe_quality": 0.5})
    ann, ben = await world.caller("ann"), await world.caller("ben")
    await ann.decide(ID, "UNSURE")
    await ben.decide(ID, "MATCH", "ears")
    await world.fold_published()
    assert (await ann.decide(ID, "MATCH", "ears"))[1]["error"] == "already_given"
    await world.fold("candidates", await better_shot(world))
    assert (await ann.get(f"/api/candidates/{ID}"))[1]["review"]["may_decide"] is True
    assert (await ben.get(f"/api/candidates/{ID}"))[1]["review"]["mine"] == "MATCH"
    assert (await ben.decide(ID, "NO_MATCH"))[1]["error"] == "already_given"
    assert (await ann.decide(ID, "MATCH", "ears"))[0] == 202
    assert (await ann.decide(ID, "NO_MATCH"))[1]["error"] == "already_given"


async def better_shot(world: ConsoleWorld) -> dict[str, Any]:
    probe, reference = [await world.media.put(PNG + word, "image/png") for word in (b"better ", b"reference ")]
    media = {"probe": {"uri": probe}, "reference": {"uri": reference}}
    return {**FACE, **media, "probe_quality": 0.8, "observation_id": "observation-9"}


async def test_face_whose_picture_is_not_here_is_not_decided(world: ConsoleWorld) -> None:
    await world.fold("candidates", {**FACE, "probe": {"uri": "https://elsewhere.example/1.jpg"}})
    ann = await world.caller("ann")
    path = f"/api/candidates/{ID}/verifications"
    assert (await ann.post(path, {"decision": "MATCH", "reason": "ears"}))[1]["error"] == "not_seen"


async def test_same_person_takes_a_reason(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    assert (await ann.decide(ID, "MATCH", "  "))[1]["error"] == "no_reason"
    assert (await ann.decide(ID, "UNSURE", ""))[0] == 202


async def test_most_urgent_is_not_cut_off_by_newer_ones(world: ConsoleWorld) -> None:
    later = AT + 3_600_000_000
    others = [candidate("FACE", n=n, expires_at=later, received_at=AT + n) for n in range(1, 8)]
    await world.fold("candidates", candidate("FACE", n=0, priority=1, expires_at=later), *others)
    _, body = await (await world.caller("ann")).get("/api/candidates", limit="3")
    assert body["candidates"][0]["sighting_id"] == "sighting-0"
    assert body["open"] == 8


async def test_a_decision_bears_the_consoles_signature_and_tells_nothing_of_the_session(
    world: ConsoleWorld,
) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    await ann.decide(ID, "NO_MATCH")
    (record,) = world.publisher.records("verifications")
    refusal = trust(vouched("ann")).refusal(
        "Verification",
        record,
        record["deed"],
        act="verify",
        name="ann",
        action="candidate.verify",
        now=world.clock.now(),
    )
    assert refusal is None
    assert record["deed"]["key_id"] == CONSOLE.public.key_id
    token = next(cookie.value for cookie in ann.http.cookie_jar if cookie.key == "fairwatch-session")
    assert token not in str(record)


async def test_a_forged_decision_keeps_nobody_from_deciding(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    forged = {
        "verification_id": "v", "candidate_id": ID, "reviewer": "ann", "role": "reviewer", "decision": "NO_MATCH",
        "decided_at": world.clock.now(),
    }  # fmt: skip
    await world.fold("verifications", forged)
    assert (await (await world.caller("ann")).decide(ID, "NO_MATCH"))[0] == 202


async def test_a_console_that_lost_its_key_shows_candidates_and_takes_no_deed(valkey: str, tmp_path: Path) -> None:
    async with console_world(valkey, tmp_path, signing_key=None) as world:
        await world.fold("candidates", FACE)
        ann = await world.caller("ann")
        await ann.look(ID)
        status, said = await ann.post(f"/api/candidates/{ID}/verifications", {"decision": "MATCH", "reason": "ears"})
        assert (status, said["error"]) == (503, "no_signing_key")
        assert world.publisher.records("verifications") == []
        assert "candidate.verified" not in world.publisher.actions()
