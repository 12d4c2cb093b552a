"""An observation becomes a sighting: of whom, where, and when it really happened."""

from datetime import datetime

import pytest

from fairwatch.domain.outcome import Reject
from fairwatch.processors.enrich import Enrich
from fairwatch.wire.kinds.names import Names
from tests.support.processor_world import MemoryReference, MemoryState, World, emitted
from tests.support.records import AT, device, observation, site

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
TRACKS = {"zone_id": "tracks", "polygon": [{"x": x, "y": y} for x, y in ((0, 0.5), (1, 0.5), (1, 1), (0, 1))]}


def camera(device_id, *aliases, **fields):
    return {**device(device_id, aliases=list(aliases)), "site_id": None, **fields}


@pytest.fixture
def devices():
    return MemoryReference(
        {
            "cam-1": device(zones=[TRACKS], geo={"lat": 1.0, "lon": 2.0}),
            "off": device("off", enabled=False),
            "nvr": device("nvr"),
            "nvr-a": camera("nvr-a", "gate", parent_id="nvr"),
            "nvr-b": camera("nvr-b", "yard", parent_id="nvr", enabled=False),
            "nvr-c": camera("nvr-c", "twin", parent_id="nvr"),
            "nvr-d": camera("nvr-d", "twin", parent_id="nvr"),
            "other": device("other"),
            "other-a": camera("other-a", "dock", parent_id="other", site_id="north"),
        }
    )


@pytest.fixture
def world(devices):
    return World(Enrich(devices, MemoryReference({"harbour": site()}), MemoryState()))


async def place(world, *observations):
    return emitted(
        await world.push(*(world.event("observations", "Observation", o) for o in observations)), "sightings"
    )


def clocked(device_time, received_at=AT, zone="+00:00", device_id="cam-1", n=0):
    written = {"utc": device_time, "raw": "", "zone": zone}
    return {**observation(device_id=device_id, n=n), "device_time": written, "received_at": received_at}


async def test_a_known_device_gives_name_site_and_zone(world):
    [seen] = await place(world, observation())
    assert (seen["device_known"], seen["device_name"]) == (True, "Camera cam-1")
    assert (seen["site_id"], seen["site_name"], seen["time_zone"]) == ("harbour", "Harbour Station", "Europe/Berlin")
    assert seen["geo"] == {"lat": 1.0, "lon": 2.0}


@pytest.mark.parametrize(
    ("policy", "late_s", "expected_s"), [("TRUST", 60, 60), ("TRUST", -7_200, 0), ("RECEIVED", 60, 0)]
)
async def test_a_clock_is_believed_or_not_as_its_device_says(world, devices, policy, late_s, expected_s):
    devices.put("cam-1", device(clock_policy=policy))
    sent = [clocked(AT - late_s * 1_000_000, n=n) for n in range(5)]
    seen = await place(world, *sent)
    assert {one["occurred_at"] for one in seen} == {AT - expected_s * 1_000_000}


async def test_what_a_foreign_producer_may_not_say_goes_no_further(world):
    foreign = {"ethnicity": "x", "plate.nation": "DE", "Emotion": "happy"}
    [seen] = await place(world, observation(extensions=foreign, source={"format": "foreign", "tokens": {"race": "x"}}))
    assert seen["observation"]["extensions"] == {"plate.nation": "DE"}
    assert seen["observation"]["source"]["tokens"] == {}
    assert seen["observation"]["removed_fields"] == 3


@pytest.mark.parametrize("kept", [False, True])
async def test_an_estimated_age_goes_no_further_unless_the_law_allows_it(devices, kept):
    face = {"age_years": {"min": 30.0, "max": 40.0}}
    options = {"soft_biometrics": True} if kept else {}
    places = MemoryReference({"harbour": site()})
    world = World(Enrich(devices, places, MemoryState(), **options))
    [seen] = await place(world, observation("face.seen", face=face))
    assert bool(seen["observation"]["face"].get("age_years")) is kept


async def test_an_observation_of_a_protected_attribute_is_refused(world):
    [[refused]] = await world.push(world.event("observations", "Observation", observation("woman_with_hijab")))
    assert isinstance(refused, Reject)
    assert (refused.reason, refused.field) == ("invalid_field", "event_type")


@pytest.mark.parametrize("key", ["cam-2", "", "CAM-1"])
async def test_an_observation_under_another_key_than_its_device_is_refused_by_the_fields_name(world, key):
    event = world.event("observations", "Observation", observation(), "x")
    event.key = key
    [[refused]] = await world.push(event)
    assert (refused.reason, refused.field) == ("invalid_field", "device_id")
    assert "cam" not in refused.detail.lower()


async def test_an_unknown_device_is_nowhere(world):
    [seen] = await place(world, observation(device_id="new"))
    assert (seen["device_known"], seen["site_id"], seen["time_zone"]) == (False, None, None)


@pytest.mark.parametrize("sender", ["off", "nvr"])
async def test_a_disabled_device_is_rejected(world, sender):
    said = observation(device_id=sender)
    said["source"] = {"format": "x", "channel": "yard"}
    [[answer]] = await world.push(world.event("observations", "Observation", said))
    assert isinstance(answer, Reject)
    assert answer.reason == "disabled_device"


@pytest.mark.parametrize(
    ("sender", "source", "speaker", "site_id"),
    [
        ("nvr", {"device_id": "gate"}, "nvr-a", "harbour"),
        ("nvr", {"device_id": "00:11", "channel": "gate"}, "nvr-a", "harbour"),
        ("nvr", {"channel": "nvr-a"}, "nvr-a", "harbour"),
        ("nvr", {"channel": "twin"}, "nvr", "harbour"),  # two children have that name
        ("nvr", {"device_id": "dock"}, "nvr", "harbour"),  # a child of another recorder
        ("nvr", {"device_id": "cam-1"}, "nvr", "harbour"),
        ("cam-1", {"device_id": "gate"}, "cam-1", "harbour"),
        ("other", {"device_id": "dock"}, "other-a", "north"),
        ("new", {"device_id": "gate"}, "new", None),
    ],
)
async def test_a_recorder_speaks_for_its_own_cameras_only(world, sender, source, speaker, site_id):
    [seen] = await place(world, {**observation(device_id=sender), "source": {"format": "x", **source}})
    assert (seen["observation"]["device_id"], seen["site_id"]) == (speaker, site_id)
    assert seen["observation"]["source"].get("tokens", {}).get("sender") == (sender if speaker != sender else None)


@pytest.mark.parametrize(
    ("shape", "zones"),
    [
        ({"box": {"x0": 0.4, "y0": 0.1, "x1": 0.6, "y1": 0.6}}, ["tracks"]),  # its feet are in
        ({"box": {"x0": 0.4, "y0": 0.1, "x1": 0.6, "y1": 0.4}}, []),
        ({"box": {"x0": 0.4, "y0": 0.1, "x1": 0.6, "y1": 0.5}}, ["tracks"]),  # on the border
        ({"box": {"x0": float("nan"), "y0": 0.1, "x1": 0.6, "y1": 0.6}}, []),
        ({"centre": {"x": 0.5, "y": 0.9}}, ["tracks"]),
        ({}, []),
        (None, []),
    ],
)
async def test_zones_hold_the_foot_point(world, shape, zones):
    [seen] = await place(world, {**observation(), "shape": shape})
    assert seen["zones"] == zones


@pytest.mark.parametrize("polygon", [[], [(0, 0), (1, 1)], [(0, 0), (1, 1), (1, 0), (0, 1)], [(float("nan"), 0)] * 3])
async def test_a_zone_badly_drawn_breaks_nothing(world, devices, polygon):
    zone = {"zone_id": "odd", "polygon": [{"x": x, "y": y} for x, y in polygon]}
    devices.put("cam-1", device(zones=[zone, TRACKS]))
    [seen] = await place(world, {**observation(), "shape": {"centre": {"x": 0.5, "y": 0.9}}})
    assert "tracks" in seen["zones"]


@pytest.mark.parametrize(
    "device_time",
    [0, AT - 2 * DAY, AT + 2 * DAY, 2_598_912_000 * SECOND, -(2**62), 2**62],
    ids=["1970", "late", "tomorrow", "2052", "past", "far"],
)
async def test_an_implausible_clock_is_replaced_by_the_received_time(world, device_time):
    [seen] = await place(world, clocked(device_time))
    assert (seen["occurred_at"], seen["clock"]) == (AT, "IMPLAUSIBLE")


async def test_a_clock_that_was_wrong_from_the_beginning_is_corrected_from_the_third_event_on(world):
    seen = await place(world, *(clocked(AT + n * SECOND - HOUR, AT + n * SECOND, n=n) for n in range(5)))
    assert [one["clock"] for one in seen] == ["UNKNOWN", "UNKNOWN", "OFFSET", "OFFSET", "OFFSET"]
    assert (seen[4]["occurred_at"], seen[4]["clock_offset_ms"]) == (AT + 4 * SECOND, -3_600_000)


async def test_what_a_busy_device_teaches_is_saved_at_most_once_a_second(devices):
    state = MemoryState()
    world = World(Enrich(devices, MemoryReference({}), state))
    saved = []
    for n in range(131):  # ten a second; the first 31 fill the window
        await place(world, clocked(AT + n * SECOND // 10, AT + n * SECOND // 10, n=n))
        saved.append(state.get(0, "cam-1"))
    assert len({str(value) for value in saved[:31]}) == 31
    assert len({str(value) for value in saved[30:]}) == 1 + 10  # the last of these, and one a second for ten seconds


async def test_one_late_event_moves_no_clock(world):
    times = [*((AT + n * SECOND, AT + n * SECOND) for n in range(3)), (AT, AT + HOUR), (AT + HOUR, AT + HOUR)]
    seen = await place(world, *(clocked(said, got, n=n) for n, (said, got) in enumerate(times)))
    assert [(one["occurred_at"], one["clock"]) for one in seen[3:]] == [(AT, "OK"), (AT + HOUR, "OK")]


async def test_a_restart_corrects_as_before(devices):
    state, sites = MemoryState(), MemoryReference()
    world = World(Enrich(devices, sites, state))
    await place(world, *(clocked(AT - HOUR, n=n) for n in range(4)))
    again = World(Enrich(devices, sites, state))
    assert [one["clock"] for one in await place(again, clocked(AT - HOUR, n=9))] == ["OFFSET"]


def utc(text):
    return int(datetime.fromisoformat(text + "+00:00").timestamp() * SECOND)


@pytest.mark.parametrize(
    ("zone", "own", "wanted"),
    [
        ("ASSUMED_UTC", None, "2026-06-30T22:00:00"),  # the site's summer time
        ("ASSUMED_UTC", "Asia/Shanghai", "2026-06-30T16:00:00"),
        ("ASSUMED_+08:00", None, "2026-07-01T00:00:00"),  # the format's own rule is better than the site's
        ("ASSUMED_+08:00", "Asia/Tokyo", "2026-06-30T23:00:00"),
        ("ASSUMED_SITE", "Asia/Tokyo", "2026-07-01T00:00:00"),
        ("+02:00", "Asia/Tokyo", "2026-07-01T00:00:00"),
        (None, "Asia/Tokyo", "2026-07-01T00:00:00"),
        ("ASSUMED_UTC", "no/where", "2026-06-30T22:00:00"),
    ],
)
async def test_a_time_without_a_zone_is_read_in_the_zone_of_its_device(world, devices, zone, own, wanted):
    devices.put("cam-1", device(time_zone=own))
    [seen] = await place(world, clocked(utc("2026-07-01T00:00:00"), utc(wanted), zone))
    assert seen["occurred_at"] == utc(wanted)


async def test_an_observation_without_a_plausible_received_time_is_rejected(world):
    [[answer]] = await world.push(world.event("observations", "Observation", {**observation(), "received_at": 0}))
    assert (answer.reason, answer.field) == ("invalid_field", "received_at")


async def test_a_duplicate_has_the_same_id(world):
    first, second = await place(world, observation(), observation())
    assert first["sighting_id"] == second["sighting_id"]


NAMES = Names("secret")


@pytest.fixture
def named_world(devices):
    devices.put("cam-1", {**device(), "names": ["Turban Hotel"]})
    return World(Enrich(devices, MemoryReference(), MemoryState(), names=NAMES))


async def test_a_token_of_a_registered_name_becomes_the_name_again(named_world):
    token = NAMES.token("cam-1", "rule", "Turban Hotel")
    [seen] = await place(named_world, observation(source={"format": "x", "rule": token}, zones=[token]))
    assert seen["observation"]["source"]["rule"] == "Turban Hotel"
    assert seen["observation"]["zones"] == ["Turban Hotel"]


async def test_a_rules_name_does_not_stand_for_a_zone_nor_a_zones_name_for_a_rule(devices):
    by_kind = [{"kind": "RULE", "name": "Gate line"}, {"kind": "ZONE", "name": "Lawn"}]
    devices.put("cam-1", {**device(zones=[]), "names_by_kind": by_kind})
    world = World(Enrich(devices, MemoryReference(), MemoryState(), names=NAMES))
    rule, lawn = NAMES.token("cam-1", "rule", "Gate line"), NAMES.token("cam-1", "rule", "Lawn")
    zone, grass = NAMES.token("cam-1", "zone", "Gate line"), NAMES.token("cam-1", "zone", "Lawn")
    first, second = await place(
        world,
        observation(source={"format": "x", "rule": rule, "tokens": {"Rule": rule, "Region": rule}}, zones=[zone]),
        observation(source={"format": "x", "rule": lawn, "tokens": {"ZoneName": grass}}, zones=[grass, "Gate line"]),
    )
    assert first["observation"]["source"]["tokens"] == {"Rule": "Gate line", "Region": rule}
    assert (first["observation"]["source"]["rule"], first["observation"]["zones"]) == ("Gate line", [zone])
    assert second["observation"]["source"]["tokens"] == {"ZoneName": "Lawn"}
    assert (second["observation"]["source"]["rule"], second["observation"]["zones"]) == (lawn, ["Lawn", zone])


async def test_a_foreign_producers_name_that_is_not_registered_becomes_a_token(named_world):
    source = {"format": "x", "rule": "Uyghur line", "channel": "7", "tokens": {"Rule": "Uyghur line"}}
    [seen] = await place(named_world, observation(source=source, zones=["zone:3f9ac2"]))
    assert seen["observation"]["source"]["rule"] == NAMES.token("cam-1", "rule", "Uyghur line")
    assert seen["observation"]["source"]["channel"] == "7"
    assert seen["observation"]["zones"] == ["zone:3f9ac2"]
    assert "yghur" not in str(seen)


async def test_a_recorders_camera_is_found_by_the_token_of_its_name(devices):
    world = World(Enrich(devices, MemoryReference(), MemoryState(), names=NAMES))
    source = {"format": "frigate", "device_id": NAMES.token("nvr", "device", "gate")}
    [seen] = await place(world, observation(device_id="nvr", source=source))
    assert seen["observation"]["device_id"] == "nvr-a"
    assert seen["observation"]["source"]["device_id"] == "gate"


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("event_type", {"event_type": "person.uyghur"}),
        ("event_code.text", {"event_code": {"system": "hikvision:eventType", "code": "VMD", "text": "Uyghur seen"}}),
        ("class_code.code", {"class_code": {"system": "frigate:label", "code": "person-uyghur"}}),
        ("object_id", {"object_id": "person-uyghur"}),
        ("media.uri", {"media": [{"uri": "http://192.0.2.1/uyghur.jpg"}]}),
        ("extensions.(value)", {"extensions": {"note": "uyghur seen"}}),
        ("sensor.quantity", {"sensor": {"quantity": "uyghurs"}}),
        ("plates.text", {"plates": [{"text": "a uyghur woman", "raw": ""}]}),
        ("count.by_class.(key)", {"count": {"by_class": {"uyghur": 3}}}),
        ("vehicle.model", {"vehicle": {"model": "uyghur"}}),
    ],
)
async def test_a_foreign_observation_that_breaks_the_kind_of_a_field_is_refused_by_the_fields_name(world, field, said):
    [[refused]] = await world.push(world.event("observations", "Observation", observation(**said)))
    assert isinstance(refused, Reject)
    assert (refused.reason, refused.field) == ("invalid_field", field)
    assert "yghur" not in refused.detail


async def test_a_foreign_claim_goes_no_further(world):
    [seen] = await place(world, observation(claim={"enrolment_id": "4711"}))
    assert seen["observation"]["claim"] is None
