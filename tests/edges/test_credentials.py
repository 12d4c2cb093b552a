"""devices.yaml: what is refused, and that the message says what to change."""

import pytest
import yaml

from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.credentials import issue_api_key
from fairwatch.edges.device_index import load_devices
from tests.support.gateway_world import KEY, KEY_HASH, PASSWORD, VIID_ID, device, digested, keyed, write_devices


def refusal(tmp_path, *devices):
    path = write_devices(tmp_path, list(devices))
    with pytest.raises(ConfigurationError) as caught:
        load_devices(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_devices_are_found_by_every_name(tmp_path):
    entries = [keyed("cam-1"), digested("gat", viid_id=VIID_ID), device("frigate", mqtt_topics=["frigate/#"])]
    devices = load_devices(write_devices(tmp_path, entries))
    assert devices.get("cam-1").accepts_key(KEY)
    assert devices.by_viid(VIID_ID).digest.password == PASSWORD
    assert devices.by_topic("frigate/events").device_id == "frigate"
    assert devices.by_topic("other/events") is None
    assert devices.topics == ["frigate/#"]


def test_two_devices_with_the_same_key_are_refused(tmp_path):
    assert "cam-1 and cam-2 have the same api_key_hash" in refusal(tmp_path, keyed("cam-1"), keyed("cam-2"))


def test_two_devices_with_the_same_account_are_refused(tmp_path):
    message = refusal(tmp_path, digested("cam-1"), digested("cam-2"))
    assert "same digest user name and password" in message
    assert PASSWORD not in message


def test_two_devices_with_the_same_id_are_refused(tmp_path):
    other = issue_api_key()[1]
    assert "same device_id" in refusal(tmp_path, keyed("cam-1"), device("cam-1", api_key_hash=other))


def test_two_devices_whose_topics_overlap_are_refused(tmp_path):
    message = refusal(tmp_path, device("a", mqtt_topics=["site/#"]), device("b", mqtt_topics=["site/+/events"]))
    assert "'site/#' and 'site/+/events'" in message


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (device("cam 1", api_key_hash=KEY_HASH), "devices.0.device_id"),
        (device("cam-1"), "must be set"),
        (device("cam-1", api_key_hash="sha256:short"), "devices.0.api_key_hash"),
        (keyed("cam-1", viid_id=VIID_ID), "needs digest"),
        (keyed("cam-1", sources=["10.0.0.0/99"]), "devices.0.sources.0"),
        (device("cam-1", api_key_in_path=True, mqtt_topics=["a"]), "api_key_in_path needs"),
        (device("cam-1", mqtt_topics=["a/#/b"]), "# must be a whole level"),
        (device("cam-1", digest={"username": "camera"}), "exactly one of password_file and password_env"),
    ],
)
def test_mistake_is_named_with_its_place(tmp_path, entry, words):
    assert words in refusal(tmp_path, entry)


@pytest.mark.parametrize(
    "settings", [{"api_key_hash": "my secret key"}, {"api_key_hash": KEY_HASH, "password": "my secret key"}]
)
def test_misplaced_secret_is_not_shown(tmp_path, settings):
    assert "my secret key" not in refusal(tmp_path, device("cam-1", **settings))


def test_missing_password_file_is_named(tmp_path):
    path = tmp_path / "devices.yaml"
    path.write_text(yaml.safe_dump({"devices": [device("c", digest={"username": "u", "password_file": "nowhere"})]}))
    with pytest.raises(ConfigurationError, match="password_file nowhere of user 'u' cannot be read"):
        load_devices(path)


def test_short_password_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMERA_PASSWORD", "12345")
    entry = device("c", digest={"username": "admin", "password_env": "CAMERA_PASSWORD"})
    assert "holds 5 characters" in refusal(tmp_path, entry)


@pytest.mark.parametrize("text", ["devices: [", "devices: {a: 1}", "- 1"])
def test_broken_file_is_refused(tmp_path, text):
    path = tmp_path / "devices.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"devices\.yaml"):
        load_devices(path)


def test_key_that_a_person_could_think_of_is_never_accepted(tmp_path):
    from fairwatch.edges.credentials import hash_api_key  # noqa: PLC0415 - only here

    devices = load_devices(write_devices(tmp_path, [device("cam-1", api_key_hash=hash_api_key("password"))]))
    assert not devices.get("cam-1").accepts_key("password")


@pytest.mark.parametrize(
    ("address", "expected"), [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("192.0.2.1", False), ("unknown", False)]
)
def test_source_addresses_are_kept_to(tmp_path, address, expected):
    devices = load_devices(write_devices(tmp_path, [keyed("cam-1", sources=["10.0.0.0/8"])]))
    assert devices.get("cam-1").accepts_source(address) is expected
