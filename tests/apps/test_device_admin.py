"""Registering devices: what a file says, what stands in its way, and what tokens stand for."""

import json

import pytest

from fairwatch.apps.device_admin.heard_names import heard_names
from fairwatch.apps.device_admin.inspection import Inspection
from fairwatch.apps.device_admin.register import Register
from fairwatch.apps.device_admin.rows import read_rows
from fairwatch.apps.settings import Settings
from fairwatch.cli.devices.testing import told
from fairwatch.domain.errors import ConfigurationError
from fairwatch.edges.auth.sealing import Seal
from fairwatch.edges.device_records import binding_of
from fairwatch.wire.kinds.names import Names
from tests.support.gateway_world import KEY, KEY_HASH, PASSWORD, digested, keyed, write_devices

SECRET = "a secret of more than 32 characters"


def written(folder, text, name="rows.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def registered(device_id="cam-1", **access):
    return {device_id: {"device_id": device_id, "access": access or {"key_sha256": KEY_HASH.removeprefix("sha256:")}}}


def test_rows_of_a_table_are_devices_with_places_and_new_keys(tmp_path):
    path = written(
        tmp_path,
        "device_id,name,site_id,formats,mqtt_topics,sources,bearing_deg,names\n"
        "cam-1,Gate,harbour,frigate,site/cam-1/#; site/cam-1-b/#,,12.5,rule:Line 1; Yard; 10:30\n"
        "cam-2,Yard,harbour,,,10.0.0.0/8,,\n",
    )
    found = read_rows(path, tmp_path, None)
    assert found.faults == []
    (_, one), (_, two) = found.records
    assert (one["site_id"], one["formats"], one["bearing_deg"]) == ("harbour", ["frigate"], 12.5)
    assert one["access"]["mqtt_topics"] == ["site/cam-1/#", "site/cam-1-b/#"]
    assert (one["names"], one["names_by_kind"]) == (["Yard", "10:30"], [{"kind": "RULE", "name": "Line 1"}])
    assert list(found.keys) == ["cam-2"]
    assert binding_of(two, tmp_path, None).accepts_key(found.keys["cam-2"])
    assert found.keys["cam-2"] not in json.dumps(two)


def test_devices_yaml_becomes_records_with_sealed_passwords(tmp_path):
    path = write_devices(tmp_path, [keyed("cam-1", format="frigate"), digested("gat")])
    seal = Seal(SECRET)
    found = read_rows(path, tmp_path, seal)
    (_, one), (_, gat) = found.records
    assert one["formats"] == ["frigate"]
    assert binding_of(one, tmp_path, seal).accepts_key(KEY)
    assert gat["access"]["digest"].keys() == {"username", "sealed", "sha256_only"}
    assert PASSWORD.encode() not in gat["access"]["digest"]["sealed"]


def test_everything_that_is_wrong_is_told_at_once_with_its_place(tmp_path):
    path = written(
        tmp_path,
        "device_id,mqtt_topics,nonsense\ncam 1,a/#,\ncam-2,a/#/b,\ncam-3,x/#,1\ncam-4,y/#,\ncam-4,z/#,\n",
    )
    found = read_rows(path, tmp_path, None)
    told = "\n".join(found.faults)
    for words in ("rows.csv:2: device_id", "rows.csv:3: ", "# must be a whole level", "rows.csv:4: nonsense",
                  "rows.csv:6: device cam-4 is there twice, first at"):  # fmt: skip
        assert words in told
    assert [record["device_id"] for _, record in found.records] == ["cam-4"]


@pytest.mark.parametrize("text", ["devices: [", "devices: {a: 1}", "- 1"])
def test_file_that_is_no_list_of_devices_is_named(tmp_path, text):
    path = written(tmp_path, text, "rows.yaml")
    with pytest.raises(ConfigurationError, match=r"rows\.yaml"):
        read_rows(path, tmp_path, None)


@pytest.mark.parametrize(
    ("known", "new", "said"),
    [
        (registered(), registered("cam-2"), "devices cam-1 and cam-2 have the same api_key_hash"),
        (registered(mqtt_topics=["site/+/events"]), registered("cam-2", mqtt_topics=["site/#"]), "make them disjoint"),
        (registered(certificate_sha256="a" * 64), registered("cam-2", certificate_sha256="a" * 64), "same certificate"),
    ],
)
def test_a_device_that_could_be_taken_for_another_is_refused_and_both_are_named(tmp_path, known, new, said):
    [fault] = Register(known, tmp_path).faults(new["cam-2"])
    assert said in fault
    assert {"cam-1", "cam-2"} <= set(fault.replace(":", " ").split())


def test_a_device_of_the_file_counts_too_until_a_record_says_who_may_send(tmp_path):
    write_devices(tmp_path, [keyed("cam-0")])
    assert "cam-0 and cam-1" in Register({}, tmp_path).faults(registered()["cam-1"])[0]
    moved = Register(registered("cam-0", mqtt_topics=["cam-0/#"]), tmp_path)
    assert moved.faults(registered()["cam-1"]) == []
    assert moved.written == []


def test_only_new_words_are_asked_about(tmp_path):
    known = {"cam-1": {"device_id": "cam-1", "names": ["Turban Hotel"]}}
    register = Register(known, tmp_path)
    assert register.questions({**known["cam-1"], "enabled": False}) == []
    [(field, term)] = register.questions({"device_id": "cam-2", "names": ["Turban Hotel"]})
    assert (field, term) == ("names", "turban")
    of_a_rule = {"device_id": "cam-2", "names_by_kind": [{"kind": "RULE", "name": "Turban Hotel"}]}
    assert register.questions(of_a_rule) == [("names_by_kind.name", "turban")]


def test_a_token_is_shown_with_the_name_it_stands_for(tmp_path):
    settings = Settings(names_secret=SECRET, media_url=f"file://{tmp_path}")
    body = json.dumps(
        {"type": "new", "after": {"id": "1767225600.1-a", "camera": "Yard behind", "label": "car", "frame_time": 1.0,
                                  "start_time": 1.0, "entered_zones": ["Gate of the north"]}}
    ).encode()  # fmt: skip
    raw = {"device_id": "nvr", "body": body, "path": "frigate/events", "received_at": 1_767_225_600_000_000}
    found = {one.name: one for one in heard_names(settings, {"names": ["yard behind"]}, [raw, raw])}
    zone = found["Gate of the north"]
    assert zone.token == Names(SECRET).token("nvr", "zone", "Gate of the north")
    assert (zone.kind, zone.registered, found["Yard behind"].registered) == ("zone", False, True)
    by_kind = {
        "names_by_kind": [{"kind": "RULE", "name": "Gate of the north"}, {"kind": "DEVICE", "name": "yard behind"}]
    }
    found = {one.name: one for one in heard_names(settings, by_kind, [raw])}
    assert (found["Gate of the north"].registered, found["Yard behind"].registered) == (False, True)


def test_what_a_device_does_is_told_in_sentences():
    silent = told(Inspection(), "10m", enabled=False)
    assert silent == [
        "It is disabled: gateways refuse it.",
        "Nothing came within 10m: look at its address, its key, and the gateway's log.",
    ]
    found = Inspection(last_at=1, clock="OFFSET", offset_ms=-61_000)
    found.received["http"] += 3
    found.sightings["frigate"] += 2
    found.dead["malformed body"] += 1
    found.unread["frigate after.mood"] += 2
    assert told(found, "10m", enabled=True)[1:] == [
        "Understood: 2 as frigate",
        "It has no record: nobody knows where it stands.",
        "Clock: OFFSET, -61.0 s.",
        "Not read: 1 for malformed body",
        "No declaration reads frigate after.mood (about 2 payloads)",
    ]
