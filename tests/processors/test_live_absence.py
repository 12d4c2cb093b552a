"""Rules of what is not heard that change meanwhile: nobody is missed whom they do not ask about, what is open ends."""

import pytest

from fairwatch.apps.rehearsal.hub import Rehearsal
from fairwatch.apps.rehearsal.memory import MemoryReference, MemoryState
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.outcome import Skip
from fairwatch.policy.absence import last_sign, life_sign
from fairwatch.policy.rule_book import RuleBook, read_rules
from fairwatch.policy.subject import of_sighting
from fairwatch.processors.group import Group
from fairwatch.processors.route import Route
from tests.processors.test_live_rules import MINUTE, seen, told
from tests.support.processor_world import World, emitted
from tests.support.records import AT, device

SECOND = 1_000_000


def watching(match="", name="silent", **more):
    options = "".join(f", {key}: {value}" for key, value in more.items())
    return f"""
route:
  receivers: [room]
  routes: [{{name: noise, match: {{event_types: ["audio.*"]}}}}]
absent: [{{name: {name}, match: {{{match}}}, after: 10m, title: {name}{options}}}]
"""


NOTHING = "route: {receivers: [room], routes: [{name: noise, match: {event_types: ['audio.*']}}]}"


def states(hub):
    return [(at // SECOND, state, title) for at, _, state, title in told(hub)]


async def heard_once(rules=""):
    hub = Rehearsal(read_rules(rules or watching()), AT)
    await hub.show("Sighting", seen(1, AT))
    return hub


@pytest.mark.parametrize(
    "new",
    [
        watching("devices: [cam-2]"),
        watching("sites: [airport]"),
        watching("event_types: [zone.entered]"),
        watching("when: 'zones.size() > 0'"),
        watching(group_by="[site_id]"),
        NOTHING,
    ],
)
async def test_whom_new_rules_do_not_ask_about_is_not_missed(new):
    hub = await heard_once()
    hub.publish_rules(new)
    await hub.pass_time(AT + 60 * MINUTE)
    assert states(hub) == []


@pytest.mark.parametrize(
    "new", [watching("devices: [cam-1]"), watching("sites: [harbour]"), watching(severity="SEVERE")]
)
async def test_who_is_asked_about_all_the_same_is_missed_though_it_was_heard_under_other_rules(new):
    hub = await heard_once()
    hub.publish_rules(new)
    await hub.pass_time(AT + 60 * MINUTE)
    assert states(hub) == [(601, "NEW", "silent")]


@pytest.mark.parametrize("new", [NOTHING, watching("devices: [cam-2]"), watching("event_types: [zone.entered]")])
async def test_what_is_missed_ends_when_it_is_heard_again_though_no_rule_asks_any_more(new):
    hub = await heard_once()
    await hub.pass_time(AT + 15 * MINUTE)
    hub.publish_rules(new)
    await hub.pass_time(AT + 20 * MINUTE)
    for n in range(3):
        await hub.show("Sighting", seen(2 + n, AT + 20 * MINUTE + n))
    await hub.pass_time(AT + 90 * MINUTE)
    assert states(hub) == [(601, "NEW", "silent"), (1200, "ENDED", "silent")]


async def test_a_rule_with_another_name_begins_anew_and_ends_what_the_old_one_raised():
    hub = await heard_once()
    await hub.pass_time(AT + 15 * MINUTE)
    hub.publish_rules(watching(name="lost"))
    await hub.pass_time(AT + 20 * MINUTE)
    await hub.show("Sighting", seen(2, AT + 20 * MINUTE))
    await hub.pass_time(AT + 60 * MINUTE)
    assert states(hub) == [(601, "NEW", "silent"), (1200, "ENDED", "silent"), (1801, "NEW", "lost")]


async def test_a_sign_for_a_rule_that_is_gone_is_written_once_a_minute_of_heartbeats_too():
    sets = MemoryReference({"1": {"rule_set_id": "1", "number": 1, "routes": NOTHING}})
    devices = MemoryReference({"cam-1": device("cam-1")})
    world = World(Route(RuleBook(read_rules(watching()), sets), MemoryReference(), devices))
    signs = []
    for second in (0, 30, 59, 60, 61, 120):
        at = AT + second * SECOND
        event = (
            world.event("sightings", "Sighting", seen(second, at))
            if second != 60
            else world.event("device-status", "DeviceStatus", alive(at), "cam-1")
        )
        signs += [(second, one["group"]) for one in emitted(await world.push(event), "alert-triggers")]
    assert signs == [(second, "silent|cam-1") for second in (0, 60, 120)]


def alive(at, **fields):
    return {"device_id": "cam-1", "state": "ALIVE", "since": at, "at": at, "gateway": "http", "reason": "", **fields}


async def test_a_device_that_is_there_says_nothing_of_zones_also_for_a_rule_that_is_gone():
    sets = MemoryReference({"1": {"rule_set_id": "1", "number": 1, "routes": NOTHING}})
    rules = RuleBook(read_rules(watching(group_by="[zones]")), sets)
    world = World(Route(rules, MemoryReference(), MemoryReference({"cam-1": device("cam-1")})))
    heartbeat = world.event("device-status", "DeviceStatus", alive(AT), "cam-1")
    assert await world.push(heartbeat) == [[Skip("unrouted")]]
    crossed = world.event("sightings", "Sighting", seen(1, AT))
    assert [sign["rule"] for sign in emitted(await world.push(crossed), "alert-triggers")] == ["silent"]


async def test_a_device_that_is_gone_or_that_nobody_knows_gives_no_sign_of_life():
    devices = MemoryReference({"cam-1": device("cam-1")})
    world = World(Route(read_rules(watching()), MemoryReference(), devices))
    said = [alive(AT), alive(AT, state="SILENT"), alive(AT, device_id="cam-9")]
    events = [world.event("device-status", "DeviceStatus", one, one["device_id"]) for one in said]
    [[sign], *others] = await world.push(*events)
    assert (sign.key, sign.record["follows"]) == (
        "silent|cam-1", [{"topic": "device-status", "partition": 0, "offset": 1}]
    )  # fmt: skip
    assert others == [[Skip("device_gone")], [Skip("unknown_device")]]
    nobody = World(Route(read_rules(watching()), MemoryReference()))
    assert await nobody.push(events[0]) == [[Skip("unknown_device")]]


async def test_a_sign_for_a_rule_that_is_gone_is_not_remembered_where_nothing_is_open():
    state = MemoryState()
    world = World(Group(RuleBook(read_rules(NOTHING)), state, ManualClock(AT)))
    rule = read_rules(watching()).rules["silent"]
    sign = last_sign(rule, of_sighting(seen(1, AT)))
    assert await world.push(world.event("alert-triggers", "Alert", sign, sign["group"])) == [[Skip("nothing_open")]]
    assert all(not partition for partition in state.partitions.values())


async def test_a_sign_of_life_that_comes_late_or_again_is_passed_over_by_name():
    clock = ManualClock(AT + MINUTE)
    tree = read_rules(watching())
    world = World(Group(RuleBook(tree), MemoryState(), clock), clock)
    signs = [
        life_sign(tree.rules["silent"], of_sighting(seen(second, AT + second * SECOND))) for second in (5, 5, 1, 40)
    ]
    events = [world.event("alert-triggers", "Alert", sign, sign["group"]) for sign in signs]
    assert await world.push(*events) == [
        [Skip("heard")],
        [Skip("heard_before")],
        [Skip("heard_before")],
        [Skip("heard")],
    ]


async def test_what_is_missed_is_a_part_of_its_incident_and_audited_like_any_alert():
    clock, incidents = ManualClock(AT), "incidents: [{name: yard, sites: [harbour]}]"
    tree = read_rules(f"{watching()}{incidents}")
    world = World(Group(RuleBook(tree), MemoryState(), clock), clock)
    sign = life_sign(tree.rules["silent"], of_sighting(seen(1, AT)))
    await world.push(world.event("alert-triggers", "Alert", sign, sign["group"]))
    assert await world.tick(600) == []
    told = await world.tick(1)
    assert [emit.topic for emit in told] == ["incident-steps", "alerts", "audit"]
    assert told[0].record["alert_id"] == told[1].record["alert_id"]
    assert (told[1].record["state"], told[1].key, told[2].record["action"]) == ("NEW", "silent|cam-1", "alert.new")
    assert await world.tick(60) == [], "once"
