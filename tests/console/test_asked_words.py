"""What people type at the console is asked about, never changed."""

from tests.support.console_world import ConsoleWorld
from tests.support.records import AT, candidate, trigger

FACE = candidate("FACE", expires_at=AT + 3_600_000_000)
ALERT = trigger(site_id="harbour", site_name="Harbour")
ACTIONS = f"/api/alerts/{ALERT['alert_id']}/actions"


async def test_reason_that_names_a_people_is_asked_about_and_the_answer_is_audited(world: ConsoleWorld) -> None:
    await world.fold("candidates", FACE)
    ann = await world.caller("ann")
    path, said = (
        f"/api/candidates/{FACE['candidate_id']}/verifications",
        {"decision": "NO_MATCH", "reason": "not Uyghur"},
    )
    await ann.look(FACE["candidate_id"])
    status, body = await ann.post(path, said)
    assert (status, body["error"]) == (422, "asked")
    assert world.publisher.records("verifications") == []
    assert (await ann.post(path, said | {"because": "the entry's own words"}))[0] == 202
    word, given = world.publisher.records("audit")[-2:]
    assert (word["action"], word["actor"], word["subject"]) == ("word.registered", "ann", FACE["candidate_id"])
    assert word["details"].items() >= {"field": "reason", "term": "uyghur", "reason": "the entry's own words"}.items()
    assert word["details"]["policy"] == "candidate.verify", "by which policy the person might do so"
    assert given["action"] == "verification.given"
    assert world.publisher.records("verifications")[0]["reason"] == "not Uyghur", "nothing is deleted"


async def test_note_on_an_alert_is_asked_about_too(world: ConsoleWorld) -> None:
    await world.fold("alerts", ALERT)
    olga = await world.caller("olga")
    note = {"action": "COMMENT", "note": "by the Turban Hotel"}
    assert (await olga.post(ACTIONS, note))[1]["error"] == "asked"
    assert (await olga.post(ACTIONS, note | {"because": "that is the hotel's name"}))[0] == 202
    assert world.publisher.records("audit")[-1]["details"]["term"] == "turban"


async def test_answer_that_is_no_text_is_refused_and_plain_words_are_not_asked_about(world: ConsoleWorld) -> None:
    await world.fold("alerts", ALERT)
    olga = await world.caller("olga")
    assert (await olga.post(ACTIONS, {"action": "COMMENT", "note": "Sikh", "because": ["x"]}))[1][
        "error"
    ] == "invalid_field"
    assert (await olga.post(ACTIONS, {"action": "COMMENT", "note": "gate closed"}))[0] == 202
