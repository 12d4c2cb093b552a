"""receivers.yaml: secrets come from files or the environment, and a mistake is named."""

import pytest

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.sinks.receivers import read_receivers
from tests.support.places import CONFIG

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
    assert (receivers["control-room"].max_attempts, receivers["control-room"].backoff) == (10, 1_000_000)


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
