"""`fairwatch keys` on the embedded broker: what an administrator does, and what processors then believe."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fairwatch.apps import settings as settings_module
from fairwatch.apps.export_signature import trusted_keys
from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import read_anchors, write_anchors
from fairwatch.apps.reading import read_topic
from fairwatch.cli.main import build
from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.signatures import PrivateKey
from fairwatch.stores.data_keys import DataKeys
from fairwatch.wire.deeds import person_id, sign_deed
from fairwatch.wire.trust import Trust
from fairwatch.wire.vouching import vouch_key, vouch_person
from tests.support.console_world import write_people
from tests.support.processor_world import MemoryReference

pytestmark = pytest.mark.broker


class Administrator:
    """Runs the commands against topics of its own."""

    def __init__(self, folder: Path) -> None:
        self.keys = folder / "keys"
        self.admin = ("--admin-key", self.keys / "admin.pem")

    def run(self, *arguments: Any) -> str:
        settings_module.settings.cache_clear()
        chosen = ["keys", *map(str, arguments)]
        result = CliRunner().invoke(build(chosen), chosen)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    def trust(self) -> Trust:
        known = {
            topic: MemoryReference({row[field]: row for _, _, row in read_topic(settings_module.settings(), topic)})
            for topic, field in (("people", "person_id"), ("signing-keys", "key_id"))
        }
        return Trust(known["people"], known["signing-keys"], read_anchors(self.keys / "trust.yaml"))

    def believed(self, name: str, key: PrivateKey, *, later: int = 0) -> Any:
        """Return why what this person does with this key, now or later, is not believed."""
        at = max(row["issued_at"] for _, _, row in read_topic(settings_module.settings(), "people")) + later
        record = {
            "verification_id": "v", "candidate_id": "c", "reviewer": name, "role": "reviewer", "decision": "MATCH",
            "decided_at": at,
        }  # fmt: skip
        said = {"act": "verify", "name": name, "role": "reviewer", "at": at, "method": "password"}
        deed = sign_deed("Verification", record, key, **said)
        return self.trust().refusal("Verification", record, deed, act="verify", name=name, action="candidate.verify")


@pytest.fixture
def administrator(broker: str, make_topics: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", broker)
    monkeypatch.setenv("FAIRWATCH_TOPIC_PREFIX", make_topics("people", "signing-keys", "trust-heads", "audit"))
    monkeypatch.setenv("FAIRWATCH_EMBEDDED", "true")
    monkeypatch.setenv("FAIRWATCH_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    yield Administrator(tmp_path)
    settings_module.settings.cache_clear()


def test_from_installation_to_a_stolen_key(administrator: Administrator, tmp_path: Path) -> None:
    run, keys = administrator.run, administrator.keys
    assert "registered" in run("init", keys)
    run("init", keys)  # the same again changes nothing
    assert len(list(read_topic(settings_module.settings(), "signing-keys"))) == 1
    write_people(tmp_path, {"dora": ("Dora", ["reviewer"]), "olga": ("Olga", ["operator"])})
    assert "2 of 2 changed" in run("people", *administrator.admin)
    assert "0 of 2 changed" in run("people", *administrator.admin)
    console = PrivateKey.load(keys / "console.pem")
    assert administrator.believed("dora", console) is None
    assert administrator.believed("olga", console) == "wrong_role"
    assert administrator.believed("mallory", console) == "unknown_person"

    run("rotate", console.public.key_id, keys / "next.pem", *administrator.admin)
    following = PrivateKey.load(keys / "next.pem")
    minute = 60_000_000
    assert administrator.believed("dora", console) is None, "what it signed before it ended stands"
    assert administrator.believed("dora", console, later=minute) == "revoked_key"
    assert administrator.believed("dora", following, later=minute) is None

    run("revoke", following.public.key_id, *administrator.admin, "--reason", "stolen", "--void")
    assert administrator.believed("dora", following, later=minute) == "revoked_key"
    shown = run("list")
    assert "rotated" in shown
    assert "stolen" in shown

    write_people(tmp_path, {"olga": ("Olga", ["operator"])})
    assert "dora: ended" in run("people", *administrator.admin)
    assert administrator.trust().person(person_id("dora")) is not None
    assert administrator.believed("dora", console, later=minute) == "unknown_person"
    actions = [row["action"] for _, _, row in read_topic(settings_module.settings(), "audit")]
    assert sorted(set(actions)) == ["key.registered", "key.revoked", "person.ended", "person.registered"]


def test_a_key_that_trust_yaml_does_not_name_is_no_administrators(administrator: Administrator, tmp_path: Path) -> None:
    administrator.run("init", administrator.keys)
    (tmp_path / "trust.yaml").write_bytes((administrator.keys / "trust.yaml").read_bytes())
    PrivateKey.generate().write(tmp_path / "mine.pem")
    write_people(tmp_path, {"dora": ("Dora", ["reviewer"])})
    with pytest.raises(ConfigurationError, match="nobody would believe it"):
        administrator.run("people", "--admin-key", tmp_path / "mine.pem")


THIEF = PrivateKey.of(b"t" * 32)
LONG_AGO = 1_000


def lie(topic: str, record: Any, key: str) -> None:
    """Write what whoever may write to the topic writes: in an administrator's name, with a signature of their own."""

    async def write() -> None:
        async with producer(settings_module.settings(), "cli") as publisher:
            await publisher.publish(topic, key, record)

    asyncio.run(write())


def test_a_key_that_merely_lies_on_the_topic_is_trusted_by_no_command_and_its_end_is_signed_by_none(
    administrator: Administrator, tmp_path: Path
) -> None:
    administrator.run("init", administrator.keys)
    (tmp_path / "trust.yaml").write_bytes((administrator.keys / "trust.yaml").read_bytes())
    admin = PrivateKey.load(administrator.keys / "admin.pem")
    lied = {**vouch_key(THIEF, THIEF.public, "console", at=LONG_AGO), "issuer": admin.public.key_id}
    lie("signing-keys", lied, lied["key_id"])
    chosen = settings_module.settings()
    console = PrivateKey.load(administrator.keys / "console.pem").public
    assert trusted_keys(chosen, [], SystemClock().now()) == [admin.public, console]
    shown = administrator.run("list")
    assert "did not sign it" in next(line for line in shown.splitlines() if lied["key_id"] in line)
    for command in ("revoke", lied["key_id"], "--reason", "whose is it?"), ("rotate", lied["key_id"], tmp_path / "n"):
        with pytest.raises(ConfigurationError, match="no administrator vouches for"):
            administrator.run(*command, *administrator.admin)
    assert administrator.trust().key(lied["key_id"]) is None


def test_a_backup_that_a_key_signs_after_it_ended_is_nobodys(administrator: Administrator, tmp_path: Path) -> None:
    administrator.run("init", administrator.keys)
    (tmp_path / "trust.yaml").write_bytes((administrator.keys / "trust.yaml").read_bytes())
    console = PrivateKey.load(administrator.keys / "console.pem").public
    before = SystemClock().now()
    administrator.run("revoke", console.key_id, *administrator.admin, "--reason", "stolen")
    chosen = settings_module.settings()
    assert console in trusted_keys(chosen, [], before)
    assert console not in trusted_keys(chosen, [], SystemClock().now())
    assert console not in trusted_keys(chosen, [], "then")


def test_people_who_merely_lie_on_the_topic_are_neither_known_nor_signed_as_gone(
    administrator: Administrator, tmp_path: Path
) -> None:
    administrator.run("init", administrator.keys)
    admin = PrivateKey.load(administrator.keys / "admin.pem")
    for name, roles in (("mallory", ["approver"]), ("dora", ["reviewer"])):
        lied = {**vouch_person(THIEF, name, roles, since=LONG_AGO, at=LONG_AGO), "issuer": admin.public.key_id}
        lie("people", lied, lied["person_id"])
    write_people(tmp_path, {"dora": ("Dora", ["reviewer"])})
    said = administrator.run("people", *administrator.admin)
    assert "1 of 1 changed" in said
    assert "mallory" not in said
    assert administrator.trust().person(person_id("mallory")) is None
    dora = administrator.trust().person(person_id("dora"))
    assert dora is not None
    assert dora["since"] > LONG_AGO, "since an administrator says so"
    lie("people", {**dora, "roles": ["approver"]}, dora["person_id"])
    assert "1 of 1 changed" in administrator.run("people", *administrator.admin), "somebody wrote over her"
    assert administrator.trust().person(person_id("dora")) is not None
    assert "0 of 1 changed" in administrator.run("people", *administrator.admin)


def test_a_key_that_somebody_wrote_over_is_registered_again(administrator: Administrator) -> None:
    administrator.run("init", administrator.keys)
    console = PrivateKey.load(administrator.keys / "console.pem").public
    genuine = administrator.trust().key(console.key_id)
    assert genuine is not None
    lie("signing-keys", {**genuine, "holder": "mallory"}, console.key_id)
    assert administrator.trust().key(console.key_id) is None
    administrator.run("init", administrator.keys)
    assert administrator.trust().key(console.key_id) == genuine


def test_a_second_administrator_vouches_for_everybody_anew_before_the_first_one_leaves(
    administrator: Administrator, tmp_path: Path
) -> None:
    administrator.run("init", administrator.keys)
    first = PrivateKey.load(administrator.keys / "admin.pem")
    second = PrivateKey.generate()
    second.write(tmp_path / "second.pem")
    write_anchors(tmp_path / "trust.yaml", [first.public, second.public])
    write_people(tmp_path, {"dora": ("Dora", ["reviewer"])})
    administrator.run("people", *administrator.admin)
    since = administrator.trust().person(person_id("dora"))
    assert "1 of 1 changed" in administrator.run("people", "--admin-key", tmp_path / "second.pem")
    write_anchors(administrator.keys / "trust.yaml", [second.public])
    left = administrator.trust().person(person_id("dora"))
    assert since is not None
    assert left is not None
    assert left["since"] == since["since"], "what she did before stands"


def test_a_key_that_nobody_knows_cannot_be_revoked(administrator: Administrator) -> None:
    administrator.run("init", administrator.keys)
    with pytest.raises(ConfigurationError, match="there is no key"):
        administrator.run("revoke", "another", *administrator.admin, "--reason", "x")


def test_the_master_key_is_changed_by_a_command_and_the_audit_log_has_it(
    administrator: Administrator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
    keys = DataKeys.open(f"file://{tmp_path / 'data-keys'}", old)
    asyncio.run(keys.of("media-own-ab"))
    monkeypatch.setenv("FAIRWATCH_MEDIA_KEYS_URL", f"file://{tmp_path / 'data-keys'}")
    monkeypatch.setenv("FAIRWATCH_MEDIA_KEY", new)
    assert "LOST: 1 data keys" in administrator.run("master", "show")
    monkeypatch.setenv("FAIRWATCH_MEDIA_KEY_OTHER", old)
    assert "1 data keys wrapped anew" in administrator.run("master", "rotate")
    assert "0 under the other" in administrator.run("master", "show")
    [record] = [one for _, _, one in read_topic(settings_module.settings(), "audit")]
    assert (record["action"], record["details"]["renewed"]) == ("master-key.rotated", "1")
    assert old not in str(record)
    assert new not in str(record)
