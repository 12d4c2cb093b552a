"""`fairwatch sites`: people arm and disarm sites, with a reason, and the audit knows."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from fairwatch.apps import arming
from fairwatch.apps import settings as settings_module
from fairwatch.apps.keys import ANCHORS, write_anchors
from fairwatch.apps.reading import read_topic
from fairwatch.apps.settings import Settings
from fairwatch.cli.main import build
from fairwatch.domain.errors import ConfigurationError
from fairwatch.wire.producer import Producer
from fairwatch.wire.signed_armings import change_refused
from tests.support.console_world import PASSWORD, write_people
from tests.support.records import AT
from tests.support.trust import ADMIN, CONSOLE, trust, vouched

BO = {"who": "bo", "reason": "Delivery", "now": AT}


def test_who_says_no_name_or_reason_arms_nothing(tmp_path):
    for missing in ({"who": " "}, {"reason": ""}):
        with pytest.raises(ConfigurationError, match="--as and --reason"):
            arming.said(Settings(config_dir=tmp_path), {}, "harbour", armed=True, **{**BO, **missing})


@pytest.mark.parametrize(
    ("who", "sentence"),
    [("nobody", "knows nobody"), ("ben", "may not arm or disarm"), ("ann", "does not look after")],
)
def test_who_may_not_arm_a_site_is_told_why(tmp_path, who, sentence):
    write_people(tmp_path, sites={"ann": ["station"]})
    with pytest.raises(ConfigurationError, match=sentence):
        arming.said(Settings(config_dir=tmp_path), {}, "harbour", armed=False, **{**BO, "who": who})
    assert arming.said(Settings(config_dir=tmp_path), {}, "station", armed=False, **{**BO, "who": "ann"})


def test_reason_that_names_a_people_is_asked_about(tmp_path):
    settings = Settings(config_dir=tmp_path)
    record = arming.said(settings, {}, "harbour", armed=True, **{**BO, "reason": "Uyghur visitors"})
    with pytest.raises(ConfigurationError, match="reason speaks of 'uyghur'"):
        asyncio.run(arming.write(settings, record))


def test_who_proves_who_it_is_signs_where_signatures_are_demanded(tmp_path):
    write_people(tmp_path)
    CONSOLE.write(tmp_path / "console.pem")
    settings = Settings(config_dir=tmp_path, signing_key_file=tmp_path / "console.pem")
    record = arming.said(settings, {}, "harbour", armed=False, **{**BO, "who": "olga"})
    assert asyncio.run(arming.signed(settings, record, lambda _: PASSWORD)) == record, "nobody asks for it"
    write_anchors(tmp_path / ANCHORS, [ADMIN.public])
    signed = asyncio.run(arming.signed(settings, record, lambda _: PASSWORD))
    believed = trust(vouched("olga", olga=["operator"]))
    assert change_refused(believed, "harbour", signed["changes"][-1]) is None
    with pytest.raises(ConfigurationError, match="with this password"):
        asyncio.run(arming.signed(settings, record, lambda _: "a guess"))


def test_a_clock_that_was_ahead_is_named_before_its_word_is_overruled(tmp_path):
    known = arming.said(Settings(config_dir=tmp_path), {}, "harbour", armed=True, **{**BO, "now": AT + 1})
    with pytest.raises(ConfigurationError, match="look at the clocks"):
        arming.said(Settings(config_dir=tmp_path), {"harbour": known}, "harbour", armed=False, **BO)


@pytest.mark.broker
def test_site_is_disarmed_and_armed_by_name_and_audited(broker, topic_prefix, tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRWATCH_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("FAIRWATCH_KAFKA_BOOTSTRAP", broker)
    monkeypatch.setenv("FAIRWATCH_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("FAIRWATCH_MAX_PARTITIONS", "1")
    monkeypatch.setenv("FAIRWATCH_EMBEDDED", "true")
    settings_module.settings.cache_clear()
    CliRunner().invoke(build(["topics"]), ["topics", "apply"])

    async def prepare() -> None:
        async with Producer(broker, topic_prefix=topic_prefix) as producer:
            await producer.publish("sites", "harbour", {"site_id": "harbour"})

    asyncio.run(prepare())

    def run(*arguments):
        result = CliRunner().invoke(build(["sites"]), ["sites", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    run("disarm", "harbour", "--as", "bo", "--reason", "Delivery")
    run("arm", "harbour", "--as", "bo", "--reason", "Gate is shut")
    listed = json.loads(run("list", "--json"))
    assert [(each["armed"], each["by"], each["reason"]) for each in listed["changes"]] == [
        (False, "bo", "Delivery"),
        (True, "bo", "Gate is shut"),
    ]
    assert "armed" in run("list")
    with pytest.raises(ConfigurationError, match="there is no site"):
        run("arm", "nowhere", "--as", "bo", "--reason", "x")
    found = [record["action"] for _, _, record in read_topic(settings_module.settings(), "audit")]
    audited = [action for action in found if action != "topics.applied"]
    assert audited == ["site.disarmed", "site.armed"]
    settings_module.settings.cache_clear()
