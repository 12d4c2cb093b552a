"""receivers.yaml: secrets come from files or the environment, and a mistake is named."""

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.receivers import KINDS, Receiver, read_receivers, read_watch
from fairwatch.sinks.watch import Watch
from tests.support.places import CONFIG, ROOT

DOCS = ROOT / "infra" / "docs"

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
GIVEN = {"FAIRWATCH_CONTROL_ROOM_URL": "https://room.example.org/in", "FAIRWATCH_CONTROL_ROOM_SECRET": SECRET}


@pytest.fixture
def read(tmp_path):
    def read_text(text, environment=None):
        path = tmp_path / "receivers.yaml"
        path.write_text(text)
        return read_receivers(path, ManualClock(), environment or {})

    return read_text


def test_the_shipped_file_takes_everything_from_the_environment():
    receivers = read_receivers(CONFIG / "receivers.yaml", ManualClock(), GIVEN)
    assert (receivers["control-room"].max_attempts, receivers["control-room"].backoff) == (None, 1_000_000)


def test_a_variable_may_name_a_file_by_its_twin(tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n")
    given = {**GIVEN, "FAIRWATCH_CONTROL_ROOM_SECRET_FILE": str(tmp_path / "secret")}
    del given["FAIRWATCH_CONTROL_ROOM_SECRET"]
    assert read_receivers(CONFIG / "receivers.yaml", ManualClock(), given)


def test_a_missing_variable_is_named():
    with pytest.raises(ConfigurationError, match=r"'control-room'.*set FAIRWATCH_CONTROL_ROOM_URL or"):
        read_receivers(CONFIG / "receivers.yaml", ManualClock(), {})


@pytest.mark.parametrize(
    ("webhook", "says"),
    [
        ("{url: 'https://a/', url_env: X, secret_env: S}", "exactly one of url, url_file and url_env"),
        ("{url: 'https://a/'}", "exactly one of secret_file and secret_env"),
        ("{url: 'https://a/', secret_file: /no/such/file}", "cannot read /no/such/file"),
        ("{url: 'https://a/', secret: hunter2}", "receivers.0.webhook.secret"),
        ("{url: 'https://a/', secret_env: S, timeout: long}", "'long'"),
        ("{url: 'https://a/', secret_env: S, ca_file: /no/such/ca}", "No such file"),
        ("{url: 'http://example.org/', secret_env: S}", "must be https"),
    ],
)
def test_a_mistake_is_named_and_no_secret_told(read, webhook, says):
    with pytest.raises(ConfigurationError, match=says) as caught:
        read(f"receivers: [{{name: a, webhook: {webhook}}}]", {"S": SECRET})
    assert "hunter2" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_name_twice_is_refused(read):
    one = "{name: a, webhook: {url: 'https://a/', secret_env: S}}"
    with pytest.raises(ConfigurationError, match="'a' is there twice"):
        read(f"receivers: [{one}, {one}]", {"S": SECRET})


WEBHOOK = "webhook: {url: 'https://a/', secret_env: S}"


def test_what_a_receiver_does_not_say_is_what_the_documents_promise(read):
    receiver = read(f"receivers: [{{name: a, {WEBHOOK}}}]", {"S": SECRET})["a"]
    assert (receiver.name, receiver.max_attempts, receiver.concurrency) == ("a", None, 8)
    assert (receiver.give_up_after, receiver.fallback) == (72 * 3_600_000_000, None)
    assert (receiver.backoff, receiver.backoff_max) == (1_000_000, 300_000_000)
    assert receiver.sink._client.timeout.total == 5.0
    assert receiver == Receiver("a", receiver.sink), "as where one is made by hand"


def test_a_receiver_is_as_persistent_as_it_says(read):
    own = "max_attempts: 3, backoff: 2s, backoff_max: 1m, concurrency: 1"
    said = f"receivers: [{{name: a, webhook: {{url: 'https://a/', secret_env: S, timeout: 9s}}, {own}}}]"
    receiver = read(said, {"S": SECRET})["a"]
    assert (receiver.max_attempts, receiver.backoff, receiver.backoff_max) == (3, 2_000_000, 60_000_000)
    assert (receiver.concurrency, receiver.sink._client.timeout.total) == (1, 9.0)


def test_a_receiver_hears_of_what_it_wants_and_is_given_up_when_it_says(read):
    own = "give_up_after: 15m, alert_after: 90s, send_resolved: false, min_severity: SEVERE, fallback: b"
    receiver = read(f"receivers: [{{name: a, {WEBHOOK}, {own}}}, {{name: b, {WEBHOOK}}}]", {"S": SECRET})["a"]
    assert (receiver.give_up_after, receiver.alert_after) == (900_000_000, 90_000_000)
    assert (receiver.send_resolved, receiver.min_severity, receiver.fallback) == (False, "SEVERE", "b")


def test_one_receiver_alone_can_be_opened_and_one_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "receivers.yaml"
    path.write_text(f"receivers: [{{name: a, {WEBHOOK}}}, {{name: b, {WEBHOOK.replace('S}', 'NONE}')}}}]")
    assert list(read_receivers(path, ManualClock(), {"S": SECRET}, only="a")) == ["a"], "b lacks its secret"
    with pytest.raises(ConfigurationError, match=r"there is no receiver 'c'; there are: a, b"):
        read_receivers(path, ManualClock(), {"S": SECRET}, only="c")


@pytest.mark.parametrize("fallback", ["a", "nobody"])
def test_a_fallback_is_another_receiver_that_there_is(read, fallback):
    receivers = f"receivers: [{{name: a, fallback: {fallback}, {WEBHOOK}}}, {{name: b, {WEBHOOK}}}]"
    with pytest.raises(ConfigurationError, match=f"'a': fallback '{fallback}' is no other receiver"):
        read(receivers, {"S": SECRET})
    assert read(receivers.replace(f"fallback: {fallback}", "fallback: b"), {"S": SECRET})["a"].fallback == "b"


@pytest.mark.parametrize("own", ["max_attempts: 1", "max_attempts: 1000000", "concurrency: 1", "concurrency: 256"])
def test_the_bounds_themselves_are_allowed(read, own):
    assert read(f"receivers: [{{name: a, {WEBHOOK}, {own}}}]", {"S": SECRET})


@pytest.mark.parametrize(
    ("own", "names"),
    [
        ("name: a, max_attempts: 0", "max_attempts"),
        ("name: a, max_attempts: 1000001", "max_attempts"),
        ("name: a, concurrency: 0", "concurrency"),
        ("name: a, concurrency: 257", "concurrency"),
        ("name: A", "name"),
        ("name: a b", "name"),
        ("name: -a", "name"),
        (f"name: {'a' * 64}", "name"),
    ],
)
def test_a_value_out_of_bounds_is_named(read, own, names):
    with pytest.raises(ConfigurationError, match=f"receivers.0.{names}"):
        read(f"receivers: [{{{own}, {WEBHOOK}}}]", {"S": SECRET})


@pytest.mark.parametrize(
    ("webhook", "says"),
    [
        ("{url_env: U, secret_env: S}", "webhook.url: set U or U_FILE"),
        ("{url: 'https://a/', secret_env: NONE}", "webhook.secret: set NONE or NONE_FILE"),
        ("{url: 'https://a/', secret_file: EMPTY}", "webhook.secret: .*EMPTY is empty"),
    ],
)
def test_what_is_missing_is_called_as_it_is_in_the_file(read, tmp_path, webhook, says):
    (tmp_path / "EMPTY").write_text("\n")
    with pytest.raises(ConfigurationError, match=says):
        read(f"receivers: [{{name: a, webhook: {webhook}}}]".replace("EMPTY", str(tmp_path / "EMPTY")), {"S": SECRET})


def test_plain_http_to_other_machines_has_to_be_allowed_by_name(read):
    webhook = "{url: 'http://example.org/', secret_env: S, allow_plain_http: true}"
    assert read(f"receivers: [{{name: a, webhook: {webhook}}}]", {"S": SECRET})


def test_the_document_shows_a_file_that_can_be_read(tmp_path):
    text = (DOCS / "receivers.md").read_text("utf-8")
    (tmp_path / "receivers.yaml").write_text(text.split("```yaml\n")[1].split("```")[0])
    given = {
        "CONTROL_ROOM_URL": "https://room.example.org/in",
        "CONTROL_ROOM_SECRET": SECRET,
        "WATCHDOG_URL": "https://watch.example.org/ping",
        "WALL_URL": "mqtts://a:b@wall.example.org",
        "CHAT_URLS": "json://chat.example.org",
    } | dict.fromkeys(("MAIL_PASSWORD", "NEIGHBOURS_PASSWORD", "ON_CALL_KEY"), "x")
    receivers = read_receivers(tmp_path / "receivers.yaml", ManualClock(), given)
    assert {receiver.sink.kind for receiver in receivers.values()} == set(KINDS)
    assert all(f"| `{kind}` |" in text for kind in KINDS)


@pytest.mark.parametrize(
    ("watch", "says"),
    [
        ("operators: [a, nobody]", "operators: 'nobody' is no receiver"),
        ("heartbeat: {receiver: nobody}", "heartbeat: 'nobody' is no receiver"),
        ("heartbeat: {receiver: a, interval: 1s}", "heartbeat.interval"),
        ("heartbeat: {receiver: a, stuck_after: 20s}", "stuck_after must be longer than every timeout"),
        ("heartbeat: {receiver: a, often: 1m}", "heartbeat.often"),
    ],
)
def test_who_watches_is_a_receiver_and_has_time(tmp_path, watch, says):
    webhook = "{url: 'https://a/', secret_env: S, timeout: 30s}"
    path = tmp_path / "receivers.yaml"
    path.write_text(f"{watch}\nreceivers: [{{name: a, webhook: {webhook}}}]")
    with pytest.raises(ConfigurationError, match=says):
        read_watch(path)


def test_who_watches_is_read_beside_the_receivers(tmp_path):
    path = tmp_path / "receivers.yaml"
    path.write_text(f"receivers: [{{name: a, {WEBHOOK}}}]")
    assert read_watch(path) == Watch()
    watch = "operators: [a]\nheartbeat: {receiver: a, interval: 30s, stuck_after: 2m}"
    path.write_text(f"{watch}\nreceivers: [{{name: a, {WEBHOOK}}}]")
    assert read_watch(path) == Watch(("a",), "a", 30_000_000, 120_000_000)


@pytest.mark.parametrize("timeout", ["0s", "6m"])
def test_a_delivery_has_a_time_that_makes_sense(read, timeout):
    with pytest.raises(ConfigurationError, match=r"receivers.0.webhook.timeout"):
        read(f"receivers: [{{name: a, webhook: {{url: 'https://a/', secret_env: S, timeout: {timeout}}}}}]")
