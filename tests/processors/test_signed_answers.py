"""What people do to alerts, and silences, count where the console that recognised the person signed them."""

from datetime import timedelta
from typing import Any

import pytest

from fairwatch.domain.outcome import Reject
from fairwatch.policy.deeds import LINK, make
from fairwatch.policy.quiet import Quiet
from fairwatch.policy.routing import Options
from fairwatch.policy.signatures import PrivateKey
from fairwatch.policy.silencing import Silences
from fairwatch.processors.group import Group
from fairwatch.wire.signed_actions import ALERTS, sign_action
from fairwatch.wire.signings import sign_silence
from fairwatch.wire.vouching import revoked, vouch_key
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, trigger
from tests.support.trust import ADMIN, CONSOLE, checked, trust, vouched

FORGER = PrivateKey.of(b"f" * 32)
MINUTE = 60_000_000
HOUR = 60 * MINUTE
PEOPLE = {"ann": ["operator"], "ben": ["operator", "admin"], "rita": ["reviewer"]}


class Room:
    """A group with an open alert, whose worker demands signatures."""

    def __init__(self) -> None:
        self.vouched = vouched(*PEOPLE, **PEOPLE)  # type: ignore[arg-type]  # roles by name
        self.world = World(None)  # type: ignore[arg-type]  # set in the next line: both share the clock
        rules = {"tamper": Options()}
        self.world.processor = Group(rules, MemoryState(), self.world.clock, answers=trust(self.vouched))

    async def raised(self) -> dict[str, Any]:
        record = trigger(at=AT, site_id="harbour")
        answers = await self.world.push(self.world.event("alert-triggers", "Alert", record))
        return dict(emitted(answers, "alerts")[-1])

    async def hears(self, action: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str], list[str]]:
        """Return the alerts that are told, what the audit log says, and why it was refused."""
        [answer] = await self.world.push(self.world.event("alert-actions", "AlertAction", action))
        refused = [outcome.reason for outcome in answer if isinstance(outcome, Reject)]
        return emitted([answer], "alerts"), [r["action"] for r in emitted([answer], "audit")], refused


def signed(action: Any, key: PrivateKey | None = CONSOLE) -> dict[str, Any]:
    return dict(sign_action(ALERTS, action, key, method="password", session_id="s"))


async def test_what_the_console_signed_is_done() -> None:
    room = Room()
    alert = await room.raised()
    [told], audited, refused = await room.hears(signed(make(alert, "ACKNOWLEDGE", "ann", "operator", AT)))
    assert (told["acknowledged_by"], audited, refused) == ("ann", ["alert.acknowledge", "alert.updated"], [])


def forgeries(alert: dict[str, Any]) -> dict[str, dict[str, Any]]:
    closed = make(alert, "CLOSE", "ann", "operator", AT, outcome="FALSE")
    other = make({**alert, "alert_id": "another"}, "CLOSE", "ann", "operator", AT, outcome="FALSE")
    comment = make(alert, "COMMENT", "ann", "operator", AT, note="seen")
    return {
        "nobody": dict(closed),
        "the forger's key": signed(closed, FORGER),
        "of another alert": {**closed, "deed": signed(other)["deed"]},
        "of another act": {**closed, "deed": signed(comment)["deed"]},
        "somebody else's": {**signed(closed), "actor": "ben"},
        "other words": {**signed(comment), "note": "all is well"},
        "nobody of that name": signed(make(alert, "CLOSE", "mallory", "operator", AT, outcome="FALSE")),
        "a role that the person lacks": signed(make(alert, "CLOSE", "rita", "operator", AT, outcome="FALSE")),
        "a link that closes": signed(make(alert, "CLOSE", "receiver:x", LINK, AT, outcome="FALSE"), FORGER),
        "of last week": signed(make(alert, "CLOSE", "ann", "operator", AT - 7 * 24 * HOUR, outcome="FALSE")),
        "dated otherwise": {**signed(closed), "at": AT + 1},
    }


@pytest.mark.parametrize("which", list(forgeries(trigger())))
async def test_a_forged_answer_changes_nothing_and_does_not_keep_the_person_from_answering(which: str) -> None:
    room = Room()
    alert = await room.raised()
    told, audited, refused = await room.hears(forgeries(alert)[which])
    assert (told, audited, refused) == ([], ["deed.refused"], ["not_authentic"])
    action = make(alert, "CLOSE", "ann", "operator", AT, outcome="TRUE")
    told, _, refused = await room.hears(signed(action))
    assert (told[-1]["closed_by"], refused) == ("ann", [])


async def test_a_link_acknowledges_as_the_receiver_and_does_nothing_else() -> None:
    room = Room()
    alert = await room.raised()
    told, audited, _ = await room.hears(
        signed(make(alert, "CLOSE", "receiver:room", LINK, AT, outcome="FALSE", sites=["harbour"]))
    )
    assert (told, audited) == ([], ["alert.deed_refused"])
    [told], _, refused = await room.hears(signed(make(alert, "ACKNOWLEDGE", "receiver:room", LINK, AT)))
    assert (told["acknowledged_by"], refused) == ("receiver:room", [])


async def test_a_key_that_was_revoked_answers_no_more() -> None:
    room = Room()
    alert = await room.raised()
    key = vouch_key(ADMIN, CONSOLE.public, "console", at=1_000_000)
    room.vouched["signing-keys"].put(key["key_id"], revoked(ADMIN, key, at=AT, reason="stolen"))
    assert (await room.hears(signed(make(alert, "ACKNOWLEDGE", "ann", "operator", AT))))[2] == ["not_authentic"]
    before = signed(make(alert, "ACKNOWLEDGE", "ann", "operator", AT - 1))
    assert (await room.hears(before))[0][0]["acknowledged_by"] == "ann", "signed before, arrived in time"


async def test_where_nobody_demands_signatures_answers_count_as_before() -> None:
    room = Room()
    room.world.processor = Group({"tamper": Options()}, MemoryState(), room.world.clock)
    alert = await room.raised()
    assert (await room.hears(dict(make(alert, "ACKNOWLEDGE", "ann", "operator", AT))))[2] == []


QUIET = Quiet(silence_at_most={"operator": timedelta(hours=12), "admin": timedelta(days=7)})
SILENCE = {
    "silence_id": "s1", "author": "ann", "role": "operator", "reason": "works", "matchers": ['device_id="cam-1"'],
    "starts_at": AT, "expires_at": AT + HOUR, "approved_by": [], "expired_by": None, "updated_at": AT,
}  # fmt: skip
EXTREME = {"device_id": ("cam-1",), "severity": ("EXTREME",)}
MINOR = {"device_id": ("cam-1",), "severity": ("MINOR",)}
MADE = sign_silence(SILENCE, CONSOLE, "silence.added", "ann", "operator")
AGREED = sign_silence({**MADE, "approved_by": ["ben"]}, CONSOLE, "silence.approved", "ben", "admin")
ENDED = sign_silence(
    {**AGREED, "starts_at": AT, "expires_at": AT + MINUTE, "expired_by": "ben"},
    CONSOLE,
    "silence.expired",
    "ben",
    "admin",
)


def holds(record: dict[str, Any], labels: Any) -> bool:
    topics = {"silences": MemoryReference({"s1": record}), **vouched(*PEOPLE, **PEOPLE)}  # type: ignore[arg-type]
    known = Silences(checked(topics, ["silences"])["silences"], QUIET)
    return known.holding(labels, AT + 1) is not None


def test_a_silence_holds_for_whom_it_names_where_they_signed() -> None:
    assert holds(MADE, MINOR)
    assert not holds(MADE, EXTREME)
    assert holds(AGREED, EXTREME)


@pytest.mark.parametrize(
    "record",
    [
        SILENCE,
        sign_silence(SILENCE, FORGER, "silence.added", "ann", "operator"),
        {**MADE, "approved_by": ["ben"]},
        {**AGREED, "approved_by": ["ben", "rita"]},
        {**MADE, "expires_at": AT + 2 * HOUR},
        {**MADE, "matchers": ['site_id="harbour"', 'device_id="cam-1"']},
        {**MADE, "role": "admin"},
        {**MADE, "author": "ben"},
        {**MADE, "expired_by": "ben"},
        {**ENDED, "expires_at": AT + HOUR},
        sign_silence({**SILENCE, "role": "admin"}, CONSOLE, "silence.added", "ann", "operator"),
        sign_silence({**SILENCE, "author": "mallory"}, CONSOLE, "silence.added", "mallory", "operator"),
        sign_silence({**MADE, "approved_by": ["ann"]}, CONSOLE, "silence.approved", "ann", "operator"),
    ],
)
def test_a_forged_silence_holds_nothing_back(record: dict[str, Any]) -> None:
    assert not holds(record, MINOR)
    assert not holds(record, EXTREME)
