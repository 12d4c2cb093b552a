"""Who may do what is said by policies; a file that allows more counts where two administrators signed it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairwatch.apps.access import FILE, SIGNATURES, policies, sign
from fairwatch.apps.keys import ANCHORS, write_anchors
from fairwatch.apps.settings import Settings
from fairwatch.apps.settings import settings as chosen
from fairwatch.apps.signed import judge_here
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.access import SHIPPED, Policies, shipped
from fairwatch.policy.judge import Judge
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.signed_actions import ALERTS, INCIDENTS
from fairwatch.wire.signings import SIGNINGS, action_of
from tests.support.trust import ADMIN

SECOND = PrivateKey.of(b"s" * 32)
TEXT = SHIPPED.read_text(encoding="utf-8")
RELEASE = '@id("hold.release")\npermit (principal is Person, action == Action::"hold.release", resource)\nwhen { '
ROLES = 'principal.roles.containsAny(["admin", "approver"])'
ONLY = TEXT.replace(RELEASE + ROLES, RELEASE + 'principal.roles.contains("approver")')
WIDE = TEXT.replace(RELEASE + ROLES, RELEASE + 'principal.roles.containsAny(["admin", "approver", "operator"])')
FORBID = '\n@id("not eve")\nforbid (principal == Person::"eve", action, resource);\n'
NAMED = '\n@id("eve too")\npermit (principal == Person::"eve", action == Action::"hold.release", resource);\n'


def test_the_policies_of_the_product_name_each_deed_that_a_processor_takes() -> None:
    deeds = [action_of(signing, act) for signing in SIGNINGS.values() for act in signing.acts]
    for action in (*deeds, ALERTS.policy, INCIDENTS.policy, "candidate.verify", "site.arm", "site.disarm"):
        assert shipped().roles_for(action), action


def test_an_auditor_sees_everything_and_changes_nothing() -> None:
    everything = {action for _, action in shipped().permissions()}
    may = {action for role, action in shipped().permissions() if role == "auditor"}
    assert {action for action in everything if action.endswith(".view")} <= may
    assert {action.partition(".")[2] for action in may} == {"view", "explain", "audit"}


def test_one_role_has_to_allow_a_deed_and_none_of_the_others_may_forbid_it() -> None:
    no_auditor = '\n@id("auditors look")\nforbid (principal is Person, action, resource)\n'
    no_auditor += 'when { principal.roles.contains("auditor") };\n'
    judge = Judge(Policies(TEXT + no_auditor, "new"))
    verifies = [("ann", {"reviewer"}, "reviewer"), ("ann", {"reviewer", "operator"}, "reviewer")]
    assert all(judge.decide(*asked, "candidate.verify").allowed for asked in verifies)
    refused = [
        ("ann", {"reviewer", "operator"}, "operator"), ("ann", {"operator"}, "reviewer"),
        ("ann", {"reviewer", "auditor"}, "reviewer"),
    ]  # fmt: skip
    assert not any(judge.decide(*asked, "candidate.verify").allowed for asked in refused)
    assert judge.role_for("ann", {"operator", "reviewer"}, "candidate.verify") == "reviewer"
    assert judge.role_for("ann", {"auditor", "reviewer"}, "candidate.verify") == ""


def test_a_decision_cites_the_policy_that_allowed_it_and_the_version() -> None:
    allowed = shipped().decide("ann", {"approver", "operator"}, "hold.release")
    assert (allowed.allowed, allowed.cited) == (
        True, {"policy": "hold.release", "policy_version": shipped().version},
    )  # fmt: skip
    assert not shipped().decide("ann", {"operator"}, "hold.release").allowed
    assert not shipped().decide("ann", set(), "no.such.thing").allowed


@pytest.mark.parametrize(
    ("text", "added"),
    [
        (TEXT, []),
        (ONLY, []),
        (TEXT + FORBID, []),
        (WIDE, ["operator may hold.release"]),
        (TEXT + NAMED, ["policy eve too allows more than roles say"]),
    ],
)
def test_what_a_file_adds_is_told(text: str, added: list[str]) -> None:
    assert Policies(text, "new").added(shipped()) == added
    assert Policies(text, "new").version != shipped().version or text == TEXT


def test_to_leave_out_what_forbids_adds_too() -> None:
    assert shipped().added(Policies(TEXT + FORBID, "old")) == ["policy not eve forbade, and is gone"]


@pytest.mark.parametrize("text", ["permit", "permit (principal, action, resource);", TEXT + TEXT])
def test_what_is_no_policy_or_cannot_be_cited_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="access"):
        Policies(text, "access.cedar")


def test_what_cannot_be_worked_out_allows_nothing() -> None:
    broken = '\n@id("x")\npermit (principal, action == Action::"x", resource) when { principal.shoe > 3 };\n'
    assert not Policies(TEXT + broken, "new").decide("ann", {"admin"}, "x").allowed


def folder(tmp_path: Path, text: str, *keys: PrivateKey) -> Settings:
    write_anchors(tmp_path / ANCHORS, [ADMIN.public, SECOND.public])
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    for key in keys:
        sign(tmp_path / FILE, key)
    return Settings(config_dir=tmp_path)


@pytest.mark.parametrize("keys", [(), (ADMIN,), (ADMIN, ADMIN), (ADMIN, PrivateKey.of(b"f" * 32))])
def test_a_file_that_allows_more_takes_two_administrators(tmp_path: Path, keys: tuple[PrivateKey, ...]) -> None:
    settings = folder(tmp_path, WIDE, *keys)
    with pytest.raises(ConfigurationError, match="operator may hold"):
        policies(settings)
    with pytest.raises(ConfigurationError, match="administrators signed"):
        judge_here(settings)


def test_a_file_that_two_administrators_signed_is_in_force_as_they_signed_it(tmp_path: Path) -> None:
    settings = folder(tmp_path, WIDE, ADMIN, SECOND)
    assert "operator" in policies(settings).roles_for("hold.release")
    assert judge_here(settings).decide("ann", {"operator"}, "operator", "hold.release").allowed
    (tmp_path / FILE).write_text(WIDE + NAMED, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="eve too"):
        policies(settings)
    (tmp_path / SIGNATURES).write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="holds no signatures"):
        policies(settings)


def test_a_file_that_only_takes_away_needs_nobody(tmp_path: Path) -> None:
    settings = folder(tmp_path, ONLY + FORBID)
    assert policies(settings).roles_for("hold.release") == {"approver"}
    assert not policies(settings).decide("eve", {"approver"}, "hold.release").allowed
    assert not judge_here(settings).decide("eve", {"approver"}, "approver", "hold.release").allowed


def test_the_command_says_what_a_file_adds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, TEXT)
    (tmp_path / "new.cedar").write_text(WIDE, encoding="utf-8")
    monkeypatch.setenv("FAIRWATCH_CONFIG_DIR", str(tmp_path))
    chosen.cache_clear()
    try:
        done = CliRunner().invoke(build(["access"]), ["access", "check", str(tmp_path / "new.cedar")])
        assert (done.exit_code, "operator may hold.release" in done.output) == (78, True)
        shown = CliRunner().invoke(build(["access"]), ["access", "show"])
        assert "hold.release" in shown.output
    finally:
        chosen.cache_clear()


def test_a_policy_may_ask_who_somebody_is_and_what_it_is_done_to() -> None:
    not_eve = '\n@id("x")\nforbid (principal, action, resource) when { principal.name == "eve" };\n'
    judged = Policies(TEXT + not_eve, "new")
    assert judged.decide("ann", {"admin"}, "hold.release").allowed
    assert not judged.decide("eve", {"admin"}, "hold.release").allowed
    one = '\n@id("x")\nforbid (principal, action, resource == Site::"harbour");\n'
    judged = Policies(TEXT + one, "new")
    assert judged.decide("ann", {"admin"}, "hold.release", ("Site", "airport")).allowed
    assert judged.decide("ann", {"admin"}, "hold.release", ("Camera", "harbour")).allowed
    assert not judged.decide("ann", {"admin"}, "hold.release", ("Site", "harbour")).allowed
