"""What a rule sees of a sighting and of a verdict, and which rules take them."""

from dataclasses import asdict
from datetime import timedelta

import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.subject import Subject, is_biometric, of_sighting, of_verdict
from fairwatch.policy.template import Template, TitleTemplate
from tests.support.records import AT, sighting, verdict

PEOPLE = ("ann", "ben")


def test_a_sighting_is_seen_with_its_place_its_time_and_what_may_be_shown() -> None:
    media = [{"uri": f"fw-media:{role}", "role": role} for role in ("SCENE", "FACE", "PLATE", "OBJECT")]
    seen = {
        "media": media,
        "object_class": "CAR",
        "object_id": "7",
        "confidence": {"value": 0.5},
        "received_at": AT + 5,
    }
    seen["source"] = {"format": "frigate", "rule": "gate"}
    given = sighting(
        observation=seen, zones=["quay"], geo={"latitude": 1.0}, exercise=True, time_zone="Asia/Tokyo", occurred_at=AT
    )
    found = asdict(of_sighting(given))
    local = found.pop("local")
    assert (local.utcoffset(), local.hour) == (timedelta(hours=9), 9)
    assert found == {
        "record": "sighting", "trigger": given["sighting_id"], "event_type": "line.crossed",
        "occurred_at": AT, "received_at": AT + 5, "device_id": "cam-1", "device_name": "Camera cam-1",
        "site_id": "harbour", "site_name": "Harbour Station", "zones": ("quay",),
        "cause_id": found["cause_id"], "cause_kind": "MOMENT", "started_at": AT,
        "begins": True, "ends": False, "cancels": False, "goes_on": False, "kind": "",
        "object_class": "CAR", "object_id": "7",
        "confidence": 0.5, "device_known": True, "entry_id": None, "entry_title": "", "candidate_id": None,
        "authorisation_id": None, "priority": None, "plate_read": "", "plate_listed": "", "verified_by": (),
        "geo": {"latitude": 1.0}, "media": (media[0], media[3]), "exercise": True, "armed": True,
        "facts": {"object_class": "CAR", "source_rule": "gate"},
    }  # fmt: skip


def test_a_sighting_that_says_little_is_of_a_device_that_nobody_knows() -> None:
    given = sighting()
    for name in ("device_known", "device_name", "site_id", "site_name", "time_zone"):
        del given[name]
    for name in ("object_class", "object_id", "confidence", "media"):
        given["observation"].pop(name, None)
    found = of_sighting(given)
    assert (found.device_known, found.device_name, found.site_id, found.exercise) == (False, "cam-1", None, False)
    assert (found.object_class, found.object_id, found.confidence, found.media) == ("UNKNOWN", "", None, ())
    assert found.local.utcoffset() == timedelta(0)
    assert "object_class" not in found.facts


def test_no_more_than_ten_pictures_of_a_sighting_go_with_it() -> None:
    media = [{"uri": f"fw-media:{number}", "role": "SCENE"} for number in range(11)]
    assert of_sighting(sighting(observation={"media": media})).media == tuple(media[:10])


@pytest.mark.parametrize(
    ("seen", "begins", "ends"),
    [
        ({"lifecycle": "MOMENTARY"}, True, False),
        ({"lifecycle": "START", "active": True}, True, False),
        ({"lifecycle": "UPDATE"}, True, False),
        ({"lifecycle": "END"}, False, True),
        ({"lifecycle": "END", "active": True}, False, True),
        ({"lifecycle": "UPDATE", "active": False}, False, True),
        ({"lifecycle": "SYNC"}, False, False),
        ({"lifecycle": "SYNC", "active": True}, True, False),
        ({"lifecycle": "SYNC", "active": False}, False, True),
    ],
)
def test_a_state_begins_and_ends_once_whoever_tells_it_again(seen: dict, begins: bool, ends: bool) -> None:
    found = of_sighting(sighting(observation=seen))
    assert (found.begins, found.ends, found.cancels) == (begins, ends, False)


def test_a_verdict_is_seen_with_its_entry_and_who_confirmed_it() -> None:
    pictures = {name: {"uri": f"fw-media:{name}"} for name in ("reference", "scene", "probe")}
    more = {"plate_read": "ab8", "plate_listed": "abb", "zones": ["quay"], "priority": 1, "exercise": True}
    given = verdict(people=PEOPLE, received_at=AT + 5, **pictures, **more)
    found = asdict(of_verdict(given, "Asia/Tokyo"))
    assert found.pop("local").hour == 9
    assert found == {
        "record": "verdict", "trigger": given["verdict_id"], "event_type": "watchlist.plate",
        "occurred_at": AT, "received_at": AT + 5, "device_id": "cam-1", "device_name": "Camera 1",
        "site_id": "harbour", "site_name": "Harbour Station", "zones": ("quay",),
        "cause_id": given["candidate_id"], "cause_kind": "MOMENT", "started_at": AT,
        "begins": True, "ends": False, "cancels": False, "goes_on": False, "kind": "PLATE",
        "object_class": "UNKNOWN", "object_id": "",
        "confidence": 0.97, "device_known": True, "entry_id": "entry-1", "entry_title": "Stolen blue saloon",
        "candidate_id": given["candidate_id"], "authorisation_id": "auth-1", "priority": 1,
        "plate_read": "ab8", "plate_listed": "abb", "verified_by": PEOPLE, "geo": None,
        "media": (pictures["probe"], pictures["scene"], pictures["reference"]),
        "facts": {
            "kind": "PLATE", "required_verifications": "0", "score": "0.9700", "threshold": "0.8000",
            "plate_read": "ab8", "plate_listed": "abb", "entry_title": "Stolen blue saloon",
        },
        "exercise": True,
        "armed": True,
    }  # fmt: skip


def test_a_verdict_that_says_little_has_the_usual_priority_and_needs_two_people() -> None:
    given = verdict("FACE")
    for name in ("required_verifications", "device_name", "entry_title", "site_id", "site_name"):
        del given["candidate"][name]
    found = of_verdict(given, None)
    assert (found.priority, found.device_name, found.entry_title, found.site_id) == (2, "cam-1", "", None)
    assert (found.facts["required_verifications"], found.exercise, found.media) == ("2", False, ())


@pytest.mark.parametrize(
    ("outcome", "begins", "ends"),
    [("CONFIRMED", True, False), ("REVOKED", False, True), ("REJECTED", False, False), ("EXPIRED", False, False)],
)
def test_only_a_confirmed_verdict_raises_and_only_a_revoked_one_cancels(outcome: str, begins: bool, ends: bool) -> None:
    found = of_verdict(verdict(outcome=outcome), None)
    assert (found.begins, found.ends, found.cancels) == (begins, ends, ends)


@pytest.mark.parametrize("at", [0, 10**18])
def test_what_happened_at_no_plausible_time_is_refused(at: int) -> None:
    for see in (lambda: of_sighting(sighting(occurred_at=at)), lambda: of_verdict(verdict(occurred_at=at), None)):
        with pytest.raises(RejectedError, match=f"invalid_field: {at} is no plausible time") as caught:
            see()
        assert caught.value.field == "occurred_at"


@pytest.mark.parametrize(
    ("event_type", "object_class", "biometric"),
    [
        ("face.seen", "UNKNOWN", True),
        ("face.match", "UNKNOWN", True),
        ("vehicle.match", "CAR", True),
        ("object.detected", "FACE", True),
        ("vehicle.seen", "CAR", False),
        ("person.seen", "PERSON", False),
    ],
)
def test_what_is_of_a_face_or_claims_an_identity_is_known(event_type: str, object_class: str, biometric: bool) -> None:
    assert is_biometric(sighting(event_type, observation={"object_class": object_class})) is biometric


@pytest.mark.parametrize(
    ("subject", "certainty"),
    [
        (of_verdict(verdict(people=PEOPLE), None), "OBSERVED"),
        (of_verdict(verdict(people=("ann",)), None), "LIKELY"),
        (of_verdict(verdict(), None), "POSSIBLE"),
        (of_sighting(sighting("line.crossed")), "POSSIBLE"),
        *((of_sighting(sighting(name)), "OBSERVED") for name in ("tamper.covered", "io.input", "sensor.alarm")),
        *((of_sighting(sighting(name)), "OBSERVED") for name in ("alarm.zone", "device.fault")),
    ],
)
def test_how_certain_it_is_follows_from_who_or_what_said_so(subject: Subject, certainty: str) -> None:
    assert subject.certainty == certainty


def test_a_field_as_text_joins_several_values() -> None:
    found = of_sighting(sighting(zones=["a", "b"], site_id=None))
    assert (found.text("zones"), found.text("site_id"), found.text("device_id")) == ("a,b", "", "cam-1")


def takes(subject: Subject, **match: object) -> bool:
    node = {"name": "rule", "match": match}
    intervals = {"never": [{"start": "03:00", "end": "03:01"}], "always": [{}]}
    routes = Routes.model_validate({"time_intervals": intervals, "route": {"receivers": ["room"], "routes": [node]}})
    return [rule.name for rule in RouteTree(routes).rules_for(subject)] == ["rule"]


CAR = {"object_class": "CAR", "confidence": {"value": 0.5}}
SEEN = of_sighting(sighting(zones=["quay"], observation=CAR))
MATCHED = of_verdict(verdict(priority=1, zones=["quay"]), None)


@pytest.mark.parametrize(
    ("subject", "name", "fits", "fails"),
    [
        (SEEN, "record", "sighting", "verdict"),
        (MATCHED, "record", "verdict", "sighting"),
        (SEEN, "event_types", ["loitering", "line.*"], ["loitering"]),
        (MATCHED, "kinds", ["FACE", "PLATE"], ["FACE"]),
        (SEEN, "sites", ["north", "harbour"], ["north"]),
        (SEEN, "zones", ["gate", "quay"], ["gate"]),
        (SEEN, "devices", ["cam-0", "cam-1"], ["cam-0"]),
        (SEEN, "object_classes", ["BUS", "CAR"], ["BUS"]),
        (MATCHED, "entries", ["entry-0", "entry-1"], ["entry-0"]),
        (MATCHED, "authorisations", ["auth-0", "auth-1"], ["auth-0"]),
        (MATCHED, "priorities", [1, 3], [2]),
        (SEEN, "device_known", True, False),
        (SEEN, "min_confidence", 0.5, 0.51),
        (SEEN, "during", ["never", "always"], ["never"]),
        (SEEN, "except_during", ["never"], ["never", "always"]),
    ],
)
def test_each_condition_decides_by_itself(subject: Subject, name: str, fits: object, fails: object) -> None:
    assert takes(subject, **{name: fits})
    assert not takes(subject, **{name: fails})


def test_a_condition_of_verdicts_takes_no_sighting_and_the_other_way_round() -> None:
    assert not takes(SEEN, kinds=["PLATE"])
    assert not takes(MATCHED, event_types=["line.*"])


def test_a_plate_that_was_read_is_taken_only_where_it_is_asked_for_by_name() -> None:
    read = of_sighting(sighting("plate.read"))
    assert not takes(read)
    assert not takes(read, event_types=["line.crossed"])
    assert takes(read, event_types=["plate.*"])
    assert takes(read, event_types=["plate.read"])


def test_what_ends_finds_its_rule_whatever_the_time_and_the_confidence() -> None:
    ended = of_sighting(sighting(observation={**CAR, "lifecycle": "END"}))
    assert takes(ended, during=["never"], min_confidence=0.9)
    assert not takes(ended, sites=["north"])


def test_what_says_no_confidence_has_none() -> None:
    unsure = of_sighting(sighting())
    assert not takes(unsure, min_confidence=0.01)
    assert takes(unsure, min_confidence=0.0)


def test_a_rule_that_says_nothing_is_grouped_by_device_and_resolves_after_ten_minutes() -> None:
    routes = Routes.model_validate({"route": {"name": "all", "receivers": ["room"]}})
    rule = RouteTree(routes).rules["all"]
    assert rule.model_dump() == {
        "name": "all", "receivers": ("room",), "group_by": ("device_id",), "group_wait": timedelta(0),
        "group_interval": timedelta(seconds=30), "repeat_interval": None, "resolve_after": timedelta(minutes=10),
        "stale_after": timedelta(days=7), "tell_progress": False, "tell_when": None, "shadow": False,
        "mute": (), "active": (), "escalation": None, "absent_after": None,
        "title": TitleTemplate("{event_type} at {device_name}"), "description": Template(""), "category": "Security",
        "severity": "UNKNOWN", "urgency": "UNKNOWN",
    }  # fmt: skip


def test_a_rule_whose_child_takes_a_subject_does_not_take_it_as_well() -> None:
    child = {"name": "child", "match": {"sites": ["harbour"]}}
    tree = RouteTree(Routes.model_validate({"route": {"name": "all", "receivers": ["room"], "routes": [child]}}))
    assert [rule.name for rule in tree.rules_for(SEEN)] == ["child"]
    assert [rule.name for rule in tree.rules_for(of_sighting(sighting(site_id="north")))] == ["all"]
