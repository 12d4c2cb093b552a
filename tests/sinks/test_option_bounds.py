"""What the options of sinks may be, to the last value; and that they are what the document says by default."""

import re

import pytest
import yaml
from pydantic import ValidationError

from fairwatch.sinks.apprise import AppriseOptions
from fairwatch.sinks.kafka import KafkaOptions
from fairwatch.sinks.mail import EmailOptions
from fairwatch.sinks.mqtt import MqttOptions
from fairwatch.sinks.pagerduty import PagerdutyOptions
from fairwatch.sinks.receivers import ReceiverOptions, Receivers, read_watch
from fairwatch.sinks.watch import Watch
from fairwatch.sinks.webhook import WebhookOptions
from tests.support.places import ROOT

LEAST = {
    WebhookOptions: {"url": "https://a/", "secret_env": "S"},
    EmailOptions: {"host": "mail.example.org", "sender": "hub@example.org", "to": ["guard@example.org"]},
    MqttOptions: {"url_env": "M"},
    KafkaOptions: {"bootstrap": "kafka:9093", "topic": "alerts", "username": "hub", "password_env": "P"},
    PagerdutyOptions: {"routing_key_env": "P"},
    AppriseOptions: {"urls_env": "A"},
}
BY_KIND = {model.__name__.removesuffix("Options").lower(): model for model in LEAST}


def options(model, **more):
    return model(**{**LEAST[model], **more})


@pytest.mark.parametrize("kind", BY_KIND)
def test_what_nobody_says_is_what_the_document_says(kind):
    text = (ROOT / "infra" / "docs" / "receivers.md").read_text("utf-8")
    row = next(line for line in text.splitlines() if line.startswith(f"| `{kind}` |"))
    said = dict(re.findall(r"`(\w+)` ([\w-]+)", row.rsplit(" | ", 1)[1]))
    assert "timeout" in said
    for name, value in said.items():
        written = options(BY_KIND[kind], **{name: yaml.safe_load(value)})
        assert getattr(options(BY_KIND[kind]), name) == getattr(written, name), name


@pytest.mark.parametrize(
    ("model", "name", "allowed", "refused"),
    [
        (EmailOptions, "port", (1, 65_535), (0, 65_536)),
        (EmailOptions, "to", (["a@b.de"] * 50,), (["a@b.de"] * 51, [])),
        (EmailOptions, "sender", ("a@b", "Hub <a@b.de>"), ("a@", "@b.de", "a@b.de\n", "Hub", "")),
        (AppriseOptions, "threads", (1, 32), (0, -1, 33)),
        (KafkaOptions, "topic", ("a", "a" * 249, "A.b_c-1"), ("", "a" * 250, "a/b")),
        (KafkaOptions, "bootstrap", ("a",), ("",)),
        (MqttOptions, "topic", ("a", "a" * 500), ("", "a" * 501, "a/+/b", "a\x00b", "a}b", "$a")),
        *((model, "timeout", ("10ms", "5m"), ("9ms", "301s")) for model in LEAST),
    ],
)
def test_a_value_may_be_as_small_and_as_large_as_it_may_be(model, name, allowed, refused):
    for value in allowed:
        assert name in options(model, **{name: value}).model_fields_set
    for value in refused:
        with pytest.raises(ValidationError, match=name):
            options(model, **{name: value})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_mail_goes_without_tls_to_this_machine_and_nowhere_else(host):
    assert options(EmailOptions, host=host, security="none").security == "none"
    with pytest.raises(ValidationError, match="on this machine only"):
        options(EmailOptions, host=f"{host}.example.org", security="none")


@pytest.mark.parametrize(
    ("bootstrap", "allowed"),
    [
        ("127.0.0.1:9092", True),
        ("localhost:9092, [::1]:9092", True),
        ("localhost:9092,kafka:9092", False),
        ("kafka:9092", False),
    ],
)
@pytest.mark.parametrize("security", ["PLAINTEXT", "SASL_PLAINTEXT"])
def test_kafka_has_no_tls_where_all_brokers_are_this_machine_or_somebody_said_so(bootstrap, allowed, security):
    who = {"username": None, "password_env": None} if security == "PLAINTEXT" else {}
    if allowed:
        assert options(KafkaOptions, bootstrap=bootstrap, security=security, **who)
    else:
        with pytest.raises(ValidationError, match="security must have TLS"):
            options(KafkaOptions, bootstrap=bootstrap, security=security, **who)
    assert options(KafkaOptions, bootstrap=bootstrap, security=security, allow_plain=True, **who)


def test_mqtt_and_webhooks_go_without_tls_where_somebody_said_so():
    assert options(MqttOptions, url_env=None, url="mqtt://broker", allow_plain=True)
    assert options(WebhookOptions, url="http://room.example.org/", allow_plain_http=True)
    assert options(PagerdutyOptions, url="http://proxy.example.org", allow_plain_http=True)
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert options(MqttOptions, url_env=None, url=f"mqtt://{host}:1883")


def test_who_watches_waits_as_long_as_the_document_says(tmp_path):
    one = "{name: a, webhook: {url: 'https://a/', secret_env: S}}"
    path = tmp_path / "receivers.yaml"
    path.write_text(f"heartbeat: {{receiver: a}}\nreceivers: [{one}]")
    assert read_watch(path) == Watch(heartbeat="a")
    path.write_text(f"heartbeat: {{receiver: a, interval: 1m, stuck_after: 3m}}\nreceivers: [{one}]")
    assert read_watch(path) == Watch(heartbeat="a")


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [("interval", ("5s", "1d"), ("4s", "25h")), ("stuck_after", ("10s", "1h"), ("9s", "61m"))],
)
def test_a_heartbeat_comes_neither_all_the_time_nor_never(name, allowed, refused):
    one = {"name": "a", "webhook": {"url": "https://a/", "secret_env": "S"}}
    for value in allowed:
        assert Receivers(receivers=[one], heartbeat={"receiver": "a", name: value})
    for value in refused:
        with pytest.raises(ValidationError, match=name):
            Receivers(receivers=[one], heartbeat={"receiver": "a", name: value})


def test_work_may_stand_still_for_longer_than_a_delivery_may_take():
    def receivers(stuck_after):
        one = {"name": "a", "webhook": {"url": "https://a/", "secret_env": "S", "timeout": "30s"}}
        return Receivers(receivers=[one], heartbeat={"receiver": "a", "stuck_after": stuck_after})

    assert receivers("31s")
    with pytest.raises(ValidationError, match="must be longer than every timeout"):
        receivers("30s")


@pytest.mark.parametrize("name", ["a", "0", "a" * 63, "a-b-1"])
def test_a_name_may_have_sixty_three_letters_digits_and_hyphens(name):
    assert ReceiverOptions(name=name, webhook=LEAST[WebhookOptions]).name == name
