"""What is watched for silence: from its latest sign of life, while it counts, and no longer than somebody asks."""

from datetime import timedelta

import pytest

from fairwatch.apps.rehearsal.memory import MemoryReference, MemoryState
from fairwatch.domain.agenda import Agenda
from fairwatch.domain.calendar import local_time
from fairwatch.policy.absence import MINUTE, SECOND, UTC, WATCH, Watches, life_sign
from fairwatch.policy.routing import Rule
from fairwatch.policy.rule_options import Match
from fairwatch.policy.subject import Subject

NOON = 1_780_315_200_000_000  # 1 June 2026, 12:00 UTC
AFTER = 10 * MINUTE
RULE = Rule(name="silent", absent_after=timedelta(minutes=10))
SIGN = {
    "group": "silent|cam", "rule": "silent", "received_at": NOON, "device_ids": ["cam"], "site_id": "north",
    "state": "ENDED", "causes": [{"cause_id": "c", "state": "ENDED", "started_at": NOON, "updated_at": NOON}],
}  # fmt: skip


class Sites:
    """Those that are armed, and how often somebody changed that."""

    def __init__(self, *armed, version=0):
        self.armed, self.version = armed, version

    def at(self, site_id, _at):
        return site_id in self.armed


def an_agenda():
    return Agenda(MemoryState(), lambda value: value["due"], lambda *_: WATCH)


def watches(agenda=None, armed=lambda _rule, _local, site: site, **more):
    return Watches({"silent": RULE}, an_agenda() if agenda is None else agenda, MemoryState(), armed, **more)


def silent(watched, now):
    return [absence for _, absence in watched.due([0], now)]


def test_a_sign_of_life_counts_unless_it_is_older_than_the_last():
    watched = watches()
    assert watched.hear(0, SIGN, AFTER, NOON) is True
    assert watched.hear(0, SIGN, AFTER, NOON + 1) is False
    assert watched.hear(0, {**SIGN, "received_at": NOON - 1}, AFTER, NOON + 1) is False
    assert watched.hear(0, {**SIGN, "received_at": NOON + 1}, AFTER, NOON + 1) is True


def test_what_a_clock_heard_that_was_ahead_is_forgotten():
    watched = watches()
    watched.hear(0, {**SIGN, "received_at": NOON + MINUTE}, AFTER, NOON + MINUTE)
    assert watched.hear(0, SIGN, AFTER, NOON) is True
    assert watched.due_at() == NOON + AFTER + SECOND


def test_what_comes_often_is_noted_once_a_second_and_what_comes_fast_for_a_short_time_more_often():
    watched = watches()
    for after, step in ((AFTER, SECOND), (10 * SECOND, SECOND // 2)):
        group = {**SIGN, "group": f"silent|{after}"}
        watched.hear(0, group, after, NOON)
        watched.hear(0, {**group, "received_at": NOON + step - 1}, after, NOON + step - 1)
        assert watched._agenda.get(0, WATCH + group["group"])["heard"] == NOON
        watched.hear(0, {**group, "received_at": NOON + step}, after, NOON + step)
        assert watched._agenda.get(0, WATCH + group["group"])["heard"] == NOON + step


def test_silence_is_told_once_as_an_alert_that_begins_when_it_was_last_heard():
    watched = watches()
    watched.hear(0, SIGN, AFTER, NOON)
    assert silent(watched, NOON + AFTER) == []
    now = NOON + AFTER + SECOND
    [absence] = silent(watched, now)
    assert (absence["state"], absence["started_at"], absence["updated_at"]) == ("NEW", NOON, now)
    assert absence["ended_at"] is None
    assert absence["parameters"] == {"last_heard": "2026-06-01T12:00:00.000000Z"}
    assert absence["causes"] == [{"cause_id": "c", "state": "FIRING", "started_at": NOON, "updated_at": now}]
    assert silent(watched, now + AFTER) == []
    assert watched.due_at() is None


def test_silence_that_is_long_enough_at_this_very_moment_is_told_now():
    watched = watches(sites_armed=(sites := Sites("north")))
    watched.hear(0, SIGN, AFTER, NOON)
    sites.version += 1  # so that it is looked at before it is due
    assert silent(watched, NOON + AFTER) == [], "what was heard less than a second later was not noted"
    assert len(silent(watched, NOON + AFTER + SECOND)) == 1
    assert watched.due_at() is None


def test_what_no_rule_asks_for_any_more_is_watched_no_more():
    watched = watches(agenda := an_agenda())
    watched.hear(0, SIGN, AFTER, NOON)
    watched.follow({})
    assert silent(watched, NOON + 2 * AFTER) == []
    assert agenda.get(0, WATCH + SIGN["group"]) is None


@pytest.mark.parametrize(("device", "missed"), [({"enabled": False}, 0), ({}, 1), (None, 1)])
def test_only_a_disabled_device_is_not_missed(device, missed):
    agenda, devices = an_agenda(), MemoryReference({"cam": device, "another": {"enabled": False}})
    watched = watches(agenda, devices=devices)
    watched.hear(0, {**SIGN, "device_ids": ["cam", "another"]}, AFTER, NOON)
    assert len(silent(watched, NOON + 2 * AFTER)) == missed
    assert (agenda.get(0, WATCH + SIGN["group"]) is not None) == bool(missed)


def at_night(_rule, local, _site):
    return local.hour >= 22


@pytest.mark.parametrize(
    ("sites", "site_id", "hours"),
    [
        (MemoryReference({"north": {"time_zone": "Europe/Berlin"}}), "north", 8),  # two hours ahead of UTC
        (MemoryReference({"north": {"time_zone": "Europe/Berlin"}}), None, 10),
        (MemoryReference(), "north", 10),
        (None, "north", 10),
    ],
)
def test_silence_begins_to_count_at_the_first_armed_minute_in_the_time_of_the_site(sites, site_id, hours):
    watched = watches(armed=at_night, sites=sites)
    watched.hear(0, {**SIGN, "site_id": site_id}, AFTER, NOON)
    assert silent(watched, NOON + AFTER + SECOND) == []
    begins = NOON + hours * 60 * MINUTE
    assert watched.due_at() == begins + AFTER
    assert silent(watched, begins + AFTER - 1) == []
    assert len(silent(watched, begins + AFTER)) == 1


def test_silence_counts_from_the_minute_in_which_it_began_to_be_armed():
    watched = watches(armed=lambda _rule, local, _site: local >= local_time(NOON + 5 * MINUTE, UTC))
    watched.hear(0, SIGN, AFTER, NOON)
    assert silent(watched, NOON + AFTER + SECOND) == []
    assert watched.due_at() == NOON + 5 * MINUTE + AFTER


def test_a_site_that_was_armed_before_the_worker_began_is_looked_at_at_once():
    agenda = an_agenda()
    before = watches(agenda, sites_armed=Sites())
    before.hear(0, SIGN, AFTER, NOON)
    assert silent(before, NOON + AFTER + SECOND) == []
    now = NOON + AFTER + 2 * SECOND
    assert now < before.due_at()
    assert silent(watches(agenda, sites_armed=Sites(version=1)), now) == []
    assert len(silent(watches(agenda, sites_armed=Sites("north", version=1)), now)) == 1


def test_a_site_that_is_armed_meanwhile_is_looked_at_once():
    watched = watches(sites_armed=(sites := Sites()))
    watched.hear(0, SIGN, AFTER, NOON)
    now = NOON + AFTER + SECOND
    assert silent(watched, now) == []
    sites.armed = ("north",)
    assert silent(watched, now) == [], "nobody said so"
    sites.version += 1
    assert len(silent(watched, now)) == 1


def test_a_sign_of_life_ends_the_absence_of_its_group_and_says_nothing_of_what_was_seen():
    subject = Subject(
        record="sighting", trigger="s-1", event_type="face.seen", occurred_at=NOON, received_at=NOON,
        local=local_time(NOON, UTC), device_id="cam", device_name="Gate", site_id="north", site_name="North",
        zones=("z",), cause_id="", cause_kind="CONDITION", started_at=NOON,
    )  # fmt: skip
    sign = life_sign(RULE, subject)
    assert (sign["event_type"], sign["state"], sign["group"]) == ("device.silent", "ENDED", "silent|cam")
    assert (sign["device_ids"], sign["zones"], sign["ended_at"]) == (["cam"], [], NOON)
    [cause] = sign["causes"]
    assert (cause["event_type"], cause["state"], cause["kind"]) == ("device.silent", "ENDED", "CONDITION")
    assert "face" not in str(sign)


def test_a_site_that_goes_dark_by_day_is_looked_at_once_and_not_camera_by_camera():
    asked = []

    def at_night(_rule, local, _site):
        asked.append(local)
        return local.hour >= 22

    watched = watches(armed=at_night)
    for n in range(100):
        watched.hear(0, {**SIGN, "group": f"silent|{n}"}, AFTER, NOON)
    assert silent(watched, NOON + AFTER + SECOND) == []
    assert watched.due_at() == NOON + 600 * MINUTE + AFTER
    assert len(asked) < 1_000
    assert len(silent(watched, NOON + 600 * MINUTE + AFTER)) == 100
    assert len(asked) < 2_000


def test_what_is_never_armed_is_looked_at_again_in_eight_days():
    watched = watches(armed=lambda *_: False)
    watched.hear(0, SIGN, AFTER, NOON)
    assert silent(watched, NOON + AFTER + SECOND) == []
    assert watched.due_at() == NOON + AFTER + 8 * 24 * 60 * MINUTE + AFTER


def test_silence_counts_from_the_very_next_minute_where_that_is_armed():
    turn = NOON + AFTER + MINUTE
    watched = watches(armed=lambda _rule, local, _site: local >= local_time(turn, UTC))
    watched.hear(0, SIGN, AFTER, NOON)
    assert silent(watched, NOON + AFTER + SECOND) == []
    assert watched.due_at() == turn + AFTER


@pytest.mark.parametrize(
    ("asks", "missed"),
    [
        ({}, 1),
        ({"sites": ("north",)}, 1),
        ({"sites": ("south",)}, 0),
        ({"devices": ("cam",)}, 1),
        ({"devices": ("another",)}, 0),
        ({"sites": ("north",), "devices": ("another",)}, 0),
        ({"event_types": ("face.seen",)}, 0),
    ],
)
def test_what_a_changed_rule_does_not_ask_for_is_not_missed(asks, missed):
    watched = watches(agenda := an_agenda())
    watched.follow({"silent": RULE}, {"silent": Match()})
    watched.hear(0, SIGN, AFTER, NOON)
    watched.follow({"silent": RULE}, {"silent": Match.model_construct(**{**dict(Match()), **asks})})
    assert len(silent(watched, NOON + AFTER + SECOND)) == missed
    assert (agenda.get(0, WATCH + SIGN["group"]) is not None) == bool(missed)
