"""What waits for a second person at the console: seen by who may agree, decided by somebody else than who asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairwatch.apps import waiting_room
from fairwatch.apps.access import PROPOSED
from fairwatch.apps.authorising import requested as ask
from fairwatch.apps.enrolling import decided, enrolled
from fairwatch.apps.exporting import DAY
from fairwatch.apps.exporting import requested as order
from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import ANCHORS, write_anchors
from fairwatch.apps.settings import Settings
from fairwatch.apps.signer import Signer
from fairwatch.apps.waiting_deeds import deciding
from fairwatch.apps.waiting_room import READ, Rows
from fairwatch.console import waiting
from fairwatch.console.waiting import WaitingDesk
from fairwatch.domain.clock import ManualClock
from fairwatch.policy.access import SHIPPED
from fairwatch.wire.signings import SIGNINGS, by_two
from tests.support.console_world import ConsoleWorld, console_world
from tests.support.engine_lab import CODEC, until
from tests.support.processor_world import MemoryReference
from tests.support.records import AT
from tests.support.trust import ADMIN, CONSOLE, trust, vouched
from tests.support.watchlist import authorisation, entry

ROLES = {"iris": ["requester", "approver"], "otto": ["approver"], "olga": ["operator"]}
IRIS = Signer("iris", "requester", CONSOLE)
ASKED = ask({**authorisation(), "valid_until": AT + 9 * DAY}, IRIS, AT)
ENTRIES = [enrolled(entry(f"entry-{n}", plate=f"ABC{n}"), IRIS, AT + n) for n in range(3)]
ORDER = order(IRIS, AT, purpose="nightly backup", recipient="vault", pictures=False, until=AT + DAY)


class Hub:
    """The topics on which people ask, and the console that follows them."""

    def __init__(self, folder: Path) -> None:
        write_anchors(folder / ANCHORS, [ADMIN.public])
        CONSOLE.write(folder / "console.pem")
        settings = Settings(config_dir=folder, signing_key_file=folder / "console.pem")
        people = vouched(*ROLES, **ROLES)  # type: ignore[arg-type]  # roles by name
        self.topics = {**{topic: MemoryReference() for topic in READ}, **people}
        self.desk = WaitingDesk(Rows(settings, self.topics).found, deciding(settings))
        self.trust, self.world = trust(people), None

    def asks(self, *records: dict[str, Any]) -> None:
        for record in records:
            topic, key = next(
                (topic, record[name])
                for topic, name in (
                    ("export-orders", "order_id"),
                    ("watchlist-entries", "entry_id"),
                    ("authorisations", "authorisation_id"),
                )
                if name in record
            )
            self.topics[topic].put(key, record)


def test_of_all_entries_only_those_that_wait_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_room, "KEPT", 2)
    topic = waiting_room.WaitingEntries("test", "watchlist-entries", "WatchlistEntry", CODEC)
    agreed = decided(ENTRIES[0], "approve", Signer("otto", "approver", CONSOLE), AT + 9)
    seen = []
    for record in (*ENTRIES, agreed):
        value = CODEC.encode("WatchlistEntry", record)
        topic.take(SimpleNamespace(key=record["entry_id"].encode(), value=value, partition=0, timestamp=AT))
        seen.append([key for key, _ in topic.items()])
    two = ["entry-0", "entry-1"]
    assert seen == [two[:1], two, two, two[1:]]


@pytest.mark.broker
async def test_the_topics_are_followed_from_the_first_question_on(
    broker: str, make_topics: Callable[..., str], tmp_path: Path
) -> None:
    write_anchors(tmp_path / ANCHORS, [ADMIN.public])
    prefix = make_topics(*READ, partitions=1)
    settings = Settings(kafka_bootstrap=broker, embedded=True, topic_prefix=prefix, config_dir=tmp_path)
    people = vouched(*ROLES, **ROLES)  # type: ignore[arg-type]  # roles by name
    async with producer(settings, "test") as publisher:
        for topic in ("people", "signing-keys"):
            for key, record in people[topic].items():
                await publisher.publish(topic, key, record)
        await publisher.publish("authorisations", ASKED["authorisation_id"], ASKED)
        for record in ENTRIES:
            await publisher.publish("watchlist-entries", record["entry_id"], record)
    room = waiting_room.WaitingRoom(settings, "console")
    following = asyncio.create_task(room.following())
    assert room.waits() is None, "nothing is read before somebody asks"
    await until(lambda: room.waits() is not None, 30)
    found = room.waits()
    assert found is not None
    assert [(one.kind, one.asked_by, one.refused) for one in found] == [
        ("authorisation", "iris", ""), ("entries", "iris", ""),
    ]  # fmt: skip
    following.cancel()
    await asyncio.wait([following])


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path)


@pytest.fixture
async def room(valkey: str, tmp_path: Path, hub: Hub) -> AsyncIterator[ConsoleWorld]:
    async with console_world(valkey, tmp_path, clock=ManualClock(AT + 100), waiting=hub.desk) as running:
        for topic in ("authorisations", "watchlist-entries", "export-orders"):
            running.publisher.followed[topic] = hub.topics[topic]
        yield running


async def decides(room: ConsoleWorld, name: str, decision: str = "APPROVE", number: int = 0, **said: Any) -> Any:
    """Let somebody decide on what is shown to them at that place; return the status and the word."""
    caller = await room.caller(name)
    one = (await caller.get("/api/waiting"))[1]["waiting"][number]
    body = {"decision": decision, "seen": one["seen"], **said}
    status, answered = await caller.post(f"/api/waiting/{one['kind']}/{one['id']}", body)
    return status, answered.get("error", "")


async def test_who_may_agree_sees_what_waits_and_how_much_of_it_waits_for_them(room: ConsoleWorld, hub: Hub) -> None:
    hub.asks(ASKED, ORDER, *ENTRIES)
    seen = {}
    for name in ("otto", "iris", "audra", "adam"):
        status, body = await (await room.caller(name)).get("/api/waiting")
        assert (status, body["reading"]) == (200, False)
        seen[name] = ([one["kind"] for one in body["waiting"]], body["count"])
    everything = ["authorisation", "export", "entries"]
    assert seen == {
        "otto": (everything, 3), "iris": (everything, 0), "audra": (everything, 0), "adam": (["export"], 1)
    }  # fmt: skip
    assert (await (await room.caller("olga")).get("/api/waiting"))[0] == 403


async def test_an_authorisation_is_in_force_once_somebody_else_agreed_at_the_console(
    room: ConsoleWorld, hub: Hub
) -> None:
    hub.asks(ASKED)
    assert await decides(room, "iris") == (409, "own")
    assert await decides(room, "otto") == (202, "")
    (record,) = room.publisher.records("authorisations")
    assert (record["state"], record["approved_by"]) == ("GRANTED", ["otto"])
    assert SIGNINGS["authorisations"].refusal(record, hub.trust) is None
    told = [one for one in room.publisher.records("audit") if one["action"] == "authorisation.approve"]
    assert [one["details"]["policy"] for one in told] == ["authorisation.approve"]
    assert (await (await room.caller("otto")).get("/api/waiting"))[1] == {"waiting": [], "count": 0, "reading": False}


async def test_who_refuses_says_why_and_it_ends(room: ConsoleWorld, hub: Hub) -> None:
    hub.asks(ASKED)
    assert await decides(room, "otto", "REJECT") == (400, "no_reason")
    assert await decides(room, "otto", "REJECT", reason="The order names another harbour.") == (202, "")
    (record,) = room.publisher.records("authorisations")
    assert (record["state"], record["reason"]) == ("REJECTED", "The order names another harbour.")
    assert SIGNINGS["authorisations"].end_refused(record, hub.trust) is None


async def test_a_list_is_agreed_to_as_one_by_who_saw_it(room: ConsoleWorld, hub: Hub) -> None:
    hub.asks(*ENTRIES)
    otto = await room.caller("otto")
    (one,) = (await otto.get("/api/waiting"))[1]["waiting"]
    _, shown = await otto.get(f"/api/waiting/entries/{one['id']}")
    assert [record["plate"] for record in shown["records"]] == ["ABC0", "ABC1", "ABC2"]
    assert room.publisher.actions()[-1] == "waiting.viewed"
    hub.asks(enrolled(entry("entry-2", plate="XYZ"), IRIS, AT + 9))
    status, body = await otto.post(f"/api/waiting/entries/{one['id']}", {"decision": "APPROVE", "seen": one["seen"]})
    assert (status, body["error"]) == (409, "changed")
    assert await decides(room, "otto") == (202, "")
    made = room.publisher.records("watchlist-entries")
    assert [by_two("watchlist-entries").refusal(record, hub.trust) for record in made] == [None, None, None]
    actions = [action for action in room.publisher.actions() if action.startswith("entr")]
    assert actions == ["entries.approve", "entry.approve", "entry.approve", "entry.approve"]


async def test_an_export_that_nobody_signed_is_shown_as_such_and_agreed_to_by_nobody(
    room: ConsoleWorld, hub: Hub
) -> None:
    hub.asks({**ORDER, "deeds": []})
    assert await decides(room, "otto") == (409, "not_authentic")
    hub.asks(ORDER)
    assert await decides(room, "otto") == (202, "")
    (record,) = room.publisher.records("export-orders")
    assert (record["state"], SIGNINGS["export-orders"].refusal(record, hub.trust)) == ("GRANTED", None)


async def test_policies_that_wait_are_told_to_administrators_who_sign_them_elsewhere(
    room: ConsoleWorld, hub: Hub, tmp_path: Path
) -> None:
    wider = SHIPPED.read_text(encoding="utf-8").replace('roles.contains("auditor")', 'roles.contains("operator")')
    (tmp_path / PROPOSED).write_text(wider, encoding="utf-8")
    _, body = await (await room.caller("adam")).get("/api/waiting")
    (one,) = body["waiting"]
    assert "operator may alert.explain" in one["facts"]["adds"]
    assert (body["count"], one["facts"]["signed_by"], one["facts"]["signatures_needed"]) == (1, [], 2)
    assert await decides(room, "adam") == (403, "forbidden")


FACE = b"\xff\xd8\xff the face of somebody who is looked for"


async def with_a_face(room: ConsoleWorld, hub: Hub) -> tuple[str, str]:
    """Let iris ask for somebody by a picture; return the addresses of what waits and of the picture."""
    uri = await room.media.put(FACE, "image/jpeg")
    refs = [{"uri": uri, "sha256": uri.removeprefix("fw-media:"), "role": "REFERENCE"}]
    hub.asks(enrolled(entry("entry-face", kind="FACE", plate=None, references=refs), IRIS, AT))
    (one,) = (await (await room.caller("otto")).get("/api/waiting"))[1]["waiting"]
    return f"/api/waiting/entries/{one['id']}", uri.removeprefix("fw-media:")


async def test_who_agrees_to_a_face_has_seen_it_and_is_in_the_audit_log_before(room: ConsoleWorld, hub: Hub) -> None:
    path, sha256 = await with_a_face(room, hub)
    otto = await room.caller("otto")
    seen = (await otto.get(path))[1]["seen"]
    said = {"decision": "APPROVE", "seen": seen}
    status, body = await otto.post(path, said)
    assert (status, body["error"]) == (409, "not_seen")
    async with otto.http.get(f"{path}/media/{sha256}") as response:
        assert (response.status, await response.read()) == (200, FACE)
    [viewed] = [one for one in room.publisher.records("audit") if one["action"] == "media.viewed"]
    assert (viewed["actor"], viewed["subject"], viewed["details"]["of"]) == ("otto", "entry-face", "waiting entry")
    assert (await otto.post(path, said))[0] == 202


async def test_a_picture_that_is_in_no_list_that_waits_for_them_is_shown_to_nobody(
    room: ConsoleWorld, hub: Hub
) -> None:
    path, sha256 = await with_a_face(room, hub)
    other = (await room.media.put(b"another", "image/jpeg")).removeprefix("fw-media:")
    for name, wanted, status in (("otto", other, 404), ("adam", sha256, 404), ("olga", sha256, 403)):
        assert (await (await room.caller(name)).get(f"{path}/media/{wanted}"))[0] == status
    assert "media.viewed" not in room.publisher.actions()
    room.publisher.away = {"audit"}
    assert (await (await room.caller("otto")).get(f"{path}/media/{sha256}"))[0] == 503


async def test_a_long_list_is_agreed_to_as_one_and_checked_when_somebody_does(
    room: ConsoleWorld, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_room, "CHECKED", 2)
    monkeypatch.setattr(waiting, "SHOWN", 2)
    hub.asks(*ENTRIES[:2], {**ENTRIES[2], "plate": "FORGED"})
    assert await decides(room, "otto") == (409, "not_authentic")
    hub.asks(*ENTRIES)
    otto = await room.caller("otto")
    (one,) = (await otto.get("/api/waiting"))[1]["waiting"]
    _, shown = await otto.get(f"/api/waiting/entries/{one['id']}")
    assert (len(shown["records"]), shown["more"], one["facts"]["entries"]) == (2, 1, 3)
    monkeypatch.setattr(waiting_room, "KEPT", 3)
    hub.asks(ENTRIES[0])
    assert await decides(room, "otto") == (409, "too_long"), "of more nobody knows here"
    monkeypatch.setattr(waiting_room, "KEPT", 4)
    hub.asks(ENTRIES[0])
    assert await decides(room, "otto") == (202, "")
    assert len(room.publisher.records("watchlist-entries")) == 3
