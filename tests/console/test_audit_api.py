"""An auditor looks through the audit log at the console: what is looked for, whether it is whole, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fairwatch.console.audit_log import AuditDesk, Wanted
from fairwatch.policy.audit_anchor import checkpoint
from fairwatch.policy.audit_chain import Head, link
from fairwatch.policy.merkle import Tree
from fairwatch.wire.signed_audit import Tellers
from tests.support.audit_log import look
from tests.support.console_world import ConsoleWorld, console_world
from tests.support.records import AT, audit_record
from tests.support.trust import ADMIN, trust

MINUTE = 60_000_000


def log(*said: Mapping[str, Any]) -> list[dict[str, Any]]:
    head, chained = Head(), []
    for number, words in enumerate(said):
        record = link({**audit_record(number), "at": AT + number * MINUTE, **words}, "audit-0", head)
        head = Head(record["sequence"], record["hash"])
        chained.append(dict(record))
    return chained


LOG = log({"actor": "dora", "action": "media.viewed"}, {"actor": "emil", "action": "export.made", "subject": "backup"},
          {"actor": "dora", "action": "export.refused", "authorisation_id": "auth-7"})  # fmt: skip


def anchored(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    tree = Tree()
    for record in records:
        tree.add(record["hash"])
    return [checkpoint({"audit-0": tree}, ADMIN, at=AT)]


@pytest.mark.parametrize(
    ("wanted", "sequences"),
    [
        (Wanted(), [3, 2, 1]),
        (Wanted(actor="dora"), [3, 1]),
        (Wanted(action="export"), [3, 2]),
        (Wanted(subject="backup"), [2]),
        (Wanted(subject="auth-7"), [3]),
        (Wanted(since=AT + MINUTE, until=AT + 2 * MINUTE), [2]),
        (Wanted(limit=1), [3]),
    ],
)
def test_records_are_found_by_person_subject_action_and_time_newest_first(wanted: Wanted, sequences: list[int]) -> None:
    told = look([*LOG, LOG[-1]], wanted, [], ())
    assert [record["sequence"] for record in told["records"]] == sequences
    assert (told["state"]["records"], told["state"]["fault_count"], told["state"]["checkpoints"]) == (3, 0, 0)


def test_a_log_is_held_against_what_was_said_of_it() -> None:
    said = anchored(LOG[:2])
    whole = look(LOG, Wanted(), said, [ADMIN.public])["state"]
    assert (whole["fault_count"], whole["unanchored"], whole["unanchored_since"]) == (0, 1, AT + 2 * MINUTE)
    forged = look(log({"actor": "mallory"}, {}), Wanted(), said, [ADMIN.public])["state"]
    assert forged["fault_count"] > 0
    assert look(LOG[1:], Wanted(), [], ())["state"]["deleted"] == 1


@pytest.fixture
async def world(valkey: str, tmp_path: Path) -> Any:
    async def reads(wanted: Wanted) -> Mapping[str, Any]:
        return look(LOG, wanted, [], ())

    async with console_world(valkey, tmp_path, audit=AuditDesk(reads)) as running:
        yield running


async def test_each_search_is_in_the_log_before_anything_is_read(world: ConsoleWorld) -> None:
    audra = await world.caller("audra")
    status, told = await audra.get("/api/audit", actor="dora")
    assert (status, told["found"]) == (200, 2)
    [seen] = [one for one in world.publisher.records("audit") if one["action"] == "audit.viewed"]
    assert (seen["actor"], seen["details"]["actor"]) == ("audra", "dora")
    world.publisher.away = {"audit"}
    assert (await audra.get("/api/audit"))[0] == 503


async def test_what_the_console_tells_of_people_it_signs_with_session_and_method(world: ConsoleWorld) -> None:
    tellers = Tellers(trust(), required=True)
    audra = await world.caller("audra")
    await audra.get("/api/audit", actor="dora")
    assert await (await world.caller()).sign_in("ben", "wrong") == 401
    told = world.publisher.records("audit")
    assert [tellers.refusal(record) for record in told] == [None] * len(told)
    deeds = {record["action"]: record["deed"] for record in told}
    assert deeds["audit.viewed"]["session_id"] == deeds["login.succeeded"]["session_id"] != ""
    assert (deeds["audit.viewed"]["method"], deeds["login.failed"]["method"]) == ("password", "none")


async def test_where_looks_have_to_be_signed_and_there_is_no_key_nobody_looks(valkey: str, tmp_path: Path) -> None:
    must = {"signing_key": None, "must_sign": frozenset({"audit"})}
    async with console_world(valkey, tmp_path, audit=AuditDesk(_nothing), **must) as world:
        audra = await world.caller("audra")
        assert (await audra.get("/api/audit"))[0] == 503
        assert world.publisher.records("audit") == []


async def _nothing(_: Wanted) -> Mapping[str, Any]:
    return {}


async def test_who_is_no_auditor_sees_nothing_of_it_and_an_auditor_changes_nothing(world: ConsoleWorld) -> None:
    for name in ("olga", "ben", "adam", "iris"):
        assert (await (await world.caller(name)).get("/api/audit"))[0] == 403
    audra = await world.caller("audra")
    for path in ("/api/silences", "/api/sites/harbour/arm", "/api/alerts/x/actions", "/api/candidates/x/verifications"):
        assert (await audra.post(path, {}))[0] == 403


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"until": "-1"}, {"actor": "x" * 201}, {"limit": "0"}])
async def test_what_cannot_be_looked_for_is_refused_by_name(world: ConsoleWorld, query: dict[str, str]) -> None:
    status, said = await (await world.caller("audra")).get("/api/audit", **query)
    assert status == 400
    assert next(iter(query)) in said["message"]
