"""What is looked for is found where it may be looked for, with an explanation, and nothing else is looked at."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter

from fairwatch.domain.errors import RetryableError
from fairwatch.domain.outcome import Outcome, Skip
from fairwatch.matching.face_search import FaceSearch
from fairwatch.matching.match_policy import MatchPolicy
from fairwatch.processors.match import LOOK_AGAIN, Match
from fairwatch.stores.media import MediaStore
from tests.support.face_models import face_reader, needs_models, picture
from tests.support.processor_world import MemoryState, World, emitted
from tests.support.records import AT, sighting
from tests.support.watchlist import HOUR, authorisation, entry, lists

pytestmark = needs_models


class Gate:
    """The processor with its lists, its media store and its world."""

    def __init__(self, folder: Path, references: dict[str, Any] | None = None) -> None:
        self.references = references or lists()
        self.media = MediaStore.open(f"file://{folder}")
        self.world = World(None)  # type: ignore[arg-type]  # set in the next line: both share the clock
        self.faces = FaceSearch(face_reader(), self.media)
        self.match = Match(self.world.clock, MemoryState(), self.references, self.faces)
        self.world.processor = self.match

    async def sees(self, seen: dict[str, Any], **fields: Any) -> list[Outcome]:
        record = sighting("plate.read", observation=seen, **fields)
        event = self.world.event("sightings", "Sighting", record)
        event.offset = fields.get("n", 0)  # the same one lies where it lay
        return (await self.world.push(event))[0]

    async def reads(self, text: str, **fields: Any) -> list[Outcome]:
        return await self.sees({"plates": [{"text": text, "raw": text}]}, **fields)

    async def meets(self, name: str, **fields: Any) -> list[Outcome]:
        ref = {"uri": await self.keep(name), "role": "FACE"}
        return await self.sees({"object_class": "FACE", "media": [ref]}, **fields)

    async def keep(self, name: str) -> str:
        return await self.media.put(picture(name), "image/jpeg")

    async def list_faces(self, *names: str, **fields: Any) -> None:
        self.references["watchlist-entries"].records.clear()
        for name in names:
            uri = await self.keep(name)
            references = [{"uri": uri, "sha256": uri.split(":")[1], "role": "REFERENCE"}]
            record = entry(name, kind="FACE", plate=None, references=references, **fields)
            self.references["watchlist-entries"].put(name, record)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def candidates(outcomes: list[Outcome]) -> list[Any]:
    return emitted([outcomes], "candidates")


async def test_a_confusable_reading_of_a_listed_plate_is_a_candidate_that_explains_itself(gate: Gate) -> None:
    outcomes = await gate.reads("ABC-8123")
    (made,) = candidates(outcomes)
    assert made["explanation"][0] == "position 4: read 8, listed B (confusable)"
    assert made["explanation"][1].startswith("likelihood ratio 10^6.")
    assert (made["plate_read"], made["plate_listed"]) == ("ABC-8123", "ABCB123")
    assert made["score"] == pytest.approx(0.9)
    assert made["score"] >= made["threshold"]
    assert (made["gallery_size"], made["rank"], made["required_verifications"]) == (1, 1, 0)
    assert (made["entry_id"], made["authorisation_id"], made["device_name"]) == ("entry-1", "auth-1", "Camera cam-1")
    (audit,) = emitted([outcomes], "audit")
    assert (audit["action"], audit["subject"]) == ("candidate.created", made["candidate_id"])


async def test_the_same_sighting_gives_the_same_candidate(gate: Gate, tmp_path: Path) -> None:
    first = await gate.reads("ABCB123")
    assert await gate.reads("ABCB123") == first
    assert await Gate(tmp_path).reads("ABCB123") == first


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"state": "REVOKED"}, {}),
        ({"state": "REQUESTED"}, {}),
        ({"approved_by": ["ann"]}, {}),
        ({"site_ids": [], "device_ids": [], "areas": []}, {}),
        ({"site_ids": ["airport"]}, {}),
        ({"kinds": ["FACE"]}, {}),
        ({"modes": ["POST"]}, {}),
        ({"valid_until": AT}, {}),
        ({"valid_from": AT + 1}, {}),
        ({}, {"site_id": "airport"}),
        ({}, {"site_id": None}),
        ({}, {"occurred_at": AT + 25 * HOUR}),
    ],
)
async def test_out_of_mandate_nothing_is_evaluated(
    tmp_path: Path, change: dict[str, Any], fields: dict[str, Any]
) -> None:
    gate = Gate(tmp_path, lists(authorisations=[authorisation(**change)]))
    assert await gate.reads("ABCB123", **fields) == [Skip("out_of_mandate")]


@pytest.mark.parametrize(
    "change",
    [
        {"authorisation_id": None},
        {"authorisation_id": "auth-9"},
        {"valid_until": AT},
        {"device_ids": ["cam-9"]},
        {"areas": ["west"]},
    ],
)
async def test_an_entry_without_a_mandate_never_matches(tmp_path: Path, change: dict[str, Any]) -> None:
    gate = Gate(tmp_path, lists([entry(**change)]))
    assert await gate.reads("ABCB123") == [Skip("out_of_mandate")]


@pytest.mark.parametrize("state", ["SUSPENDED", "WITHDRAWN", "EXPIRED"])
async def test_an_entry_that_rests_is_not_listed(tmp_path: Path, state: str) -> None:
    assert await Gate(tmp_path, lists([entry(state=state)])).reads("ABCB123") == [Skip("nothing_listed")]


async def test_an_authorisation_may_name_the_area_or_the_device(tmp_path: Path) -> None:
    for place in ({"areas": ["east"]}, {"device_ids": ["cam-1"]}):
        gate = Gate(tmp_path, lists(authorisations=[authorisation(site_ids=[], **place)]))
        assert candidates(await gate.reads("ABCB123"))


async def test_only_entries_in_mandate_are_searched_and_counted(tmp_path: Path) -> None:
    entries = [entry("here"), entry("elsewhere", authorisation_id="auth-2")]
    far = authorisation("auth-2", site_ids=["airport"])
    gate = Gate(tmp_path, lists(entries, [authorisation(), far]))
    (made,) = candidates(await gate.reads("ABCB123"))
    assert (made["entry_id"], made["gallery_size"]) == ("here", 1)


async def test_every_negative_has_its_reason(gate: Gate, tmp_path: Path) -> None:
    assert await gate.reads("XYZ9999") == [Skip("below_threshold")]
    assert await gate.sees({}) == [Skip("no_probe")]
    assert await gate.reads("") == [Skip("no_probe")]
    assert await Gate(tmp_path, lists([])).reads("ABCB123") == [Skip("nothing_listed")]
    assert await gate.meets("obama.jpg") == [Skip("nothing_listed")]


async def test_a_change_of_the_lists_counts_from_the_next_sighting(gate: Gate) -> None:
    assert candidates(await gate.reads("ABCB123"))
    gate.references["watchlist-entries"].put("entry-1", entry(plate="XYZ9999"))
    assert await gate.reads("ABCB123") == [Skip("below_threshold")]
    assert candidates(await gate.reads("XYZ9999"))
    gate.references["authorisations"].put("auth-1", authorisation(state="REVOKED"))
    assert await gate.reads("XYZ9999") == [Skip("out_of_mandate")]
    gate.references["watchlist-entries"].remove("entry-1")
    assert await gate.reads("XYZ9999") == [Skip("nothing_listed")]


async def test_a_candidate_ends_with_its_authorisation(tmp_path: Path) -> None:
    gate = Gate(tmp_path, lists(authorisations=[authorisation(valid_until=AT + HOUR)]))
    (made,) = candidates(await gate.reads("ABCB123"))
    assert made["expires_at"] == AT + HOUR


async def test_of_two_readings_the_better_one_speaks(gate: Gate) -> None:
    plates = [{"text": text, "raw": text} for text in ("ABC8123", "ABCB123")]
    (made,) = candidates(await gate.sees({"plates": plates}))
    assert (made["score"], made["plate_read"]) == (1.0, "ABCB123")


async def test_a_listed_face_is_found_and_others_are_not(gate: Gate) -> None:
    await gate.list_faces("obama.jpg", "astronaut.png")
    (made,) = candidates(await gate.meets("obama2.jpg"))
    assert made["entry_id"] == "obama.jpg"
    assert made["required_verifications"] == 2  # although the authorisation says 0
    assert made["score"] > made["threshold"]
    assert made["margin"] > 0.2
    assert (made["gallery_size"], made["reference"]["sha256"]) == (2, made["reference"]["uri"].split(":")[1])
    assert made["template_space"] == face_reader().template_space
    assert 0 < made["probe_quality"] <= 1
    assert await gate.meets("biden.jpg", n=1) == [Skip("below_threshold")]
    assert await gate.meets("coffee.png", n=2) == [Skip("no_face")]


async def test_the_face_is_taken_from_the_box_of_a_person_in_a_scene(gate: Gate) -> None:
    await gate.list_faces("obama.jpg")
    box = {"x0": 0.1, "y0": 0.0, "x1": 0.9, "y1": 0.6}
    seen = {
        "object_class": "PERSON",
        "media": [{"uri": await gate.keep("obama2.jpg"), "role": "SCENE"}],
        "shape": {"box": box},
    }
    (made,) = candidates(await gate.sees(seen))
    assert made["probe_box"] == box
    assert made["scene"] == made["probe"]


async def test_without_models_plates_are_matched_and_faces_are_counted(gate: Gate) -> None:
    await gate.list_faces("obama.jpg")
    gate.references["watchlist-entries"].put("entry-1", entry())
    gate.world.processor = Match(gate.world.clock, MemoryState(), gate.references, None)
    assert candidates(await gate.reads("ABCB123"))
    assert await gate.meets("obama2.jpg") == [Skip("faces_off")]


async def test_out_of_mandate_no_face_is_read(gate: Gate) -> None:
    await gate.list_faces("obama.jpg")
    gate.references["authorisations"].put("auth-1", authorisation(kinds=["PLATE"]))
    seen = {"object_class": "FACE", "media": [{"uri": "fw-media:" + "0" * 64, "role": "FACE"}]}
    assert await gate.sees(seen) == [Skip("out_of_mandate")]
    assert len(gate.faces.gallery) == 0


async def test_a_missing_or_broken_picture_is_counted(gate: Gate) -> None:
    await gate.list_faces("obama.jpg")
    missing = {"object_class": "FACE", "media": [{"uri": "fw-media:" + "0" * 64, "role": "FACE"}]}
    assert await gate.sees(missing) == [Skip("media_unavailable")]
    outside = {"object_class": "FACE", "media": [{"uri": "ftp://camera/1.jpg", "role": "FACE"}]}
    assert await gate.sees(outside) == [Skip("media_unavailable")]
    broken = await gate.media.put(b"no picture", "image/jpeg")
    seen = {"object_class": "FACE", "media": [{"uri": broken, "role": "FACE"}]}
    assert await gate.sees(seen) == [Skip("picture_unreadable")]


async def test_a_face_that_is_too_bad_is_counted_with_the_component_that_failed(gate: Gate) -> None:
    await gate.list_faces("obama.jpg")
    with Image.open(io.BytesIO(picture("obama2.jpg"))) as image:
        blurred, out = image.convert("RGB").filter(ImageFilter.GaussianBlur(10)), io.BytesIO()
    blurred.save(out, "PNG")
    uri = await gate.media.put(out.getvalue(), "image/png")
    seen = {"object_class": "FACE", "media": [{"uri": uri, "role": "FACE"}]}
    assert await gate.sees(seen) == [Skip("quality_blurred")]


async def test_a_broken_enrolment_picture_is_audited_once_and_stops_nothing(gate: Gate) -> None:
    await gate.list_faces("coffee.png", "obama.jpg")
    outcomes = await gate.meets("obama2.jpg")
    audits = emitted([outcomes], "audit")
    assert [(a["action"], a["subject"]) for a in audits] == [
        ("enrolment.failed", "coffee.png"),
        ("candidate.created", candidates(outcomes)[0]["candidate_id"]),
    ]
    assert audits[0]["details"]["reason"] == "no_face"
    assert candidates(outcomes)[0]["gallery_size"] == 1
    assert len(emitted([await gate.meets("obama2.jpg", n=1)], "audit")) == 1


async def test_only_broken_pictures_means_that_nothing_is_enrolled(gate: Gate) -> None:
    await gate.list_faces("coffee.png")
    assert Skip("nothing_enrolled") in await gate.meets("obama2.jpg")


async def test_templates_go_with_their_entry_their_authorisation_and_their_time(gate: Gate) -> None:
    await gate.list_faces("obama.jpg", valid_until=AT + HOUR)
    await gate.match.enrol()
    assert len(gate.faces.gallery) == 1
    gate.references["authorisations"].put("auth-1", authorisation(state="REVOKED"))
    await gate.match.enrol()
    assert len(gate.faces.gallery) == 0
    gate.references["authorisations"].put("auth-1", authorisation())
    await gate.match.enrol()
    assert len(gate.faces.gallery) == 1
    gate.world.clock.advance(seconds=(HOUR + LOOK_AGAIN) / 1e6)
    await gate.match.enrol()
    assert len(gate.faces.gallery) == 0


async def test_a_template_whose_time_is_over_is_forgotten_within_a_minute(gate: Gate) -> None:
    await gate.list_faces("obama.jpg", valid_until=AT + 30_000_000)
    await gate.match.enrol()
    assert len(gate.faces.gallery) == 1
    gate.world.clock.advance(seconds=60)
    await gate.match.tick([0])
    assert len(gate.faces.gallery) == 0


async def test_revoked_while_the_face_was_read_means_nothing(gate: Gate) -> None:
    await gate.list_faces("obama.jpg")
    await gate.match.enrol()
    get = gate.media.get

    async def revoke_then_get(uri: str) -> bytes:
        gate.references["authorisations"].put("auth-1", authorisation(state="REVOKED"))
        return await get(uri)

    gate.faces._media = type("Media", (), {"get": staticmethod(revoke_then_get)})()
    assert await gate.meets("obama2.jpg") == [Skip("out_of_mandate")]


async def test_an_absent_media_store_is_tried_again(gate: Gate) -> None:
    await gate.list_faces("obama.jpg")
    await gate.match.enrol()

    async def away(_: str) -> bytes:
        raise RetryableError("media store is away")

    gate.faces._media = type("Media", (), {"get": staticmethod(away)})()
    with pytest.raises(RetryableError):
        await gate.meets("obama2.jpg")


async def test_no_template_leaves_the_processor(gate: Gate) -> None:
    await gate.list_faces("obama.jpg")
    await gate.meets("obama2.jpg")
    await gate.meets("biden.jpg", n=1)
    written = repr(gate.world.outcomes)
    assert "array" not in written
    assert len(written) < 20_000
    assert len(gate.faces.gallery) == 1  # the listed one and no other


async def test_people_are_asked_once_about_a_track_and_a_plate_that_needs_nobody_is_told_each_time(gate: Gate) -> None:
    plates = {"plates": [{"text": "ABCB123", "raw": "ABCB123"}], "object_id": "car-7"}
    assert [len(candidates(await gate.sees(plates, n=n))) for n in range(3)] == [1, 1, 1]
    gate.references["authorisations"].put("auth-1", authorisation(required_verifications=1))
    assert [len(candidates(await gate.sees(plates, n=n))) for n in range(3, 6)] == [1, 0, 0]
    assert (await gate.sees(plates, n=6)) == [Skip("same_track")]


async def test_a_better_shot_of_a_track_comes_as_the_candidate_that_people_were_asked_about(gate: Gate) -> None:
    await gate.list_faces("obama.jpg")

    async def passes(content: bytes, n: int) -> list[Outcome]:
        ref = {"uri": await gate.media.put(content, "image/jpeg"), "role": "FACE"}
        return await gate.sees({"object_class": "FACE", "media": [ref], "object_id": "man-7"}, n=n)

    clear = picture("obama2.jpg")
    first = await passes(blurred(clear), 0)
    gate.references["authorisations"].put("auth-1", authorisation(required_verifications=3))
    gate.world.clock.advance(seconds=60)
    better = await passes(clear, 1)
    (before,), (after,) = candidates(first), candidates(better)
    assert after["candidate_id"] == before["candidate_id"]
    assert after["probe_quality"] > before["probe_quality"]
    assert after["probe"]["uri"] != before["probe"]["uri"]
    assert after["expires_at"] == before["expires_at"], "no time is won"
    assert (before["required_verifications"], after["required_verifications"]) == (2, 3)
    assert [record["action"] for record in emitted([better], "audit")] == ["candidate.improved"]
    assert candidates(await passes(clear, 1)) == [after], "delivered again, it gives the same"
    assert await passes(blurred(clear), 2) == [Skip("no_better_shot")]


def blurred(content: bytes) -> bytes:
    """Return a picture of a quality that is a little lower."""
    worse = io.BytesIO()
    Image.open(io.BytesIO(content)).convert("RGB").filter(ImageFilter.GaussianBlur(1)).save(worse, "JPEG", quality=90)
    return worse.getvalue()


async def test_a_face_on_a_track_is_searched_once_until_a_better_shot_or_another_list_comes(gate: Gate) -> None:
    await gate.list_faces("obama.jpg")

    async def passes(name: str, n: int) -> list[Outcome]:
        ref = {"uri": await gate.keep(name), "role": "FACE"}
        return await gate.sees({"object_class": "FACE", "media": [ref], "object_id": "man-7"}, n=n)

    first = await passes("obama2.jpg", 0)
    assert len(candidates(first)) == 1
    assert await passes("obama2.jpg", 1) == [Skip("no_better_shot")]
    assert await passes("obama2.jpg", 0) == first, "delivered again, it gives the same"
    await gate.list_faces("obama.jpg", "astronaut.png")
    assert await passes("obama2.jpg", 2) == [Skip("same_track")], "searched in the new list"
    every = MatchPolicy(every_shot=True)
    gate.match = gate.world.processor = Match(gate.world.clock, MemoryState(), gate.references, gate.faces, every)
    assert [len(candidates(await passes("obama2.jpg", n))) for n in (3, 4)] == [1, 0]


async def test_an_alternative_of_the_reader_makes_one_candidate_that_names_the_hypothesis(tmp_path: Path) -> None:
    gate = Gate(tmp_path, lists([entry("one", plate="EW88658"), entry("two", plate="FW88658")]))
    others = [{"text": "EW88658", "confidence": {"value": 0.97}}, {"text": "FW8B658", "confidence": {"value": 0.96}}]
    seen = {"text": "FW88658", "raw": "fw-88658", "confidence": {"value": 0.99}, "alternatives": others}
    made = {one["entry_id"]: one for one in candidates(await gate.sees({"plates": [seen]}))}
    assert {name: (one["plate_read"], one["plate_hypothesis"]) for name, one in made.items()} == {
        "one": ("EW88658", 2),
        "two": ("FW88658", 1),
    }
    assert made["one"]["explanation"][0] == "hypothesis 2 of 3 of the reader: EW88658 (0.970), not FW88658"
    assert (made["two"]["rank"], made["one"]["rank"]) == (1, 2)
    assert made["two"]["margin"] == pytest.approx(made["two"]["score"] - made["one"]["score"])
    assert made["one"]["score"] < made["two"]["score"]


async def test_alternatives_are_compared_within_the_mandate_only(tmp_path: Path) -> None:
    seen = {"text": "XXX9999", "raw": "x", "alternatives": [{"text": "ABCB123", "confidence": {"value": 1.0}}]}
    assert candidates(await Gate(tmp_path).sees({"plates": [seen]}))
    far = Gate(tmp_path, lists(authorisations=[authorisation(site_ids=["airport"])]))
    assert await far.sees({"plates": [seen]}) == [Skip("out_of_mandate")]
