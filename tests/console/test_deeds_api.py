"""People answer alerts: each deed is theirs, is written once, or is refused with a sentence."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairwatch.apps.links import linked
from fairwatch.apps.settings import Settings
from fairwatch.cli.main import build
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.links import LIFETIME, Link
from fairwatch.sinks.linked import Linked
from fairwatch.sinks.sink import Answer
from fairwatch.sinks.text import plain
from fairwatch.wire.signed_actions import ALERTS, action_refused
from tests.support.console_world import PASSWORD, ConsoleWorld, console_world
from tests.support.records import AT, trigger
from tests.support.trust import trust, vouched

ALERT = trigger(site_id="harbour", site_name="Harbour <Station>")
ACTIONS = f"/api/alerts/{ALERT['alert_id']}/actions"
KEY = b"k" * 32


async def act(caller, action, **more):
    status, body = await caller.post(ACTIONS, {"action": action, **more})
    return status, body.get("error", "")


async def test_acknowledgement_goes_to_the_owner_of_the_group_under_the_persons_name(world: ConsoleWorld) -> None:
    await world.fold("alerts", ALERT)
    assert await act(await world.caller("olga"), "ACKNOWLEDGE", note=" Seen. ") == (202, "")
    [(topic, key, deed)] = [row for row in world.publisher.published if row[0] == "alert-actions"]
    assert (topic, key, deed["alert_id"]) == ("alert-actions", ALERT["group"], ALERT["alert_id"])
    assert (deed["actor"], deed["role"], deed["note"], deed["at"]) == ("olga", "operator", "Seen.", world.clock.now())
    believed = trust(vouched("olga", olga=["operator"]))
    assert action_refused(ALERTS, believed, deed, world.clock.now()) is None
    assert action_refused(ALERTS, believed, {**deed, "actor": "ann"}, world.clock.now()) == "another_person"


@pytest.mark.parametrize("name", ["ben", "audra", "adam"])
async def test_who_is_no_operator_answers_nothing(world: ConsoleWorld, name: str) -> None:
    await world.fold("alerts", ALERT)
    assert (await act(await world.caller(name), "ACKNOWLEDGE"))[0] == 403
    assert world.publisher.records("alert-actions") == []


async def test_of_two_who_claim_at_once_one_is_told_no_and_who_was_first(world: ConsoleWorld) -> None:
    await world.fold("alerts", ALERT)
    olga, ann = await world.caller("olga"), await world.caller("ann")
    assert await act(olga, "CLAIM") == (202, "")
    status, body = await ann.post(ACTIONS, {"action": "CLAIM"})
    assert (status, body["error"]) == (409, "claimed")
    assert body["message"].endswith("It was Olga Lind.")
    assert len(world.publisher.records("alert-actions")) == 1


async def test_claim_that_the_broker_did_not_take_may_be_made_again(world: ConsoleWorld) -> None:
    await world.fold("alerts", ALERT)
    olga = await world.caller("olga")
    world.publisher.away = {"alert-actions"}
    assert (await act(olga, "CLAIM"))[0] == 503
    world.publisher.away = set()
    assert (await act(olga, "CLAIM"))[0] == 202


@pytest.mark.parametrize(
    ("alert", "body", "expected"),
    [
        ({"state": "ENDED"}, {"action": "ACKNOWLEDGE"}, (409, "not_open")),
        ({"acknowledged_by": "ann"}, {"action": "ACKNOWLEDGE"}, (409, "already_acknowledged")),
        ({"claimed_by": "ann"}, {"action": "CLAIM"}, (409, "claimed")),
        ({"claimed_by": "ann"}, {"action": "HAND_OVER", "to": "ann"}, (409, "not_yours")),
        ({}, {"action": "HAND_OVER", "to": "stranger"}, (400, "nobody")),
        ({}, {"action": "HAND_OVER", "to": "audra"}, (400, "nobody")),
        ({}, {"action": "CLOSE"}, (400, "no_outcome")),
        ({}, {"action": "CLOSE", "outcome": "MAYBE"}, (400, "invalid_field")),
        ({}, {"action": "COMMENT", "note": "  "}, (400, "no_note")),
        ({}, {"action": "COMMENT", "note": "x" * 1_001}, (400, "invalid_field")),
        ({}, {"action": "DELETE"}, (400, "invalid_field")),
        ({}, [], (400, "malformed")),
    ],
)
async def test_what_cannot_be_taken_is_refused_by_name(world: ConsoleWorld, alert, body, expected) -> None:
    await world.fold("alerts", {**ALERT, **alert})
    status, said = await (await world.caller("olga")).post(ACTIONS, body)
    assert (status, said["error"]) == expected
    assert world.publisher.records("alert-actions") == []


async def test_alert_that_is_not_there_is_answered_404(world: ConsoleWorld) -> None:
    assert await act(await world.caller("olga"), "ACKNOWLEDGE") == (404, "unknown")


async def test_person_of_another_site_answers_nothing(valkey: str, tmp_path: Path) -> None:
    async with console_world(valkey, tmp_path, sites={"olga": ["airport"]}) as world:
        await world.fold("alerts", ALERT)
        assert await act(await world.caller("olga"), "ACKNOWLEDGE") == (403, "other_site")
        assert await act(await world.caller("ann"), "ACKNOWLEDGE") == (202, "")


async def test_alert_shows_who_did_what_by_the_names_of_people(world: ConsoleWorld) -> None:
    line = {"action": "CLAIM", "actor": "olga", "at": AT, "text": "", "to": None}
    await world.fold("alerts", {**ALERT, "claimed_by": "olga", "acknowledged_by": "receiver:desk", "deeds": [line]})
    _, seen = await (await world.caller("audra")).get(f"/api/alerts/{ALERT['alert_id']}")
    assert (seen["claimed_by_name"], seen["acknowledged_by_name"]) == ("Olga Lind", "receiver:desk")
    assert seen["deeds"][0]["actor_name"] == "Olga Lind"


async def test_who_can_take_over_is_listed(world: ConsoleWorld) -> None:
    _, body = await (await world.caller("olga")).get("/api/people")
    assert [row["name"] for row in body["people"]] == ["ann", "olga"]


class Postbox:
    kind = "postbox"

    async def send(self, delivery_id, alert):
        self.alert = alert
        return Answer("ok")

    async def close(self):
        pass


async def link_to(world: ConsoleWorld, **alert) -> str | None:
    """Return the path of the link in the message about the alert."""
    box = Postbox()
    await Linked(box, "control-room", KEY, "https://console.example/", world.clock).send("d", {**ALERT, **alert})
    address = box.alert.get("links", {}).get("acknowledge")
    return address and address.removeprefix("https://console.example")


async def test_link_shows_a_page_and_only_its_button_acknowledges(valkey: str, tmp_path: Path) -> None:
    async with console_world(valkey, tmp_path, link_key=KEY) as world:
        await world.fold("alerts", ALERT)
        path, stranger = await link_to(world), await world.caller()
        async with stranger.http.get(path) as response:
            page = await response.text()
            assert (response.status, response.content_type) == (200, "text/html")
        assert "<form method" in page
        assert "Harbour &lt;Station&gt;" in page
        assert world.publisher.published == []
        for _ in range(2):
            async with stranger.http.post(path) as response:
                assert response.status == 200
        deeds = world.publisher.records("alert-actions")
        assert {(deed["actor"], deed["role"], deed["action"]) for deed in deeds} == {
            ("receiver:control-room", "link", "ACKNOWLEDGE")
        }
        assert len({deed["action_id"] for deed in deeds}) == 1, "pressed twice, done once"


async def test_link_of_another_page_expired_or_on_what_is_over_does_nothing(valkey: str, tmp_path: Path) -> None:
    async with console_world(valkey, tmp_path, link_key=KEY) as world:
        await world.fold("alerts", ALERT)
        path, stranger = await link_to(world), await world.caller()
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert [(await stranger.http.post(path, headers=foreign)).status] == [403]
        assert (await stranger.http.post(path + "x")).status == 404
        assert (await stranger.http.get("/act/" + Link("a", "ACKNOWLEDGE", "r", AT).token(b"o" * 32))).status == 404
        world.clock.advance(seconds=LIFETIME / 1_000_000)
        assert [(await stranger.http.get(path)).status, (await stranger.http.post(path)).status] == [404, 404]
        await world.fold("alerts", {**ALERT, "revision": 1, "state": "ENDED"})
        assert (await stranger.http.post(await link_to(world))).status == 409
        assert world.publisher.records("alert-actions") == []


async def test_message_has_no_link_once_somebody_has_answered(world: ConsoleWorld) -> None:
    assert await link_to(world, acknowledged_by="ann") is None
    assert await link_to(world, state="ENDED") is None


async def test_console_without_a_key_takes_no_link(world: ConsoleWorld) -> None:
    await world.fold("alerts", ALERT)
    assert (await (await world.caller()).http.get(await link_to(world))).status == 404


async def test_command_answers_as_the_person_and_prints_why_not(world: ConsoleWorld, tmp_path: Path) -> None:
    await world.fold("alerts", ALERT)
    (tmp_path / "password").write_text(PASSWORD)
    signed = ["--as", "olga", "--console", world.url, "--password-file", str(tmp_path / "password")]

    async def command(*words):
        return await asyncio.to_thread(CliRunner().invoke, build(["alerts"]), ["alerts", *words, *signed])

    listed = await command("list", "--json")
    assert json.loads(listed.output)["alert_id"] == ALERT["alert_id"]
    assert (await command("claim", ALERT["alert_id"])).output == "claim: taken\n"
    assert "claimed: Somebody else is at it." in str((await command("claim", ALERT["alert_id"])).exception)
    assert (await command("close", ALERT["alert_id"], "false", "--note", "A fox.")).output == "close: taken\n"
    claimed, closed = world.publisher.records("alert-actions")
    assert (claimed["via"], claimed["actor"]) == ("cli", "olga")
    assert (closed["outcome"], closed["note"]) == ("FALSE", "A fox.")


def test_link_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="LINK_KEY"):
        linked({}, Settings(link_key="short"), ManualClock())
    with pytest.raises(ConfigurationError, match="CONSOLE_URL"):
        linked({}, Settings(link_key="k" * 32), ManualClock())


def test_link_stands_whole_in_what_people_read() -> None:
    address = "https://console.example/act/" + "x" * 300
    assert f"Acknowledge: {address}\n" in plain({**ALERT, "links": {"acknowledge": address}}, "d")
