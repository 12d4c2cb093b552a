"""Devices as they are now: what a record or devices.yaml changes holds without a restart, and harms no other device."""

import asyncio
import time

import aiohttp
import pytest

from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.auth.accounts import all_ha1
from fairwatch.edges.auth.sealing import Seal
from fairwatch.edges.credentials import DeviceBinding, issue_api_key
from fairwatch.edges.device_index import load_devices
from fairwatch.edges.device_records import access_of, binding_of
from fairwatch.edges.live_devices import DeviceTopic, LiveDevices
from tests.support.gateway_world import KEY, KEY_HASH, PASSWORD, VIID_ID, digested, keyed, run_gateway, write_devices
from tests.support.processor_world import MemoryReference

SECRET = "a secret of more than 32 characters"


def record(device_id="cam-1", *, at=0, enabled=True, **access):
    access = access and {"key_sha256": None, **access}
    return {"device_id": device_id, "enabled": enabled, "updated_at": at, "access": access or None}


def with_key(device_id="cam-1", key_hash=KEY_HASH, **more):
    return record(device_id, key_sha256=key_hash.removeprefix("sha256:"), **more)


class Topic(MemoryReference):
    def __init__(self, records=None, *, complete=True):
        super().__init__({one["device_id"]: one for one in records or ()})
        self.complete = asyncio.Event()
        if complete:
            self.complete.set()

    def followed(self):
        async def run():
            await asyncio.Event().wait()

        return DeviceTopic(self, self.complete, run)


def live(folder, topic, *entries):
    return LiveDevices("http", write_devices(folder, list(entries)), Seal(SECRET), topic.followed())


def test_device_comes_and_goes_with_its_record(tmp_path):
    topic = Topic()
    found = live(tmp_path, topic)
    topic.put("cam-1", with_key(mqtt_topics=["cam-1/#"]))
    found.look()
    assert found.devices.get("cam-1").accepts_key(KEY)
    assert found.devices.by_topic("cam-1/x").device_id == "cam-1"
    topic.remove("cam-1")
    found.look()
    assert found.devices.get("cam-1") is None
    assert found.devices.by_topic("cam-1/x") is None


def test_record_wins_over_the_file_and_gives_back_what_it_said(tmp_path):
    other, topic = issue_api_key()[1], Topic()
    found = live(tmp_path, topic, keyed("cam-1"))
    topic.put("cam-1", with_key(key_hash=other))
    found.look()
    assert not found.devices.get("cam-1").accepts_key(KEY)
    topic.remove("cam-1")
    found.look()
    assert found.devices.get("cam-1").accepts_key(KEY)


def test_record_without_access_disables_a_device_of_the_file(tmp_path):
    topic = Topic([record(enabled=False)])
    found = live(tmp_path, topic, keyed("cam-1"))
    found.look()
    assert found.devices.get("cam-1").enabled is False


@pytest.mark.parametrize(
    "taken",
    [
        {"key_sha256": KEY_HASH.removeprefix("sha256:")},
        {"mqtt_topics": ["site/+/events"]},
        {"certificate_sha256": "a" * 64},
    ],
)
def test_who_was_there_first_stays_and_the_other_comes_in_when_it_goes(tmp_path, taken):
    topic = Topic([record("cam-1", at=1, **taken)])
    found = live(tmp_path, topic)
    found.look()
    topic.put(
        "cam-0", record("cam-0", at=2, **{**taken, **({"mqtt_topics": ["site/#"]} if "mqtt_topics" in taken else {})})
    )
    found.look()
    assert [one.device_id for one in found.devices.all] == ["cam-1"]
    topic.remove("cam-1")
    found.look()
    assert [one.device_id for one in found.devices.all] == ["cam-0"]


def test_of_two_in_conflict_the_one_that_has_not_changed_for_longer_is_let_in_at_start(tmp_path):
    found = live(tmp_path, Topic([with_key("cam-1", at=2), with_key("cam-2", at=1)]))
    found.look()
    assert [one.device_id for one in found.devices.all] == ["cam-2"]


def test_record_that_is_wrong_lets_nobody_in_and_names_the_device(tmp_path):
    topic = Topic([with_key()])
    found = live(tmp_path, topic)
    found.look()
    topic.put("cam-1", record(key_in_path=True))
    found.look()
    assert found.devices.get("cam-1") is None


def test_file_that_is_written_again_is_read_again_and_a_wrong_one_changes_nothing(tmp_path):
    topic = Topic()
    found = live(tmp_path, topic, keyed("cam-1"))
    write_devices(tmp_path, [keyed("cam-1"), digested("gat", viid_id=VIID_ID)])
    found.look()
    assert found.devices.by_viid(VIID_ID).device_id == "gat"
    (tmp_path / "devices.yaml").write_text("devices: [")
    found.look()
    assert len(found.devices.all) == 2
    (tmp_path / "devices.yaml").unlink()
    found.look()
    assert found.devices.all == ()


def test_digest_account_of_a_record_is_sealed_for_its_device_and_holds_no_password(tmp_path):
    seal = Seal(SECRET)
    binding = load_devices(write_devices(tmp_path, [digested("gat", viid_id=VIID_ID)])).get("gat")
    account = binding.digest
    sealed = seal.close(account.bound_to("gat"), all_ha1(account.username, account.password))
    told = {"device_id": "gat", "access": access_of(binding, {"digest": sealed})}
    assert PASSWORD.encode() not in sealed
    again = binding_of(told, tmp_path, seal)
    assert again.digest.password == ""
    for algorithm in ("MD5", "SHA-256"):
        assert again.digest.ha1(algorithm, "fairwatch-viid") == account.ha1(algorithm, "fairwatch-viid")
    with pytest.raises(ConfigurationError, match="for another device"):
        binding_of({**told, "device_id": "other"}, tmp_path, seal)
    with pytest.raises(ConfigurationError, match="FAIRWATCH_DEVICES_SECRET"):
        binding_of(told, tmp_path, Seal(""))


@pytest.mark.parametrize("sealed", ["no JSON", "1", '["a"]'])
def test_seal_that_holds_no_hashes_lets_its_device_not_in_and_stops_no_other(tmp_path, sealed):
    kept = Seal(SECRET).close("DigestAccount\ngat\nu", sealed)
    found = live(tmp_path, Topic([record("gat", digest={"username": "u", "sealed": kept}), with_key()]))
    found.look()
    assert [one.device_id for one in found.devices.all] == ["cam-1"]


@pytest.mark.parametrize("file", ["../cam.password", "/etc/hostname", "people.yaml"])
def test_record_names_password_files_only(tmp_path, file):
    with pytest.raises(ConfigurationError, match="must be a file's name"):
        binding_of(record(digest={"username": "u", "password_file": file}), tmp_path, Seal(SECRET))


def test_record_cannot_name_a_variable_of_the_gateway():
    binding = DeviceBinding(device_id="c", digest={"username": "u", "password_env": "X"})
    with pytest.raises(ConfigurationError, match="a record cannot say password_env X"):
        access_of(binding)


async def test_device_that_is_disabled_is_refused_within_seconds_and_one_that_is_added_gets_in(tmp_path):
    topic = Topic([with_key()])
    async with run_gateway("http", tmp_path, [], topic=topic.followed()) as gateway, aiohttp.ClientSession() as http:

        async def push(device_id, key=KEY):
            url = f"{gateway.url}/v1/push/{device_id}"
            async with http.post(url, data=b"{}", headers={"X-Api-Key": key}) as response:
                return response.status

        async def until(status, *args):
            async with asyncio.timeout(5):
                while await push(*args) != status:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)

        await until(200, "cam-1")
        key, key_hash = issue_api_key()
        topic.put("cam-1", with_key(enabled=False))
        topic.put("cam-2", with_key("cam-2", key_hash))
        await until(403, "cam-1")
        await until(200, "cam-2", key)


async def test_device_that_nobody_knows_yet_is_sent_away_for_a_moment_while_records_are_read(tmp_path):
    topic = Topic([with_key()], complete=False)
    async with run_gateway("http", tmp_path, [], topic=topic.followed()) as gateway, aiohttp.ClientSession() as http:
        async with http.post(f"{gateway.url}/v1/push/cam-9", data=b"{}", headers={"X-Api-Key": KEY}) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "2")
        async with http.get(f"{gateway.health}/ready") as response:
            assert "devices are not read yet" in await response.text()


def test_change_of_one_of_ten_thousand_devices_costs_milliseconds(tmp_path):
    names = [f"cam-{number}" for number in range(10_000)]
    topic = Topic([record(name, mqtt_topics=[f"site/{name}/#"]) for name in names])
    found = live(tmp_path, topic)
    found.look()
    assert len(found.devices.all) == len(names)
    topic.put("cam-77", record("cam-77", mqtt_topics=["elsewhere/#"]))
    began = time.thread_time()
    found.look()
    took = time.thread_time() - began
    assert found.devices.by_topic("elsewhere/x").device_id == "cam-77"
    assert found.devices.by_topic("site/cam-77/x") is None
    assert found.devices.by_topic("site/cam-78/x").device_id == "cam-78"
    assert took < 0.25, f"{took * 1000:.0f} ms"
