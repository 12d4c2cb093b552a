"""The right answers are known: by seed, by plate, by reason."""

from collections import Counter

import pytest

from fairwatch.domain.calendar import is_plausible
from fairwatch.domain.errors import RejectedError
from fairwatch.formats.catalogue import decode
from fairwatch.formats.payload import Payload
from fairwatch.wire.avro import Codec
from tests.chaos.doors import Platform, frigate
from tests.chaos.poison import POISONS, Poison
from tests.chaos.stories import FACES, LIVES, QUIETS, Act
from tests.chaos.world import SHARES, UNLISTED, Event, World, anpr, number_of, object_id, plate, value_of

CODEC = Codec()


def _decoded(body: bytes) -> list[dict]:
    return _read(body, "hikvision-isapi", "application/xml", "")


def _read(body: bytes, known_format: str, content_type: str, path: str) -> list[dict]:
    payload = Payload(
        body=body, content_type=content_type, path=path, headers={}, device_id="raw-1",
        received_at=1_795_883_675_000_000, time_zone=None, soft_biometrics=False,
    )  # fmt: skip
    return [record for _, record in decode(payload, known_format).records]


def test_a_seed_gives_the_same_events_again_and_another_gives_others():
    first, again, other = World(3, 500).events, World(3, 500).events, World(4, 500).events
    assert first == again != other


def test_kinds_have_their_shares():
    counts = Counter(event.kind for event in World(1, 20_000).events)
    for kind, share in SHARES:
        assert counts[kind] / 20_000 == pytest.approx(share, rel=0.25)


def test_a_plate_tells_its_number():
    assert [number_of(plate(number)) for number in (0, 1, 99_999)] == [0, 1, 99_999]
    assert len({plate(number) for number in range(2000)}) == 2000
    assert number_of("KM-1") is None


def test_a_camera_says_the_plate():
    event = next(event for event in World(1, 200).events if event.raw and event.kind == "plain")
    [observation] = _decoded(anpr(event))
    assert observation["plates"][0]["text"] == plate(event.number)


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.name)
def test_poison_is_refused_for_the_reason_that_is_expected(poison):
    assert poison.make(1, "raw-1", CODEC) != poison.make(2, "raw-1", CODEC)
    assert _refused(poison) == poison.reason


def _refused(poison: Poison) -> str | None:
    """Return why the codec, the adapter or `enrich` refuses it."""
    try:
        record = CODEC.decode(poison.make(1, "raw-1", CODEC))[1]
        if poison.topic == "raw-events":
            _decoded(record["body"])
    except RejectedError as error:
        return error.reason
    return None if is_plausible(record["received_at"]) else "invalid_field"


def test_everything_listed_is_published_under_its_authorisation():
    world = World(1, 1000)
    records = list(world.reference())
    known = {key: record["state"] for topic, key, record in records if topic == "authorisations"}
    entries = {key: record for topic, key, record in records if topic == "watchlist-entries"}
    assert known["listed"] == "GRANTED"
    assert known["revoked"] == "REVOKED"
    for event in world.events:
        listed = entries.get(str(event.number))
        assert (listed is None) == (event.kind in UNLISTED)
        assert listed is None or listed["authorisation_id"] in known


def test_every_event_can_be_written():
    world = World(2, 3000)
    stories = {story.number: story for story in world.stories}
    for event in world.events:
        assert value_of(event, CODEC, stories[event.act.story] if event.act else None)


def test_revocations_are_spread_over_the_run():
    assert [World(1, 10).revocation_at(number, 1000) for number in range(4)] == [200, 400, 600, 800]


def test_a_platform_says_the_plate_and_a_recorder_the_object():
    vehicle = Event(7, "plain", raw=True, device="viid-camera", door="viid")
    [observation] = _read(Platform.value_of(None, vehicle), "gat1400", "application/json", "/VIID/MotorVehicles")
    assert observation["plates"][0]["text"] == plate(7)
    lifecycles = []
    for step, deed in enumerate(("begin", "begin", "end")):
        event = Event(step, "story", raw=False, device="recorder-1", door="mqtt", act=Act(50, step, deed))
        [observation] = _read(frigate(event), "frigate", "", "recorder-1/events")
        lifecycles.append(observation["lifecycle"])
        assert (observation["event_type"], observation["object_id"]) == ("person.seen", object_id(50))
    assert lifecycles == ["START", "UPDATE", "END"]


def test_every_kind_of_story_is_told_and_every_step_comes_after_the_one_before():
    world = World(5, 30_000)
    assert {story.name for story in world.stories} == LIVES.keys() | FACES.keys() | QUIETS.keys()
    steps: dict[int, list[int]] = {}
    for event in world.events:
        if event.act:
            steps.setdefault(event.act.story, []).append(event.act.step)
    assert all(found == list(range(len(found))) for found in steps.values())
    assert {event.door for event in world.events} == {"kafka", "http", "viid", "mqtt"}


@pytest.mark.parametrize("way", ["kafka", "http", "viid"])
def test_after_every_event_a_listed_plate_comes_soon_by_each_way(way):
    """Recovery is told by one of each: were the next one a minute away, it would be measured as a minute."""
    events = World(7, 12_000).events
    at = [number for number, event in enumerate(events) if event.kind == "listed" and event.door == way]
    gaps = [after - before for before, after in zip([0, *at], at, strict=False)]
    assert sum(gaps) / len(gaps) < 400, "ten seconds at 40 events a second"
    assert max(gaps) < 2000, "what the watch looks ahead"
