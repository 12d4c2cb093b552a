"""Whether a site is armed: by schedule, by people, by its devices; and what rules make of it."""

import pytest
import yaml
from pydantic import ValidationError

from fairwatch.domain.clock import ManualClock
from fairwatch.domain.outcome import Emit
from fairwatch.policy.arming import KEPT, ArmedSites, audited, changed, changes_of, key_of
from fairwatch.policy.mute_times import MuteTimes
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.rule_book import RuleBook
from fairwatch.policy.subject import of_sighting
from fairwatch.processors.group import Group
from fairwatch.processors.route import Route
from tests.support.processor_world import MemoryReference, MemoryState, World
from tests.support.records import AT, sighting

HOUR = 3_600_000_000
MIDNIGHT = AT - AT % (24 * HOUR)  # in UTC
SITES = {"harbour": {"site_id": "harbour", "time_zone": "UTC"}}
RULES = """
time_intervals:
  night: [{start: "22:00", end: "06:00"}]
route:
  receivers: [room]
  routes:
    - {name: fence, match: {event_types: [tamper.*], during: [site.armed]}}
    - {name: keypad, match: {event_types: [io.input]}}
    - {name: line, match: {event_types: [zone.inside], when: "!site.armed"}}
"""
SCHEDULE = "arming: [{sites: [harbour], schedule: [night]}]\n"
PANEL = "arming: [{by: {devices: [panel-1], event_types: [io.input]}}]\n"


def tree(more: str = "", rules: str = RULES) -> RouteTree:
    return RouteTree(Routes.model_validate(yaml.safe_load(rules + more)))


def sites_of(more: str = "", **known) -> ArmedSites:
    rules = tree(more)
    return ArmedSites(lambda: rules, MemoryReference(known), MemoryReference(SITES))


def person(at: int, *, armed: bool, before: dict | None = None) -> dict:
    return changed(before, "harbour", armed=armed, at=at, by="bo", way="PERSON", reason="delivery")


def test_site_of_which_nobody_says_anything_is_armed():
    assert sites_of().at("harbour", AT)
    assert sites_of(SCHEDULE).at("elsewhere", AT)
    assert sites_of().at(None, AT)


def test_schedule_arms_in_the_time_of_the_site():
    sites = sites_of(SCHEDULE)
    assert [sites.at("harbour", MIDNIGHT + hour * HOUR) for hour in (5, 7, 21, 23)] == [True, False, False, True]


def test_a_persons_word_holds_until_the_schedule_turns():
    eleven = MIDNIGHT + 23 * HOUR
    sites = sites_of(SCHEDULE, harbour=person(eleven, armed=False))
    assert sites.at("harbour", eleven - 1), "before it was said"
    assert [sites.at("harbour", eleven + hours * HOUR) for hours in (0, 3, 6)] == [False, False, False]
    assert [sites.at("harbour", eleven + hours * HOUR) for hours in (8, 22, 24)] == [False, False, True]


def test_to_look_ahead_costs_no_more_for_each_minute_than_for_the_first():
    class Counted(MemoryReference):
        asked = 0

        @property
        def version(self):
            self.asked += 1
            return super().version

    rules, known = tree(SCHEDULE), Counted(SITES)
    sites = ArmedSites(lambda: rules, MemoryReference({"harbour": person(MIDNIGHT, armed=False)}), known)
    seven = MIDNIGHT + 7 * HOUR
    ahead = [sites.at("harbour", seven + minute * 60_000_000) for minute in range(16 * 60)]
    assert ahead == [minute >= 15 * 60 for minute in range(16 * 60)]
    assert known.asked < 10_000
    back = [sites.at("harbour", seven - minute * 60_000_000) for minute in range(7 * 60)]
    assert back == [False] * (7 * 60), "nothing turned between midnight and six that a person's word did not outlast"


def test_what_happened_earlier_is_judged_by_what_held_then():
    record = person(AT, armed=False)
    record = person(AT + HOUR, armed=True, before=record)
    sites = sites_of(harbour=record)
    assert [sites.at("harbour", AT + minutes * 60_000_000) for minutes in (-1, 1, 59, 61)] == [True, False, False, True]


def test_record_keeps_the_latest_changes_only_and_the_audit_names_the_last():
    record: dict = {}
    for n in range(KEPT + 5):
        record = person(AT + n, armed=n % 2 == 0, before=record)
    assert len(record["changes"]) == KEPT
    last = audited(record)
    assert (last["action"], last["actor"], last["at"]) == ("site.armed", "bo", AT + KEPT + 4)


def seen(event_type: str, device_id: str = "cam-1", *, at: int = AT, n: int = 0, **observed) -> dict:
    return sighting(event_type, device_id, n=n, occurred_at=at, observation=observed)


async def emitted(world: World, record: dict, topic: str = "alert-triggers") -> list[dict]:
    [answer] = await world.push(world.event("sightings", "Sighting", record))
    return [each.record for each in answer if isinstance(each, Emit) and each.topic == topic]


async def test_rule_for_armed_sites_takes_nothing_at_a_disarmed_one_and_its_end_all_the_same():
    armings = MemoryReference()
    world = World(Route(tree(), MemoryReference(SITES), site_armings=armings))

    async def raised(record: dict) -> list[str]:
        return [each["rule"] for each in await emitted(world, record)]

    assert await raised(seen("tamper.covered")) == ["fence"]
    assert await raised(seen("zone.inside")) == []
    armings.put("harbour", person(AT - 1, armed=False))
    assert await raised(seen("tamper.covered")) == []
    assert await raised(seen("zone.inside")) == ["line"]
    assert await raised(seen("tamper.covered", active=False)) == ["fence"]


async def test_device_arms_and_disarms_its_site_once_and_a_replay_does_it_not_again():
    armings = MemoryReference({"harbour": person(AT - HOUR, armed=False)})
    world = World(Route(tree(PANEL), MemoryReference(SITES), site_armings=armings))

    async def said(device_id: str = "panel-1", at: int = AT, *, active: bool) -> list[bool]:
        record = seen("io.input", device_id, at=at, active=active)
        found = await emitted(world, record, "site-armings")
        for each in found:
            armings.put(key_of(each), each)
        assert [each["changes"][-1]["by"] for each in found] == [device_id] * len(found)
        assert len(await emitted(world, record, "audit")) == 0, "the same again says nothing new"
        return [each["changes"][-1]["armed"] for each in found]

    assert await said(active=True) == [True]
    assert await said(active=True) == []
    assert await said(at=AT + 1, active=False) == [False]
    assert await said(active=True) == [], "it is older than what was said since"
    assert await said("cam-1", AT + 2, active=True) == []


async def test_person_and_device_that_say_something_at_the_same_moment_lose_nothing():
    before = person(AT - HOUR, armed=True)
    armings = MemoryReference({"harbour": before})
    world = World(Route(tree(PANEL), MemoryReference(SITES), site_armings=armings))
    [said] = await emitted(world, seen("io.input", "panel-1", active=False), "site-armings")
    armings.put("harbour", person(AT + 1, armed=True, before=before))
    armings.put(key_of(said), said)
    assert [(one["by"], one["armed"]) for one in changes_of(armings, "harbour")] == [
        ("bo", True),
        ("panel-1", False),
        ("bo", True),
    ]
    rules = tree(PANEL)
    sites = ArmedSites(lambda: rules, armings)
    assert [sites.at("harbour", AT + n) for n in (-1, 0, 1)] == [True, False, True], "the newest word counts"


async def test_device_is_heard_over_what_an_earlier_release_wrote_of_devices():
    earlier = changed(person(AT - HOUR, armed=True), "harbour", armed=False, at=AT - 5, by="panel-1", way="EVENT")
    armings = MemoryReference({"harbour": earlier})
    world = World(Route(tree(PANEL), MemoryReference(SITES), site_armings=armings))
    assert await emitted(world, seen("io.input", "panel-1", at=AT - 6, active=True), "site-armings") == []
    [said] = await emitted(world, seen("io.input", "panel-1", active=True), "site-armings")
    armings.put(key_of(said), said)
    rules = tree(PANEL)
    assert ArmedSites(lambda: rules, armings).at("harbour", AT)


def test_alerts_of_a_rule_that_is_active_at_armed_sites_wait_until_somebody_arms():
    rules = "route: {receivers: [room], routes: [{name: fence, active: [site.armed]}]}\n"
    armings = MemoryReference()
    times = MuteTimes(RuleBook(tree(rules=rules)), MemoryReference(SITES), armings)
    alert = {"rule": "fence", "site_id": "harbour"}
    assert times.until(alert, AT) is None
    before = times.version
    armings.put("harbour", person(AT, armed=False))
    assert times.version > before, "what waits is looked at again"
    assert times.until(alert, AT + 1) > AT + HOUR
    armings.put("harbour", person(AT + 2, armed=True, before=armings.get("harbour")))
    assert times.until(alert, AT + 3) is None


async def test_what_falls_silent_at_a_disarmed_site_is_told_when_it_was_armed_for_so_long():
    rules = "route: {receivers: [room]}\nabsent: [{name: dark, match: {during: [site.armed]}, after: 5m}]\n"
    book, armings = RuleBook(tree(rules=rules)), MemoryReference({"harbour": person(AT - HOUR, armed=False)})
    clock, known = ManualClock(AT), MemoryReference(SITES)
    world = World(Group(book, MemoryState(), clock, sites=known, site_armings=armings), clock)
    [sign] = await emitted(World(Route(book, known, site_armings=armings)), seen("tamper.covered"))
    await world.push(world.event("alert-triggers", "Alert", sign, sign["group"]))

    async def alerts(minutes: int) -> list[str]:
        return [each.record["rule"] for each in await world.tick(60 * minutes) if each.topic == "alerts"]

    assert await alerts(30) == []
    armings.put("harbour", person(clock.now(), armed=True, before=armings.get("harbour")))
    found = [await alerts(1) for _ in range(8)]
    assert [each for some in found for each in some] == ["dark"], "once, soon after five armed minutes"
    assert ["dark"] not in found[:4]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("arming: [{schedule: [day]}]\n", "'day' is not in time_intervals"),
        ("arming: [{by: {event_types: [io.input]}}]\n", "have to name devices"),
    ],
)
def test_arming_that_is_not_right_is_refused_when_it_is_loaded(more, sentence):
    with pytest.raises(ValidationError, match=sentence):
        tree(more)


def test_words_of_ours_are_no_names_of_time_intervals():
    with pytest.raises(ValidationError, match=r"site\.armed"):
        tree(rules='time_intervals: {site.armed: [{start: "22:00", end: "06:00"}]}\nroute: {receivers: [room]}\n')


def test_subject_is_armed_unless_somebody_says_otherwise():
    assert of_sighting(seen("tamper.covered")).armed


CLOSED = """
time_intervals:
  closed: [{dates: ["2025-12-24..2026-01-06"]}]
route: {receivers: [room]}
arming: [{sites: [harbour], schedule: [closed]}]
"""


def test_a_persons_word_that_the_schedule_ended_does_not_come_back_after_a_long_holiday():
    rules, day = tree(rules=CLOSED), 24 * HOUR
    evening_before = MIDNIGHT - 9 * day + 17 * HOUR  # 23 December
    sites = ArmedSites(lambda: rules, MemoryReference({"harbour": person(evening_before, armed=False)}))
    armed = [sites.at("harbour", evening_before + days * day) for days in range(16)]
    assert armed == [False, *[True] * 14, False]


def test_a_word_holds_from_its_minute_and_the_schedule_from_the_minute_in_which_it_turns():
    sites = sites_of(SCHEDULE, harbour=person(MIDNIGHT + 21 * HOUR, armed=True))
    ten = MIDNIGHT + 22 * HOUR
    assert sites.at("harbour", ten + 8 * HOUR - 1), "armed by the schedule"
    assert not sites.at("harbour", ten + 8 * HOUR)
    off = sites_of(SCHEDULE, harbour=person(MIDNIGHT + 21 * HOUR, armed=False))
    assert [off.at("harbour", ten + after) for after in (-1, 0)] == [False, True]


@pytest.mark.parametrize("where", ["Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin"])
def test_a_schedule_turns_in_its_own_minute_in_every_zone(where):
    rules = tree(SCHEDULE, RULES.replace('"22:00"', '"22:07"').replace('"06:00"', '"05:58"'))
    said, zones = (
        person(MIDNIGHT + 1, armed=True),
        MemoryReference({"harbour": {"site_id": "harbour", "time_zone": where}}),
    )
    sites = ArmedSites(lambda: rules, MemoryReference({"harbour": said}), zones)
    plain = ArmedSites(lambda: rules, None, zones)
    minutes = [MIDNIGHT + minute * HOUR // 60 for minute in range(2 * 24 * 60)]
    scheduled = [plain.at("harbour", at) for at in minutes]
    turn = next(number for number, armed in enumerate(scheduled) if armed is not scheduled[0])
    found = [sites.at("harbour", at) for at in minutes[1:]]
    assert found == [*[True] * (turn - 1), *scheduled[turn:]]


def test_a_schedule_or_a_panel_that_names_no_site_is_of_all_of_them():
    everywhere = "arming: [{schedule: [night]}]\n"
    assert [tree(everywhere).schedule_of(site) for site in ("harbour", "")] == [("night",), ("night",)]
    assert [tree(SCHEDULE).schedule_of(site) for site in ("harbour", "elsewhere")] == [("night",), ()]
    assert not sites_of(everywhere).at("elsewhere", MIDNIGHT + 12 * HOUR)


TWO_KEYS = """
arming:
  - sites: [harbour]
    by: {devices: [panel-1], event_types: [io.input]}
    off: {devices: [panel-2], event_types: [io.input]}
"""


@pytest.mark.parametrize(
    ("more", "device", "active", "fields", "armed"),
    [
        (PANEL, "panel-1", True, {}, True),
        (PANEL, "panel-1", False, {}, False),
        (PANEL, "panel-2", True, {}, None),
        (PANEL, "panel-1", True, {"site_id": "elsewhere"}, True),
        (TWO_KEYS, "panel-1", True, {}, True),
        (TWO_KEYS, "panel-1", False, {}, None),
        (TWO_KEYS, "panel-2", True, {}, False),
        (TWO_KEYS, "panel-2", False, {}, None),
        (TWO_KEYS, "panel-1", True, {"site_id": "elsewhere"}, None),
        (TWO_KEYS, "panel-2", True, {"site_id": "elsewhere"}, None),
    ],
)
def test_one_key_arms_while_it_is_turned_and_where_there_are_two_one_arms_and_the_other_disarms(
    more, device, active, fields, armed
):
    subject = of_sighting(sighting("io.input", device, observation={"active": active}, **fields))
    assert tree(more).arming_of(subject) is armed


def test_off_is_a_word_of_ours_although_yaml_reads_it_as_false_where_it_is_not_quoted():
    assert tree(TWO_KEYS).routes == tree(TWO_KEYS.replace("off:", '"off":')).routes
    with pytest.raises(ValidationError, match="arming"):
        tree(TWO_KEYS.replace("off:", "on:"))
    with pytest.raises(ValidationError, match=r"arming\.0"):
        tree("arming: [night]")
