"""What the audit log has of `fairwatch topics apply`: what was made and what was not, also where it went wrong."""

import pytest
from typer.testing import CliRunner

from fairwatch.apps import settings as settings_module
from fairwatch.apps import topics_acls
from fairwatch.apps.messages import read
from fairwatch.apps.telling import operator
from fairwatch.apps.topics import Change
from fairwatch.apps.topics_outcome import MOST_TOLD, outcome
from fairwatch.cli import topics as command
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.wire.avro import Codec

CREATE = Change("sites", "create", "topic", None, "partitions=1")
ALLOW = Change("User:fairwatch-notify", "allow", "topic alerts", None, "Read")
DESCRIBE = Change("User:fairwatch-notify", "allow", "topic alerts", None, "Describe")
STRAY = Change("User:fairwatch-notify", "revoke", "topic people", "Write", "")
ANEW = Change("alerts", "recreate", "topic", "3 partitions", "partitions=1")


def test_what_is_still_different_is_told_as_not_made() -> None:
    left = [DESCRIBE, Change("User:fairwatch-notify", "by hand", "topic people", "Write", "", "--revoke")]
    told = outcome([CREATE, ALLOW, DESCRIBE, STRAY], left, RetryableError("the broker went away"))
    assert told == {
        "sites topic": "create partitions=1",
        "User:fairwatch-notify topic alerts Read": "allow Read",
        "User:fairwatch-notify topic alerts Describe": "not made: allow Describe; left: allow",
        "User:fairwatch-notify topic people Write": "not made: revoke; left: by hand",
        "failed": "the broker went away",
    }


def test_what_nobody_can_see_is_told_as_unknown() -> None:
    assert outcome([ALLOW], None, RetryableError("away"))["User:fairwatch-notify topic alerts Read"].startswith(
        "unknown whether made"
    )
    assert outcome([ANEW], [], RetryableError("away"))["alerts topic"].startswith("unknown whether made: recreate")
    assert outcome([ANEW], [CREATE])["alerts topic"] == "recreate partitions=1"


def test_of_many_changes_the_number_is_told_and_what_is_left_to_people_is_none() -> None:
    many = [Change(f"t-{number}", "create", "topic", None, "") for number in range(MOST_TOLD + 7)]
    told = outcome([*many, Change("alerts", "by hand", "partitions", "3", "1", "no")], [])
    assert (len(told), told["more"]) == (MOST_TOLD + 1, "7")


@pytest.fixture
def apply(broker, topic_prefix, monkeypatch):
    """Give a function that applies; rights are kept by nobody, as the embedded broker has none."""
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", broker)
    monkeypatch.setenv("FAIRWATCH_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("FAIRWATCH_MAX_PARTITIONS", "1")
    monkeypatch.setenv("FAIRWATCH_EMBEDDED", "true")
    monkeypatch.setenv("FAIRWATCH_KAFKA_PRINCIPALS", "User:fairwatch-{component}")
    monkeypatch.setattr(topics_acls, "access_differences", lambda *_, **__: [ALLOW])
    monkeypatch.setattr(topics_acls, "apply_access", lambda *_: None)
    monkeypatch.setattr(command, "HEARD_S", 0.0)
    settings_module.settings.cache_clear()
    yield lambda: CliRunner().invoke(build(["topics"]), ["topics", "apply", "--json"])
    settings_module.settings.cache_clear()


def told_of() -> list[dict[str, str]]:
    found = [Codec().decode(one.raw.value)[1] for one in read(settings_module.settings(), "audit") if one.raw.value]
    return [record["details"] for record in found if record["action"] == "topics.applied"]


@pytest.mark.broker
def test_rights_that_could_not_be_given_stand_in_the_log_as_not_given(apply, monkeypatch) -> None:
    def refused(*_):
        raise ConfigurationError("ACLs and quotas cannot be applied: our user needs Alter")

    monkeypatch.setattr(topics_acls, "apply_access", refused)
    result = apply()
    assert isinstance(result.exception, ConfigurationError)
    [told] = told_of()
    assert told["User:fairwatch-notify topic alerts Read"] == "not made: allow Read; left: allow"
    assert "our user needs Alter" in told["failed"]
    assert next(text for name, text in told.items() if name.endswith("sites topic")).startswith("create ")


@pytest.mark.broker
def test_where_the_log_takes_nothing_the_command_fails_and_says_so(apply, monkeypatch) -> None:
    async def away(*_):
        raise RetryableError("no broker takes it")

    monkeypatch.setattr(command, "tell", away)
    result = apply()
    assert isinstance(result.exception, RetryableError)
    assert "the changes are made, but the audit log was not told of the" in str(result.exception)
    assert "no broker takes it" in str(result.exception)


def test_who_acts_at_a_command_line_is_who_the_operating_system_knows(monkeypatch) -> None:
    known = operator()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert operator() == known != "operator:mallory"
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_123)
    assert operator() == "operator:uid-4000000123"
