"""Authorisations step by step at the command line: each is signed by whoever proved who it is."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fairwatch.apps.authorising import countersigned, decided, requested
from fairwatch.apps.keys import ANCHORS, Signed, must_be_signed, write_anchors
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import signed_references
from fairwatch.apps.signer import Signer, known_signer
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.signings import SIGNINGS
from tests.support.console_world import HASH, PASSWORD
from tests.support.records import AT
from tests.support.trust import ADMIN, CONSOLE, checked, vouched
from tests.support.watchlist import authorisation, lists

ROLES = {"ann": ["requester"], "ben": ["approver"]}
ANN, BEN = Signer("ann", "requester", CONSOLE), Signer("ben", "approver", CONSOLE)
SAID = {name: value for name, value in authorisation().items() if name not in {"requested_by", "approved_by", "state"}}


def state(record: dict[str, Any]) -> str:
    known = {**lists([], [record]), **vouched(*ROLES, **ROLES)}  # type: ignore[arg-type]  # roles by name
    return str(checked(known, ["authorisations"])["authorisations"].get("auth-1")["state"])


def test_from_request_to_revocation_each_step_is_signed() -> None:
    asked = requested(SAID, ANN, AT)
    assert (asked["state"], asked["requested_by"], asked["approved_by"]) == ("REQUESTED", "ann", [])
    granted = decided(asked, "approve", BEN, AT + 1, "")
    assert granted["approved_by"] == ["ben"]
    assert state(granted) == "GRANTED"
    over = decided(granted, "revoke", ANN, AT + 2, "found")
    assert (over["state"], over["reason"]) == ("REVOKED", "found")
    assert [deed["act"] for deed in over["deeds"]] == ["request", "approve", "revoke"]
    with pytest.raises(ConfigurationError, match="is revoked"):
        decided(over, "approve", BEN, AT + 3, "")


def test_what_cannot_wait_is_signed_by_who_asks_and_lasts_a_day_at_most() -> None:
    day = {**SAID, "urgency": "abducted", "valid_from": AT, "valid_until": AT + 24 * 3_600_000_000}
    asked = requested(day, ANN, AT)
    assert state(asked) == "REQUESTED"
    assert state({**asked, "deeds": []}) == "NOT_AUTHENTIC", "whoever can write to the topic gets nothing in force"
    assert state({**asked, "valid_from": AT - 1, "valid_until": AT}) == "NOT_AUTHENTIC", "nor can its day be moved"
    assert state(decided(asked, "approve", BEN, AT + 1, "")) == "GRANTED"
    with pytest.raises(ConfigurationError, match="24 hours at most"):
        requested({**day, "valid_until": day["valid_until"] + 1}, ANN, AT)
    with pytest.raises(ConfigurationError, match="is over"):
        decided(asked, "approve", BEN, day["valid_until"], "")


def test_whoever_asks_does_not_say_who_agreed() -> None:
    asked = requested({**SAID, "state": "GRANTED", "approved_by": ["ben"], "deeds": [{}]}, ANN, AT)
    assert (asked["state"], asked["approved_by"], len(asked["deeds"])) == ("REQUESTED", [], 1)
    with pytest.raises(ConfigurationError, match="a second person"):
        decided(asked, "approve", Signer("ann", "approver", CONSOLE), AT + 1, "")
    with pytest.raises(ConfigurationError, match="none of the roles"):
        decided(asked, "approve", Signer("olga", "operator", CONSOLE), AT + 1, "")
    with pytest.raises(ConfigurationError, match="FAIRWATCH_SIGNING_KEY_FILE"):
        decided(asked, "approve", Signer("ben", "approver", None), AT + 1, "")


def test_an_authorisation_of_before_is_signed_by_whom_it_names() -> None:
    old = authorisation()
    assert state(old) == "NOT_AUTHENTIC"
    half = countersigned(old, ANN, AT)
    assert state(half) == "NOT_AUTHENTIC"
    assert state(countersigned(half, BEN, AT)) == "GRANTED"
    with pytest.raises(ConfigurationError, match="does not name olga"):
        countersigned(old, Signer("olga", "approver", CONSOLE), AT)


async def test_only_who_proves_who_it_is_signs(tmp_path: Path) -> None:
    person = {"name": "ben", "display_name": "Ben", "roles": ["approver"], "password_hash": HASH}
    (tmp_path / "people.yaml").write_text(yaml.safe_dump({"people": [person]}), encoding="utf-8")
    CONSOLE.write(tmp_path / "console.pem")
    settings = Settings(config_dir=tmp_path, signing_key_file=tmp_path / "console.pem")
    found = await known_signer(settings, "ben", PASSWORD, {"authorisation.approve", "authorisation.request"})
    assert (found.name, found.role) == ("ben", "approver")
    for name, password, actions in (
        ("ben", "x", {"authorisation.approve"}),
        ("eve", PASSWORD, {"authorisation.approve"}),
        ("ben", PASSWORD, {"authorisation.request"}),
    ):
        with pytest.raises(ConfigurationError):
            await known_signer(settings, name, password, actions)


def test_trust_yaml_demands_signatures_unless_it_says_otherwise(tmp_path: Path) -> None:
    settings, known = Settings(config_dir=tmp_path), {**lists(), **vouched()}
    assert must_be_signed(settings) == frozenset()
    assert signed_references(settings, "match", known) == known
    write_anchors(tmp_path / ANCHORS, [ADMIN.public])
    every = {*SIGNINGS, "alert-actions", "incident-actions", "site-armings", "audit"}
    assert must_be_signed(settings) == set(Signed.__args__) == every  # type: ignore[attr-defined]  # a Literal
    found = signed_references(settings, "match", known)
    assert isinstance(found["authorisations"], SignedReference)
    (tmp_path / ANCHORS).write_text(f"administrators: [{ADMIN.public.text}]\n", encoding="utf-8")
    assert must_be_signed(settings) == every, "a file of before the setting demands all"
    (tmp_path / ANCHORS).write_text(f"administrators: [{ADMIN.public.text}]\nrequire_signed: []\n", encoding="utf-8")
    assert must_be_signed(settings) == frozenset()
    (tmp_path / ANCHORS).write_text("administrators: []\nrequire_signed: [sites]\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="require_signed"):
        must_be_signed(settings)


def test_a_component_that_cannot_check_does_not_believe(tmp_path: Path) -> None:
    write_anchors(tmp_path / ANCHORS, [ADMIN.public])
    with pytest.raises(ConfigurationError, match="people"):
        signed_references(Settings(config_dir=tmp_path), "match", lists())
