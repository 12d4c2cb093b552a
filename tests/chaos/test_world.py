"""The right answers are known: by seed, by plate, by reason."""

from collections import Counter

import pytest

from fairwatch.adapters.catalogue import decode
from fairwatch.adapters.payload import Payload
from fairwatch.domain.calendar import is_plausible
from fairwatch.domain.errors import RejectedError
from fairwatch.wire.avro import Codec
from tests.chaos.poison import POISONS, Poison
from tests.chaos.world import SHARES, World, anpr, number_of, plate, value_of

CODEC = Codec()


def _decoded(body: bytes) -> list[dict]:
    payload = Payload(
        body=body, content_type="application/xml", path="", headers={}, device_id="raw-1",
        received_at=1_795_883_675_000_000, time_zone=None, soft_biometrics=False,
    )  # fmt: skip
    return [record for _, record in decode(payload, "hikvision-isapi").records]


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
        assert (listed is None) == (event.kind in ("plain", "poison"))
        assert listed is None or listed["authorisation_id"] in known


def test_every_event_can_be_written():
    assert all(value_of(event, CODEC) for event in World(2, 300).events)


def test_revocations_are_spread_over_the_run():
    assert [World(1, 10).revocation_at(number, 1000) for number in range(4)] == [200, 400, 600, 800]
