"""How long what is kept: the shortest of class, purpose, list and authorisation; and what contradicts itself."""

import pytest

from fairwatch.apps.configuration import faults
from fairwatch.apps.retention import ceilings, kept_topics, rows
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.retention import SHOWN_IN, TOPICS, Retention
from fairwatch.wire.topics import topics
from tests.policy.test_erasure import hold
from tests.support.records import AT
from tests.support.watchlist import authorisation

FILE = """
classes: {picture: 48h, raw_body: 6h, sighting: 3d, candidate: 20d, alert: 30d, audit: 365d}
purposes: {stolen_vehicle: {picture: 24h, candidate: 10d}}
lists: {auth-1: {candidate: 7d}}
"""


def written(folder, text=FILE):
    (folder / "retention.yaml").write_text(text)
    return Settings(config_dir=folder)


@pytest.mark.parametrize(
    ("record", "confirmed", "hours", "why"),
    [
        (authorisation(), False, 24, "retention.yaml, purposes.stolen_vehicle.picture"),
        (authorisation(), True, 168, "retention.yaml, lists.auth-1.candidate"),
        (authorisation(retention_hours=5), True, 5, "the authorisation"),
        (authorisation("auth-2"), True, 240, "retention.yaml, purposes.stolen_vehicle.candidate"),
        (authorisation("auth-2", objective="missing_person"), False, 48, "retention.yaml, classes.picture"),
        (authorisation("auth-2", objective="missing_person"), True, 480, "retention.yaml, classes.candidate"),
    ],
)
def test_the_shortest_lifetime_holds_and_says_where_it_comes_from(tmp_path, record, confirmed, hours, why):
    said = Retention.load(written(tmp_path).config_dir)
    assert said.limit(record["authorisation_id"], record, confirmed=confirmed) == (hours, why)


def test_an_authorisation_that_is_gone_leaves_class_and_list_in_force(tmp_path):
    said = Retention.load(written(tmp_path).config_dir)
    assert said.limit("auth-1", None, confirmed=True) == (168, "retention.yaml, lists.auth-1.candidate")
    assert Retention().limit("auth-1", None, confirmed=True) is None


def test_topics_keep_what_the_file_says_and_never_more_than_they_did(tmp_path):
    kept = {name: topic.retention_hours for name, topic in kept_topics(written(tmp_path)).items()}
    assert (kept["raw-events"], kept["raw-events-dlq"]) == (6, 42)
    assert (kept["observations"], kept["sightings"], kept["candidates"]) == (72, 72, 480)
    assert (kept["alerts"], kept["alert-triggers"], kept["audit-chain"]) == (720, 168, 8760)
    assert kept["watchlist-entries"] == -1
    most = ceilings()
    assert {name for name in kept if kept[name] > most[name]} == set()
    assert kept_topics(Settings(config_dir=tmp_path / "none")) == dict(topics())
    assert {*SHOWN_IN, *(name for names in TOPICS.values() for name in names)} <= most.keys()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("classes: {sighting: 8d}", "classes.sighting: 192 h is longer than its topics keep, 168 h"),
        ("classes: {audit: 30d}", "less than the six months"),
        ("classes: {picture: 1h}", "classes.picture: 1 h is less than people have to decide on a candidate, 4 h"),
        ("lists: {a: {candidate: 90d}}", "lists.a.candidate: 2160 h is longer than all of its class is kept, 720 h"),
        ("classes: {candidate: 5d}\npurposes: {x: {candidate: 6d}}", "purposes.x.candidate: 144 h is longer than all"),
        ("lists: {a: {picture: 3d, candidate: 2d}}", "lists.a.picture: 72 h is longer than candidate, 48 h"),
        ("lists: {a: {alert: 3d}}", "lists.a.alert: Extra inputs"),
        ("classes: {picture: 90m}", "whole hours"),
        ("classes: {picture: soon}", "must be a duration"),
    ],
)
def test_contradictions_are_refused_with_a_sentence_that_names_them(tmp_path, text, sentence):
    written(tmp_path, text)
    [fault] = faults(tmp_path)
    assert "retention.yaml" in fault
    assert sentence in fault


def test_a_file_without_contradictions_passes(tmp_path):
    written(tmp_path)
    assert list(faults(tmp_path)) == []


def test_it_is_held_against_what_authorisations_allow():
    said = Retention(
        lists={"auth-1": {"candidate": "48h"}, "nobody": {}}, purposes={"stolen_vehicle": {"candidate": "72h"}}
    )
    known = {name: authorisation(name, retention_hours=24) for name in ("auth-1", "auth-2")}
    assert list(said.against(known)) == [
        "lists.nobody: there is no such authorisation",
        "lists.auth-1.candidate: 48 h is longer than the authorisation auth-1 allows, 24 h",
        "purposes.stolen_vehicle.candidate: 72 h is longer than the authorisation auth-1 allows, 24 h",
        "purposes.stolen_vehicle.candidate: 72 h is longer than the authorisation auth-2 allows, 24 h",
    ]


def test_what_holds_is_shown_for_each_class_list_and_hold(tmp_path):
    known = {"auth-1": authorisation(retention_hours=100), "over": authorisation("over", state="REVOKED")}
    found = list(rows(written(tmp_path), known, {"h": hold("e1")}, AT))
    said = {(row.what, row.of): (row.hours, row.why) for row in found}
    assert said["picture", "everybody"] == (48, "retention.yaml, classes.picture")
    assert said["alert", "topic alerts"] == (720, "retention.yaml, classes.alert")
    assert said["alert", "topic alert-triggers"] == (168, "the topic")
    assert said["picture", "list auth-1"] == (24, "retention.yaml, purposes.stolen_vehicle.picture")
    assert said["candidate", "list auth-1"] == (100, "the authorisation")
    assert said["legal hold", "e1"][0] == -1
    assert not any("over" in row.of for row in found)


def test_without_a_file_the_topics_and_the_setting_say_it(tmp_path):
    settings = Settings(config_dir=tmp_path, media_hours=72)
    assert next((row.hours, row.why) for row in rows(settings, {}, {}, AT)) == (72, "FAIRWATCH_MEDIA_HOURS")


def test_a_file_that_is_wrong_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"retention\.yaml: classes\.video"):
        Retention.load(written(tmp_path, "classes: {video: 3d}").config_dir)


CEILINGS = {name: topic.retention_hours for name, topic in topics().items()}


def test_what_is_as_long_as_its_bound_is_no_fault_and_an_hour_more_or_less_is_one():
    fits = {"sighting": f"{CEILINGS['sightings']}h", "audit": "4392h", "picture": "4h"}
    assert list(Retention(classes=fits).faults(CEILINGS, 4)) == []
    for name, wrong in (("sighting", f"{CEILINGS['sightings'] + 1}h"), ("audit", "4391h"), ("picture", "3h")):
        [fault] = Retention(classes={**fits, name: wrong}).faults(CEILINGS, 4)
        assert fault.startswith(f"classes.{name}: ")
    alike = {"a": {"picture": "48h", "candidate": "48h"}}
    assert list(Retention(classes={"candidate": "48h", "picture": "48h"}, lists=alike).faults(CEILINGS)) == []


def test_records_of_a_candidate_are_kept_as_long_as_the_file_says_whatever_is_said_of_pictures():
    said = Retention(
        classes={"candidate": "20d", "picture": "1h"}, purposes={"stolen_vehicle": {"candidate": "10d"}},
        lists={"auth-1": {"candidate": "7d"}},
    )  # fmt: skip
    assert said.record_limit("auth-1", authorisation()) == (168, "retention.yaml, lists.auth-1.candidate")
    assert said.record_limit("auth-2", authorisation()) == (240, "retention.yaml, purposes.stolen_vehicle.candidate")
    assert said.record_limit("auth-2", None) == (480, "retention.yaml, classes.candidate")
    assert Retention(classes={"picture": "1h"}).record_limit("auth-1", authorisation(retention_hours=5)) is None


def test_pictures_of_nobody_are_kept_no_longer_than_anything_that_shows_them():
    longest = max(CEILINGS[name] for name in SHOWN_IN)
    assert Retention().of_pictures(CEILINGS) == longest
    assert Retention().of_pictures(CEILINGS, 72) == 72
    short = Retention(classes={"picture": "48h"})
    assert [short.of_pictures(CEILINGS, most) for most in (0, 24, 72)] == [48, 24, 48]


def test_what_is_as_long_as_an_authorisation_allows_contradicts_nothing():
    said = Retention(lists={"auth-1": {"candidate": "24h", "picture": "99h"}})
    assert list(said.against({"auth-1": authorisation(retention_hours=24)})) == []
    assert list(said.against({"auth-1": authorisation()})) == []
