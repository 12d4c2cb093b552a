"""A legal hold keeps what it names where somebody with the role signed it, until somebody else signs its release."""

from typing import Any

import pytest

from fairwatch.apps.holding import countersigned, placed, released
from fairwatch.apps.signer import Signer
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.erasure import holds_now
from fairwatch.policy.signatures import PrivateKey
from tests.processors.test_retain_ended import Archive
from tests.support.processor_world import MemoryReference
from tests.support.records import AT
from tests.support.trust import CONSOLE, checked, vouched
from tests.support.watchlist import authorisation

ROLES = {"ann": ["reviewer"], "ben": ["approver"], "carl": ["approver"], "olga": ["auditor"]}
ANN, BEN = Signer("ann", "reviewer", CONSOLE), Signer("ben", "approver", CONSOLE)
FORGER = PrivateKey.of(b"f" * 32)
PLACED = placed("auth-1", ANN, AT, reason="appeal")
HOLD = PLACED["hold_id"]
RELEASED = released(PLACED, BEN, AT + 1)


class Holds:
    """The topic, as a worker that checks it sees it."""

    def __init__(self, *records: dict[str, Any]) -> None:
        self.topic = MemoryReference({HOLD: records[0]})
        known = {"legal-holds": self.topic, **vouched(*ROLES, **ROLES)}  # type: ignore[arg-type]  # roles by name
        self.seen = checked(known)["legal-holds"]
        for record in records[1:]:
            self.stands()
            self.topic.put(HOLD, record)

    def stands(self, now: int = AT + 2) -> bool:
        return any(holds_now(hold, now) for _, hold in self.seen.items())


def test_a_hold_that_was_signed_stands_until_somebody_else_signs_its_release() -> None:
    assert Holds(PLACED).stands()
    assert not Holds(PLACED, RELEASED).stands()
    assert not Holds(RELEASED).stands()


@pytest.mark.parametrize(
    "record",
    [
        {**PLACED, "deeds": []},
        {**PLACED, "subject": "auth-2"},
        placed("auth-1", Signer("ann", "reviewer", FORGER), AT, reason="appeal"),
        placed("auth-1", Signer("eve", "reviewer", CONSOLE), AT, reason="appeal"),
    ],
)
def test_a_hold_that_nobody_signed_who_may_keeps_nothing(record: dict[str, Any]) -> None:
    holds = Holds(record)
    assert not holds.stands()
    assert [one.topic for one in holds.seen.take_refused()] == ["legal-holds"]


@pytest.mark.parametrize(
    "record",
    [
        {**PLACED, "released_by": "ben", "released_at": AT + 1},
        {**PLACED, "released_by": "", "released_at": AT + 1},
        {**RELEASED, "released_by": "carl"},
        released(PLACED, Signer("ben", "approver", FORGER), AT + 1),
        {**released(PLACED, BEN, AT + 1), "released_by": "ann"},
    ],
)
def test_a_release_that_nobody_signed_who_may_counts_for_nothing(record: dict[str, Any]) -> None:
    for holds in (Holds(record), Holds(PLACED, record)):
        assert holds.stands()
        assert len(holds.seen.take_refused()) == 1


@pytest.mark.parametrize("record", [{**PLACED, "deeds": []}, {**PLACED, "until": AT}, {**RELEASED, "deeds": []}, None])
def test_a_hold_that_was_seen_is_not_lifted_by_writing_over_it(record: dict[str, Any] | None) -> None:
    assert Holds(PLACED, record).stands()  # type: ignore[arg-type]  # None is a tombstone
    assert not Holds(PLACED, RELEASED, PLACED).stands(), "nor does an old record bring it back"


def test_people_without_the_role_place_and_release_nothing() -> None:
    with pytest.raises(ConfigurationError, match="none of the roles"):
        placed("auth-1", Signer("olga", "auditor", CONSOLE), AT, reason="appeal")
    with pytest.raises(ConfigurationError, match="none of the roles"):
        released(PLACED, Signer("carl", "reviewer", CONSOLE), AT + 1)
    with pytest.raises(ConfigurationError, match="FAIRWATCH_SIGNING_KEY_FILE"):
        placed("auth-1", Signer("ann", "reviewer", None), AT, reason="appeal")
    with pytest.raises(ConfigurationError, match="somebody else"):
        released(placed("auth-1", BEN, AT, reason="appeal"), BEN, AT + 1)
    with pytest.raises(ConfigurationError, match="that stands"):
        released(RELEASED, BEN, AT + 2)


def test_a_hold_of_before_signatures_is_signed_by_whom_it_names() -> None:
    old = {**RELEASED, "deeds": []}
    [half] = countersigned({HOLD: old}, ANN, AT + 2)
    [whole] = countersigned({HOLD: half}, BEN, AT + 3)
    assert [deed["act"] for deed in whole["deeds"]] == ["place", "release"]
    assert list(countersigned({HOLD: whole}, BEN, AT + 4)) == []
    assert not Holds(whole).stands()


async def test_retention_tells_the_audit_log_of_a_release_that_nobody_signed() -> None:
    archive = Archive()
    archive.references["legal-holds"] = MemoryReference({HOLD: {**PLACED, "released_by": "ben", "released_at": AT}})
    archive.references["authorisations"] = MemoryReference({"auth-1": authorisation(state="REVOKED")})
    archive.references = checked({**archive.references, **vouched(*ROLES, **ROLES)}, ["legal-holds"])  # type: ignore[arg-type]
    archive.world.processor = archive._retain()
    told = [emit.record for emit in await archive.told() if emit.topic == "audit"]
    assert [(one["action"], one["details"]["topic"]) for one in told] == [("deed.refused", "legal-holds")]
    assert archive.pictures.deleted == set()
