"""What a device recognises itself: dropped, unless two people bound its list to an authorisation in force."""

import re
from pathlib import Path

import orjson
import pytest
from obstore.store import MemoryStore

from fairwatch.domain.outcome import Skip
from fairwatch.policy.device_lists import list_standing
from fairwatch.processors.enrich import Enrich
from fairwatch.processors.match import Match
from fairwatch.processors.normalize import Normalize
from fairwatch.stores.media import MediaStore
from fairwatch.wire.kinds.names import Names
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, device, observation, raw_event, site
from tests.support.watchlist import HOUR, authorisation, entry, lists

FORMATS = Path(__file__).resolve().parents[2] / "services/fairwatch/formats"
PICTURE = {"uri": "fw-media:" + "0" * 64, "sha256": "0" * 64, "role": "FACE"}
# (format, recording, whom the device names in it)
RECORDINGS = [
    ("frigate", "frigate/recordings/frigate/event_update_sub_label.json", None),
    ("hikvision-isapi", "hikvision/recordings/hikvision-isapi/face_match.json", None),
    ("dahua", "dahua/recordings/dahua/face_recognised.txt", "1"),
    ("gat1400", "gat1400/recordings/gat1400/disposition_notification.json", None),
    ("double-take", "double_take/recordings/double-take/match.json", "somebody"),
    ("compreface", "compreface/recordings/compreface/recognise.json", "somebody"),
    ("rekognition", "amazon/recordings/rekognition/stream_faces.json", "somebody"),
    ("rekognition", "amazon/recordings/rekognition/comparison.json", "f"),
    ("rekognition", "amazon/recordings/rekognition/search_users.json", "somebody"),
    ("rekognition", "amazon/recordings/rekognition/celebrities.json", "c1"),
    ("rekognition", "amazon/recordings/rekognition/video_celebrities.json", "c1"),
    ("rekognition", "amazon/recordings/rekognition/video_face_search.json", "somebody"),
    ("verkada", "verkada/recordings/verkada/person_of_interest.json", "somebody"),
    ("viseron", "viseron/recordings/viseron/face.json", "somebody"),
    ("azure-face", "azure/recordings/azure-face/identify.json", "p"),
    ("deepstack", "deepstack/recordings/deepstack/recognised.json", "somebody"),
    ("google-vision", "google/recordings/google-vision/recognised.json", "video-celebrity/1"),
    ("unifi-protect", "unifi/recordings/unifi-protect/smart_known_face.json", "g1"),
    ("unifi-protect", "unifi/recordings/unifi-protect/webhook_face.json", "Somebody"),
]
PLATES = [
    ("openalpr", "openalpr/recordings/openalpr/alert.json"),
    ("axis-lpv", "axis/recordings/axis-lpv/listed.json"),
    ("frigate", "frigate/recordings/frigate/update_plate.json"),
]
NOBODY = [
    ("double-take", "double_take/recordings/double-take/miss_and_unknown.json"),
    ("rekognition", "amazon/recordings/rekognition/search_nobody.json"),
    ("viseron", "viseron/recordings/viseron/face_unknown.json"),
    ("viseron", "viseron/recordings/viseron/face_gone.json"),
]


def bound(token, **fields):
    return {
        "list_id": "list-1",
        "device_id": "cam-1",
        "authorisation_id": "auth-1",
        "state": "BOUND",
        "entry_id": None,
        "entries": [{"token": token, "entry_id": "entry-1"}] if token else [],
        "valid_from": AT - HOUR,
        "valid_until": AT + HOUR,
        "requested_by": "ann",
        "approved_by": ["ben"],
        **fields,
    }


class Hub:
    """normalize, enrich and match, one after the other, over the same reference topics."""

    def __init__(self, *bindings):
        face = entry(kind="FACE", plate=None, references=[{**PICTURE, "role": "REFERENCE"}])
        self.references = lists([face], [authorisation()])
        self.bindings = self.references["device-lists"]
        for one in bindings:
            self.bindings.put(one["list_id"], one)
        devices, authorisations = MemoryReference({"cam-1": device()}), self.references["authorisations"]
        more = {"device_lists": self.bindings, "authorisations": authorisations}
        self.normalize = World(Normalize(devices, MemoryReference(), MediaStore(MemoryStore()), **more))
        self.enrich = World(Enrich(devices, MemoryReference({"harbour": site()}), MemoryState(), **more))
        self.match = World(None)
        self.match.processor = Match(self.match.clock, MemoryState(), self.references, None)

    async def observed(self, name, format_):
        path = FORMATS / name
        beside = path.with_name(f"{path.stem}.payload.json")
        extra = orjson.loads(beside.read_bytes()) if beside.exists() else {}
        body = path.read_bytes()
        raw = raw_event(body, content_type="application/json" if name.endswith("json") else "text/plain")
        event = self.normalize.event("raw-events", "RawEvent", {**raw, **extra, "format": format_})
        return (await self.normalize.push(event))[0]

    async def placed(self, seen):
        event = self.enrich.event("observations", "Observation", seen)
        return emitted(await self.enrich.push(event), "sightings")[0]

    async def matched(self, seen):
        sighting = await self.placed(seen)
        outcomes = (await self.match.push(self.match.event("sightings", "Sighting", sighting)))[0]
        return emitted([outcomes], "candidates"), outcomes


def claiming(token="id:0123456789abcdef", **fields):
    claim = {"enrolment_id": token, "similarity": {"value": 0.91, "scale": "PERCENT"}, **fields}
    return observation("face.match", claim=claim, object_class="FACE", media=[PICTURE])


@pytest.mark.parametrize(("format_", "name", "_"), RECORDINGS)
async def test_without_a_bound_list_whom_a_device_recognised_is_dropped_and_counted(format_, name, _):
    hub = Hub()
    outcomes = await hub.observed(name, format_)
    assert Skip("claim_without_mandate") in outcomes
    assert all(not one.get("claim") for one in emitted([outcomes], "observations"))


@pytest.mark.parametrize(("format_", "name", "_"), RECORDINGS)
async def test_by_a_bound_list_it_travels_as_a_token_and_becomes_a_candidate_for_two_people(format_, name, _):
    hub = Hub(bound("", entry_id="entry-1"))
    outcomes = await hub.observed(name, format_)
    assert Skip("claim_without_mandate") not in outcomes
    [seen] = [one for one in emitted([outcomes], "observations") if one.get("claim")]
    assert seen["claim"]["enrolment_id"].startswith("id:")
    [found], _outcomes = await hub.matched({**seen, "received_at": AT, "occurred_at": AT, "device_time": None})
    assert (found["entry_id"], found["kind"], found["required_verifications"]) == ("entry-1", "FACE", 2)
    assert found["threshold_policy"] == "device-list:list-1"
    assert found["algorithm"] == f"device-list/{format_}"


@pytest.mark.parametrize(("format_", "name", "whom"), [one for one in RECORDINGS if one[2]])
async def test_whom_a_device_names_is_found_by_the_id_that_people_bind(format_, name, whom):
    outcomes = await Hub(bound(Names().token("cam-1", "id", whom))).observed(name, format_)
    assert [one["claim"]["enrolment_id"] for one in emitted([outcomes], "observations") if one.get("claim")]
    assert Skip("claim_without_mandate") not in outcomes


@pytest.mark.parametrize(("format_", "name"), PLATES)
async def test_what_a_device_thinks_of_a_plate_is_counted_and_never_a_candidate_of_its_list(format_, name):
    assert Skip("claim_without_mandate") in await Hub().observed(name, format_)
    hub = Hub(bound("", entry_id="entry-1"))
    [seen] = [one for one in emitted([await hub.observed(name, format_)], "observations") if one.get("claim")]
    hub.references["watchlist-entries"].put("entry-1", entry(plate="XX 99999"))
    found, outcomes = await hub.matched({**seen, "received_at": AT, "occurred_at": AT, "device_time": None})
    assert not found
    assert Skip("claim_without_mandate") in outcomes


@pytest.mark.parametrize(("format_", "name"), NOBODY)
async def test_somebody_whom_a_device_does_not_know_is_no_claim(format_, name):
    outcomes = await Hub(bound("", entry_id="entry-1")).observed(name, format_)
    assert emitted([outcomes], "observations")
    assert all(not one.get("claim") for one in emitted([outcomes], "observations"))
    assert Skip("claim_without_mandate") not in outcomes


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, 1),
        ({"entry_id": "entry-1", "entries": []}, 1),
        ({"entries": [{"token": f"id:{n:016x}", "entry_id": f"entry-{n // 2 + 1}"} for n in range(6)]}, 3),
    ],
)
async def test_a_candidate_of_a_devices_list_says_what_the_list_was_and_how_many_it_leads_to(fields, size):
    token = "id:" + "0" * 16
    [found], _ = await Hub(bound(token, **fields)).matched(claiming(token))
    assert found["gallery_size"] == size
    assert re.fullmatch(r"[0-9a-f]{32}", found["gallery_version"])
    for other in ({"requested_by": "cleo"}, {"valid_until": AT + 2 * HOUR}, {"list_id": "list-2"}):
        [again], _ = await Hub(bound(token, **{**fields, **other})).matched(claiming(token))
        assert (again["gallery_version"] == found["gallery_version"]) == ("requested_by" in other)


async def test_only_whom_the_list_names_counts_and_the_name_goes_nowhere():
    token = Names().token("cam-1", "id", "1")
    name = "dahua/recordings/dahua/face_recognised.txt"
    [seen] = emitted([await Hub(bound(token)).observed(name, "dahua")], "observations")
    assert seen["claim"] == {"enrolment_id": token, "similarity": {"value": 0.9, "raw": "90", "scale": "PERCENT"}}
    assert "Somebody" not in repr(seen)
    other = await Hub(bound(Names().token("cam-1", "id", "2"))).observed(name, "dahua")
    assert Skip("claim_without_mandate") in other


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "REQUESTED"},
        {"state": "ENDED"},
        {"approved_by": []},
        {"approved_by": ["ann"]},
        {"approved_by": [" ANN "]},
        {"requested_by": ""},
        {"device_id": "cam-2"},
        {"valid_until": AT},
        {"valid_from": AT + 1},
        {"authorisation_id": "auth-2"},
        {"list_id": "another"},
    ],
)
async def test_a_binding_that_lacks_anything_counts_for_nothing(fields):
    binding = bound("id:0123456789abcdef") | fields
    hub = Hub()
    hub.bindings.put("list-1", binding)
    assert (await hub.placed(claiming()))["observation"]["claim"] is None


async def test_a_foreign_producer_says_of_a_claim_no_more_than_a_device():
    hub = Hub(bound("id:0123456789abcdef"))
    said = (await hub.placed(claiming(reference={"uri": PICTURE["uri"]})))["observation"]["claim"]
    assert said.keys() == {"enrolment_id", "similarity"}


@pytest.mark.parametrize(
    ("topic", "record"),
    [
        ("authorisations", authorisation(state="REVOKED")),
        ("authorisations", authorisation(site_ids=["elsewhere"])),
        ("authorisations", authorisation(kinds=["PLATE"])),
        ("watchlist-entries", entry(kind="FACE", plate=None, state="SUSPENDED")),
        ("watchlist-entries", entry(kind="FACE", plate=None, authorisation_id="auth-2")),
        ("watchlist-entries", entry()),
        ("device-lists", bound("id:0123456789abcdef", state="ENDED")),
    ],
)
async def test_what_was_taken_back_or_does_not_reach_the_place_finds_nobody(topic, record):
    hub = Hub(bound("id:0123456789abcdef"))
    sighting = await hub.placed(claiming())
    assert sighting["observation"]["claim"]
    hub.references["authorisations"].put("auth-2", authorisation("auth-2"))
    key = record.get("entry_id") if topic == "watchlist-entries" else None
    hub.references[topic].put(key or record.get("list_id") or record["authorisation_id"], record)
    outcomes = (await hub.match.push(hub.match.event("sightings", "Sighting", sighting)))[0]
    assert emitted([outcomes], "candidates") == []
    assert Skip("claim_without_mandate") in outcomes


def test_a_whole_list_needs_a_second_person_too():
    assert list_standing(bound("", entry_id="entry-1", approved_by=["ann"])) == "no_approver"
    assert list_standing(bound("", entry_id="entry-1")) is None
