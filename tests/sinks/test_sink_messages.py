"""What each kind of sink makes of an alert, and how its options are read."""

import re

import orjson
import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from fairwatch.apps.configuration import faults
from fairwatch.apps.pictures import pictures_of
from fairwatch.apps.settings import Settings
from fairwatch.domain.clock import ManualClock, SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.apprise import Apprise
from fairwatch.sinks.mqtt import Mqtt, MqttOptions, topic_of
from fairwatch.sinks.pagerduty import action
from fairwatch.sinks.receivers import read_receivers
from fairwatch.sinks.text import headline, one_line, plain
from fairwatch.sinks.webhook import Webhook
from fairwatch.stores.media import MediaStore
from tests.support.records import trigger
from tests.support.sink_servers import SECRET, PagerDutyServer, WebhookServer

OTHER = "whsec_OTg3NjU0MzIxMGFiY2RlZjAxMjM0NTY3"
GIVEN = {"U": "https://room.example.org/in", "S": SECRET, "P": "pw", "M": "mqtts://a:b@broker", "A": "json://localhost"}
MAIL = "host: mail.example.org, sender: hub@example.org, to: [guard@example.org]"
KAFKA = "bootstrap: 'kafka:9093', topic: alerts"


@pytest.fixture
def read(tmp_path):
    def read_one(options):
        (tmp_path / "receivers.yaml").write_text(f"receivers: [{{name: a, {options}}}]")
        return read_receivers(tmp_path / "receivers.yaml", ManualClock(), GIVEN)["a"].sink

    return read_one


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ("webhook: {url_env: U, secret_env: S}", "webhook"),
        ("kind: webhook, webhook: {url_env: U, secret_env: S}", "webhook"),
        (f"kind: email, email: {{{MAIL}}}", "email"),
        (f"email: {{{MAIL}, username: hub, password_env: P, security: tls, port: 465}}", "email"),
        ("kind: mqtt, mqtt: {url_env: M, topic: 'site/{site_id}'}", "mqtt"),
        (f"kind: kafka, kafka: {{{KAFKA}, username: hub, password_env: P}}", "kafka"),
        (f"kafka: {{{KAFKA}, security: SSL}}", "kafka"),
        ("kind: pagerduty, pagerduty: {routing_key_env: P}", "pagerduty"),
        ("kind: apprise, apprise: {urls_env: A}", "apprise"),
    ],
)
def test_a_receiver_has_the_sink_of_its_kind(read, options, kind):
    sink = read(options)
    assert sink.kind == kind
    assert not any(secret in repr(sink) for secret in (SECRET, "pw", "a:b"))


MISTAKES = pytest.mark.parametrize(
    ("options", "says"),
    [
        ("max_attempts: 3", "exactly one of webhook, email, mqtt, kafka, pagerduty, apprise must be given"),
        ("kind: email, webhook: {url_env: U, secret_env: S}", "kind is email, but the options are those of webhook"),
        (f"email: {{{MAIL}}}, mqtt: {{url_env: M}}", "exactly one of webhook"),
        ("kind: fax", "receivers.0.kind"),
        ("email: {host: a, sender: nobody, to: [b@c.de]}", "'nobody' is no address"),
        ("email: {host: a, sender: a@b.de, to: []}", "receivers.0.email.to"),
        (f"email: {{{MAIL}, security: ssl}}", "receivers.0.email.security"),
        (f"email: {{{MAIL}, security: none}}", "on this machine only"),
        (f"email: {{{MAIL}, username: hub}}", "belong together"),
        (f"email: {{{MAIL}, password_env: P}}", "belong together"),
        (f"email: {{{MAIL}, password: hunter2}}", "receivers.0.email.password"),
        (f"email: {{{MAIL}, username: a, password_env: P, password_file: /x}}", "at most one of password_file"),
        ("mqtt: {url_env: M, topic: 'a/#'}", "no wildcards"),
        ("mqtt: {url_env: M, topic: '$SYS/a'}", "no wildcards"),
        ("mqtt: {url_env: M, topic: 'a/{title}'}", "{title} is none of"),
        ("mqtt: {url: 'mqtt://broker'}", "must be mqtts"),
        ("mqtt: {url: 'http://broker'}", "must look like mqtts://"),
        ("mqtt: {url: 'mqtts://a:hunter2@broker:port'}", "is not a URL"),
        ("mqtt: {topic: a}", "exactly one of url, url_file and url_env"),
        (f"kafka: {{{KAFKA}}}", "needs username"),
        (f"kafka: {{{KAFKA}, security: PLAINTEXT}}", "must have TLS"),
        (f"kafka: {{{KAFKA}, username: a}}", "belong together"),
        ("kafka: {bootstrap: a, topic: 'a b', security: SSL}", "receivers.0.kafka.topic"),
        ("pagerduty: {url: 'http://pd.example.org', routing_key_env: P}", "must be https"),
        ("pagerduty: {}", "exactly one of routing_key_file and routing_key_env"),
        ("apprise: {urls_env: A, threads: 99}", "receivers.0.apprise.threads"),
    ],
)


@MISTAKES
def test_a_mistake_is_named_and_no_secret_told(read, options, says):
    with pytest.raises(ConfigurationError, match=says) as caught:
        read(options)
    assert "hunter2" not in str(caught.value)


@MISTAKES
def test_config_check_names_it_without_any_secret(options, says, tmp_path):
    (tmp_path / "receivers.yaml").write_text(f"receivers: [{{name: a, {options}}}]")
    [fault] = faults(tmp_path)
    assert re.search(says, fault)
    assert "hunter2" not in fault


def test_an_address_that_apprise_does_not_know_is_found_by_the_doctor(read):
    with pytest.raises(ConfigurationError, match=r"'a': apprise.urls: address 1 is none that Apprise knows"):
        read("apprise: {urls_env: P}")


async def test_while_a_secret_is_changed_either_one_verifies():
    server = WebhookServer()
    url = f"http://127.0.0.1:{await server.start()}/"
    sink = Webhook(url, f"{OTHER}\n{SECRET}", SystemClock())
    assert (await sink.send("d-0", trigger())).reason == "ok"
    headers = {name.lower(): value for name, value in server.headers[0].items()}
    for secret in (SECRET, OTHER):
        assert Verifier(secret).verify(server.bodies[0], headers)
    with pytest.raises(ConfigurationError, match="not 3"):
        Webhook(url, f"{OTHER} {SECRET} {SECRET}", SystemClock())
    await sink.close()
    await server.stop()


@pytest.mark.parametrize(
    ("alert", "said"),
    [
        ({"state": "NEW"}, "trigger"),
        ({"state": "UPDATED"}, "trigger"),
        ({"state": "UPDATED", "acknowledged_by": "ann"}, "acknowledge"),
        ({"state": "ENDED", "acknowledged_by": "ann"}, "resolve"),
        ({"state": "CANCELLED"}, "resolve"),
    ],
)
def test_the_life_of_an_alert_is_that_of_an_incident(alert, said):
    assert action(trigger(**alert)) == said


async def test_pagerduty_knows_an_alert_by_its_id_and_is_not_told_more_than_it_takes():
    server = PagerDutyServer()
    sink = server.open(await server.start(), 10.0)
    alert = trigger(severity="EXTREME", title="x" * 5_000, description="y" * 2_000_000)
    assert (await sink.send("d-0", alert)).reason == "ok"
    told = orjson.loads(server.bodies[0])
    assert (told["dedup_key"], told["routing_key"]) == (alert["alert_id"], "routing-key-1")
    assert (told["payload"]["severity"], len(told["payload"]["summary"])) == ("critical", 200)
    assert len(server.bodies[0]) < 20_000
    await sink.close()
    await server.stop()


def test_what_a_device_says_cannot_leave_its_level_of_a_topic():
    alert = trigger(site_id="a/b#+$\n", severity="EXTREME")
    assert topic_of("s/{site_id}/{severity}/{state}", alert) == "s/a_b____/EXTREME/NEW"
    assert topic_of("s/{site_id}", {}) == "s/none"


def test_an_address_of_a_broker_is_never_shown():
    sink = Mqtt(MqttOptions(url_env="M"), "mqtts://hub:hunter2@broker.example.org")
    assert repr(sink) == "Mqtt(broker.example.org)"
    with pytest.raises(ConfigurationError) as caught:
        Mqtt(MqttOptions(url_env="M"), "amqp://hub:hunter2@broker")
    assert "hunter2" not in str(caught.value)


def test_an_address_that_apprise_does_not_know_is_not_told():
    for url in ("nonsense://hunter2", "file:///etc/passwd"):
        with pytest.raises(ConfigurationError) as caught:
            Apprise(["json://localhost", url])
        assert str(caught.value) == "apprise.urls: address 2 is none that Apprise knows"


def test_text_for_people_is_bounded_and_in_lines_of_ours():
    alert = trigger(title="a\x1b[31m\u2028b" + "c" * 500, description="d" * 10_000, causes=[{"device_id": "x"}] * 100)
    assert headline(alert).startswith("a [31m b")
    assert len(headline(alert)) == 200
    assert len(plain(alert, "d-0").splitlines()) < 40
    assert one_line("  a \n b ", 10) == "a b"


async def test_pictures_come_from_the_media_store_and_an_alert_does_not_wait_for_one_that_is_gone(tmp_path):
    url = f"file://{tmp_path}/media"
    uri = await MediaStore.open(url).put(b"jpeg", "image/jpeg")
    scene = {"uri": uri, "role": "SCENE", "mime": "image/jpeg"}
    alert = trigger(media=[scene, {**scene, "uri": "fw-media:" + "0" * 64}, {**scene, "uri": "http://cam/1.jpg"}])
    assert await pictures_of(Settings(media_url=url))(alert) == [(b"jpeg", "image/jpeg")]
    assert await pictures_of(Settings(media_url=url))({**alert, "candidate_id": "c"}) == []
