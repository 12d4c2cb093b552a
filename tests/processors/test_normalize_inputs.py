"""What an adapter is told of an event, and what becomes of what it says: of others, of lists, of what was kept."""

import pytest
from obstore.store import MemoryStore

from fairwatch.domain.ids import stable_id
from fairwatch.domain.outcome import Skip
from fairwatch.formats.payload import Decoded
from fairwatch.processors.normalize import Normalize
from fairwatch.stores.media import MediaStore
from fairwatch.wire.kinds.names import Names
from tests.support.processor_world import MemoryReference, World, emitted
from tests.support.records import AT, device, observation, raw_event

IMPORTED = stable_id("imported-entry", "cam-1", "D-1")
ENTRY = {"entry_id": "D-1", "kind": "PLATE", "valid_from": AT, "valid_until": AT + 1}


class Adapter:
    """Says what a test wants said, and keeps what it was asked."""

    def __init__(self, *records, **more):
        self.records, self.more, self.asked = records, more, []

    def __call__(self, payload, format_=None):
        self.asked.append((payload, format_))
        return Decoded("x", records=list(self.records), **self.more)


def world_of(adapter, entries=None, media=None, **options):
    devices = MemoryReference({"cam-1": device(time_zone="Asia/Tokyo")})
    media = media or MediaStore(MemoryStore())
    return World(Normalize(devices, MemoryReference(entries), media, decode=adapter, **options))


async def push(world, body=b"body", **fields):
    [answer] = await world.push(world.event("raw-events", "RawEvent", raw_event(body, **fields)))
    return answer


async def test_an_adapter_is_told_all_that_is_known_of_an_event():
    adapter, names = Adapter(), Names()
    world = world_of(adapter, soft_biometrics=True, names=names)
    sent = {"content_type": "text/plain", "path": "/in/cam-1", "headers": {"x-rule": "gate"}, "format": "dahua"}
    await push(world, b"words", received_at=AT + 7, **sent)
    [(payload, format_)] = adapter.asked
    assert (payload.body, payload.content_type, payload.path) == (b"words", "text/plain", "/in/cam-1")
    assert (payload.headers, format_) == ({"x-rule": "gate"}, "dahua")
    assert (payload.device_id, payload.received_at, payload.time_zone) == ("cam-1", AT + 7, "Asia/Tokyo")
    assert (payload.soft_biometrics, payload.names is names, payload.listed) == (True, True, None)


async def test_of_what_was_not_sent_and_of_a_device_that_nobody_knows_nothing_is_assumed():
    adapter = Adapter()
    await push(world_of(adapter), device_id="cam-9")
    [(payload, format_)] = adapter.asked
    assert (payload.content_type, payload.path, payload.headers, format_) == ("", "", {}, None)
    assert (payload.time_zone, payload.soft_biometrics, payload.device_id) == (None, False, "cam-9")


async def test_a_large_body_comes_from_the_store_of_bodies_where_there_is_one():
    bodies, media, adapter = MediaStore(MemoryStore()), MediaStore(MemoryStore()), Adapter()
    uri = await bodies.put(b"a large body", "text/plain")
    world = world_of(adapter, media=media, bodies=bodies)
    await push(world, b"", body_ref={"uri": uri})
    assert adapter.asked[0][0].body == b"a large body"
    elsewhere = await push(world, b"", body_ref={"uri": await media.put(b"a picture", "image/jpeg")})
    assert elsewhere[0].reason == "media_unavailable"


async def test_what_a_device_says_of_its_own_parts_stays_and_the_observation_is_the_devices():
    said = observation(device_id="cam-9") | {"source": {"format": "x", "device_id": "part-2"}}
    [seen] = emitted([await push(world_of(Adapter(("Observation", said))))], "observations")
    assert (seen["device_id"], seen["source"]["device_id"]) == ("cam-1", "part-2")
    own = observation(device_id="cam-1")
    [seen] = emitted([await push(world_of(Adapter(("Observation", own))))], "observations")
    assert "device_id" not in seen["source"], "what it calls itself is its own name"


@pytest.mark.parametrize(
    ("retained", "active", "lifecycle"), [("true", True, "SYNC"), ("false", True, "MOMENTARY"), ("true", None, None)]
)
async def test_what_a_broker_had_kept_is_told_apart_by_its_header(retained, active, lifecycle):
    said = observation("tamper.covered") | {"active": active, "lifecycle": "MOMENTARY"}
    answer = await push(world_of(Adapter(("Observation", said))), headers={"mqtt-retained": retained})
    if lifecycle is None:
        assert answer == [Skip("retained")]
    else:
        [seen] = emitted([answer], "observations")
        assert seen["lifecycle"] == lifecycle


async def test_an_imported_entry_is_authorised_and_approved_by_nobody_whatever_its_device_says():
    said = {**ENTRY, "authorisation_id": "a", "approved_by": "ann", "created_by": "ann", "extensions": {"x.list": "1"}}
    [entry] = emitted([await push(world_of(Adapter(("WatchlistEntry", said))))], "watchlist-entries")
    assert (entry["authorisation_id"], entry["approved_by"], entry["created_by"]) == (None, None, "device:cam-1")
    assert entry["extensions"] == {"x.list": "1", "imported.entry_id": "D-1"}


@pytest.mark.parametrize("known", [None, {"authorisation_id": None}, {}])
async def test_an_entry_that_nobody_has_authorised_yet_is_imported_again(known):
    world = world_of(Adapter(("WatchlistEntry", dict(ENTRY))), entries={IMPORTED: known})
    [outcome] = await push(world)
    assert (outcome.topic, outcome.key, outcome.record["entry_id"]) == ("watchlist-entries", IMPORTED, IMPORTED)


async def test_entries_of_one_name_from_two_devices_are_two():
    adapter = Adapter(("WatchlistEntry", dict(ENTRY)))
    world = world_of(adapter)
    keys = {(await push(world, device_id=sender))[0].key for sender in ("cam-1", "cam-2")}
    assert len(keys) == 2


async def test_what_is_dropped_is_counted_each_time():
    adapter = Adapter(("Site", {}), skipped=[("heartbeat", "…")], claims=2)
    assert await push(world_of(adapter)) == [
        Skip("unsupported_record"),
        Skip("heartbeat"),
        Skip("claim_without_mandate"),
        Skip("claim_without_mandate"),
    ]


async def test_an_event_that_was_deleted_is_skipped():
    adapter = Adapter()
    world = world_of(adapter)
    assert await world.push(world.event("raw-events", "RawEvent", None)) == [[Skip("tombstone")]]
    assert adapter.asked == []


async def test_what_no_declaration_reads_is_told_by_its_format():
    body = (
        b'<EventNotificationAlert version="2.0"><channelID>1</channelID><dateTime>2026-01-01T00:00:00Z</dateTime>'
        b"<activePostCount>1</activePostCount><eventType>linedetection</eventType><eventState>active</eventState>"
        b"<newThing>5</newThing></EventNotificationAlert>"
    )
    world = World(Normalize(MemoryReference(), MemoryReference(), MediaStore(MemoryStore())))
    answer = await push(world, body, format="hikvision-isapi", content_type="application/xml")
    [drift] = [outcome for outcome in answer if getattr(outcome, "topic", "") == "field-drift"]
    assert (drift.key, drift.record["format"]) == ("hikvision-isapi", "hikvision-isapi")
    assert "newThing" in str(drift.record)
