"""A device speaks for itself only; its pictures are stored before anybody hears of them."""

import hashlib

import pytest
from obstore.store import MemoryStore

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Reject, Skip
from fairwatch.formats.payload import Decoded
from fairwatch.processors.normalize import Normalize
from fairwatch.stores.media import MediaStore, media_uri
from tests.support.processor_world import MemoryReference, World, emitted
from tests.support.records import AT, device, observation, raw_event

ENTRY = {"entry_id": "D-1", "kind": "PLATE", "valid_from": AT, "valid_until": AT + 1, "authorisation_id": "a"}
PICTURE = b"\xff\xd8 a picture"


def fake_decode(payload, format_=None):
    """Stand in for the adapters: the body says what comes out."""
    match payload.body.decode():
        case "bad":
            raise RejectedError("malformed", "not XML", "body")
        case "skip":
            return Decoded("x", skipped=[("heartbeat", "…"), ("heartbeat", "…")])
        case "nothing":
            return Decoded("x")
        case "entry":
            return Decoded("x", records=[("WatchlistEntry", dict(ENTRY))])
        case "device":
            return Decoded("x", records=[("Device", device("cam-9")), ("Observation", observation(device_id="cam-9"))])
        case "picture":
            digest = hashlib.sha256(PICTURE).hexdigest()
            seen = observation(device_id=payload.device_id, media=[{"uri": f"fw-media:{digest}"}])
            return Decoded("x", records=[("Observation", seen)], media={digest: (PICTURE, "image/jpeg")})
        case text:
            return Decoded("x", records=[("Observation", observation(n=n)) for n in range(int(text))])


@pytest.fixture
def media():
    return MediaStore(MemoryStore())


@pytest.fixture
def entries():
    return MemoryReference()


@pytest.fixture
def world(media, entries):
    return World(Normalize(MemoryReference({"cam-1": device()}), entries, media, decode=fake_decode))


async def push(world, *bodies, **fields):
    return await world.push(*(world.event("raw-events", "RawEvent", raw_event(b.encode(), **fields)) for b in bodies))


async def test_good_and_bad_events_of_a_batch_are_answered_side_by_side(world):
    good, bad, skipped, nothing = await push(world, "3", "bad", "skip", "nothing")
    assert len(emitted([good], "observations")) == 3
    assert bad == [Reject("malformed", "not XML", "body")]
    assert skipped == [Skip("heartbeat")] * 2
    assert nothing == [Skip("no_record")]


async def test_an_observation_is_bound_to_the_device_that_authenticated_itself(world):
    [seen] = emitted(await push(world, "device", received_at=AT + 5), "observations")
    assert (seen["device_id"], seen["source"]["device_id"]) == ("cam-1", "cam-9")
    assert seen["received_at"] == AT + 5
    assert seen["raw_sha256"] == hashlib.sha256(b"device").hexdigest()


async def test_a_device_cannot_register_devices(world):
    assert Skip("device_announcement") in (await push(world, "device"))[0]


async def test_pictures_are_in_the_store(world, media):
    [seen] = emitted(await push(world, "picture"), "observations")
    assert await media.get(seen["media"][0]["uri"]) == PICTURE


async def test_a_picture_that_cannot_be_stored_rejects_its_event_only():
    small = MediaStore(MemoryStore(), limit_bytes=4)
    world = World(Normalize(MemoryReference(), MemoryReference(), small, decode=fake_decode))
    bad, good = await push(world, "picture", "1")
    assert bad[0].reason == "too_large"
    assert len(good) == 1


async def test_a_large_body_is_fetched_and_a_lost_one_is_rejected(world, media):
    uri = await media.put(b"2", "text/plain")
    found = await push(world, "", body_ref={"uri": uri})
    lost = await push(world, "", body_ref={"uri": media_uri(b"lost")})
    assert len(emitted(found, "observations")) == 2
    assert lost[0][0].reason == "media_unavailable"


async def test_an_imported_entry_has_no_authorisation_and_a_name_of_its_own(world):
    [entry] = emitted(await push(world, "entry"), "watchlist-entries")
    assert entry["authorisation_id"] is None
    assert entry["entry_id"] == stable_id("imported-entry", "cam-1", "D-1") != "D-1"
    assert (entry["created_by"], entry["extensions"]["imported.entry_id"]) == ("device:cam-1", "D-1")


async def test_an_entry_that_people_have_authorised_is_never_overwritten(world, entries):
    entries.put(stable_id("imported-entry", "cam-1", "D-1"), {"authorisation_id": "auth-1"})
    assert await push(world, "entry") == [[Skip("entry_is_authorised")]]


async def test_a_real_format_comes_through(media):
    world = World(Normalize(MemoryReference(), MemoryReference(), media))
    body = (
        b'<EventNotificationAlert version="2.0"><macAddress>44:19:b6:00:00:01</macAddress><channelID>1</channelID>'
        b"<dateTime>2026-01-01T00:00:00Z</dateTime><activePostCount>1</activePostCount><eventType>linedetection</eventType>"
        b"<eventState>active</eventState></EventNotificationAlert>"
    )
    raw = raw_event(body, format="hikvision-isapi", content_type="application/xml")
    event = world.event("raw-events", "RawEvent", raw)
    [seen] = emitted(await world.push(event), "observations")
    assert (seen["event_type"], seen["device_id"]) == ("line.crossed", "cam-1")
