"""A person's word arms or disarms a site only where the person signed it; devices go on as before."""

from typing import Any

import pytest

from fairwatch.apps.keys import ANCHORS, write_anchors
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import signed_references
from fairwatch.domain.outcome import Emit
from fairwatch.parts import spec_of
from fairwatch.policy.arming import ArmedSites, changed
from fairwatch.policy.routing import Routes, RouteTree
from fairwatch.policy.signatures import PrivateKey
from fairwatch.processors.route import Route
from fairwatch.wire.refused_deeds import RefusedRecords
from fairwatch.wire.signed_armings import SignedArmings, change_refused, sign_arming
from fairwatch.wire.trust_heads import HeadKeeper, TrustHeads
from tests.support.processor_world import MemoryReference, World
from tests.support.records import AT, sighting
from tests.support.trust import ADMIN, CONSOLE, trust, vouched

FORGER = PrivateKey.of(b"f" * 32)
PEOPLE = {"ann": ["operator"], "rita": ["reviewer"]}
RULES = {"route": {"receivers": ["room"], "routes": [{"name": "fence", "match": {"during": ["site.armed"]}}]}}


def said(armed: bool = False, *, by: str = "ann", at: int = AT, way: Any = "PERSON", site: str = "harbour") -> dict:
    return changed(None, site, armed=armed, at=at, by=by, way=way, reason="delivery")


def signed(record: dict, key: PrivateKey = CONSOLE, role: str = "operator") -> dict:
    return sign_arming(record, key, role=role, method="password", session_id="s")


def altered(**fields: Any) -> dict:
    record = signed(said())
    return {**record, "changes": [{**record["changes"][0], **fields}]}


class Yard:
    """What a worker sees of one site that demands signatures."""

    def __init__(self) -> None:
        self.topic = MemoryReference()
        self.people = vouched(*PEOPLE, **PEOPLE)  # type: ignore[arg-type]  # roles by name
        self.seen = SignedArmings("route", self.topic, trust(self.people))
        self.armed = ArmedSites(lambda: RouteTree(Routes.model_validate(RULES)), self.seen)
        self.refused = RefusedRecords("verify", [self.seen])

    def hears(self, record: dict) -> bool:
        self.topic.put("harbour", record)
        return self.armed.at("harbour", AT + 2)


def test_what_a_person_signed_disarms_and_what_a_device_says_needs_no_signature() -> None:
    yard = Yard()
    assert not yard.hears(signed(said()))
    assert yard.hears(said(armed=True, at=AT + 1, by="panel-1", way="EVENT"))
    assert not yard.hears(said(at=AT + 1, by="panel-1", way="EVENT"))
    assert yard.refused.tell(AT) == []


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (said(), "unsigned"),
        (altered(armed=True) | {"changes": [signed(said(armed=True))["changes"][0] | {"armed": False}]}, "another_act"),
        (altered(by="rita"), "another_person"),
        (signed(said(by="eve")), "unknown_person"),
        (signed(said(by="rita"), role="reviewer"), "wrong_role"),
        (signed(said(), FORGER), "unknown_key"),
        (altered(reason="nothing"), "wrong_signature"),
        (altered(at=AT + 1), "wrong_signature"),
        ({**signed(said(site="station")), "site_id": "harbour"}, "wrong_signature"),
    ],
)  # fmt: skip
def test_what_nobody_signed_so_changes_nothing_and_is_told_to_the_audit_log_once(record: dict, reason: str) -> None:
    yard = Yard()
    assert yard.hears(record), "it stays armed"
    [told] = yard.refused.tell(AT)
    assert (told.record["action"], told.record["subject"]) == ("deed.refused", "harbour")
    assert (told.record["details"]["reason"], told.record["details"]["topic"]) == (reason, "site-armings")
    assert yard.hears({**record, "updated_at": AT + 1})
    assert yard.refused.tell(AT) == [], "the same change in the next record is no other forgery"


def test_a_forgery_takes_nothing_from_what_was_signed_beside_it() -> None:
    yard, forged = Yard(), said(armed=True, at=AT + 1)["changes"]
    record = signed(said())
    assert not yard.hears({**record, "changes": [*record["changes"], *forged]})
    kept = changed(yard.seen.get("harbour"), "harbour", armed=True, at=AT + 2, by="panel-1", way="EVENT")
    assert [each["by"] for each in kept["changes"]] == ["ann", "panel-1"], "and is not written on"


def test_a_key_that_comes_later_is_seen_by_those_who_asked_before() -> None:
    yard = Yard()
    [(name, key)], late = yard.people["signing-keys"].items(), MemoryReference()
    yard.seen = SignedArmings("route", yard.topic, trust({**yard.people, "signing-keys": late}))
    yard.armed = ArmedSites(lambda: RouteTree(Routes.model_validate(RULES)), yard.seen)
    assert yard.hears(signed(said())), "nobody vouches for the key"
    before = yard.armed.version
    late.put(name, key)
    assert yard.armed.version > before
    assert not yard.armed.at("harbour", AT + 2)


async def test_a_rule_for_armed_sites_goes_on_where_somebody_forged_that_they_are_not() -> None:
    yard = Yard()
    route = Route(RouteTree(Routes.model_validate(RULES)), MemoryReference(), site_armings=yard.seen)
    world = World(route)

    async def raised() -> list[str]:
        seen = sighting("tamper.covered", occurred_at=AT + 2)
        [answer] = await world.push(world.event("sightings", "Sighting", seen))
        return [each.record["rule"] for each in answer if isinstance(each, Emit)]

    yard.topic.put("harbour", said())
    assert await raised() == ["fence"]
    yard.topic.put("harbour", signed(said()))
    assert await raised() == []


@pytest.mark.parametrize("component", ["route", "group", "notify", "verify"])
def test_whoever_reads_armings_checks_them_where_trust_demands_it(component: str, tmp_path) -> None:
    given = {topic: MemoryReference() for topic in spec_of(component).references} | vouched("ann", ann=["operator"])
    settings = Settings(config_dir=tmp_path)
    assert not isinstance(signed_references(settings, component, given)["site-armings"], SignedArmings)
    write_anchors(tmp_path / ANCHORS, [ADMIN.public])
    given["site-armings"].put("harbour", said())
    assert signed_references(settings, component, given)["site-armings"].get("harbour")["changes"] == []


class Before:
    """A site that was disarmed and armed again, by two people's words, each seen by `verify`."""

    def __init__(self) -> None:
        self.topic, self.heads, self.people = MemoryReference(), MemoryReference(), vouched(*PEOPLE, **PEOPLE)  # type: ignore[arg-type]
        self.keeper = self.start("verify", remembers=True)
        self.writer, self.refused = HeadKeeper(TrustHeads(self.heads)), RefusedRecords("verify", [self.keeper])
        self.first = signed(said())
        word = changed(self.first, "harbour", armed=True, at=AT + 10, by="ann", way="PERSON", reason="back")
        self.second = signed(word)

    def start(self, who: str = "route", *, remembers: bool = False) -> SignedArmings:
        heads = TrustHeads(self.heads)
        return SignedArmings(who, self.topic, trust(self.people), heads=heads, remembers=remembers)

    def write(self, record: dict) -> list[str]:
        """Return why something of what was written is refused."""
        self.topic.put("harbour", record)
        told = self.refused.tell(AT)
        for head in self.writer.tell(self.keeper.take_heads(), AT):
            self.heads.put(head.key, head.record)
        return [each.record["details"]["reason"] for each in told]

    @staticmethod
    def armed(seen: SignedArmings) -> bool:
        rules = RouteTree(Routes.model_validate(RULES))
        return ArmedSites(lambda: rules, seen).at("harbour", AT + 20)


def test_an_older_genuine_word_that_is_written_over_a_newer_one_takes_nothing_back() -> None:
    before = Before()
    route = before.start()
    assert before.write(before.first) == []
    assert not before.armed(route)
    assert before.write(before.second) == []
    assert before.armed(route)
    assert before.write({**before.first, "updated_at": AT + 11}) == ["replayed"]
    assert before.armed(route), "who saw the newer one goes by it"
    kept = changed(route.get("harbour"), "harbour", armed=False, at=AT + 30, by="ann", way="PERSON", reason="out")
    assert [one["at"] for one in kept["changes"]] == [AT, AT + 10, AT + 30], "and the next word has it again"


def test_who_begins_after_that_believes_nobody_so_that_the_site_is_armed() -> None:
    before = Before()
    for record in (before.first, before.second, {**before.first, "updated_at": AT + 11}):
        before.write(record)
    late = before.start()
    assert before.armed(late)
    assert late.get("harbour")["changes"] == []
    [found] = late.take_refused()
    assert (found.key, found.reason) == ("harbour", "replayed")


def test_a_newer_word_that_is_still_on_its_way_changes_nothing_before_it_is_here() -> None:
    before = Before()
    before.write(before.first)
    route = before.start()
    assert not before.armed(route)
    before.heads.put("site-armings/harbour", {"at": AT + 10})
    assert not before.armed(route)
    assert route.take_refused() == []


def test_two_people_whose_records_cross_lose_neither_word_and_nobody_is_accused() -> None:
    before = Before()
    route, other = before.start(), signed(said(armed=True, at=AT + 10))
    before.write(before.first)
    assert not before.armed(route)
    assert before.write(other) == []
    assert before.armed(route)
    crossed = changed(before.first, "harbour", armed=False, at=AT + 9, by="ann", way="PERSON", reason="once more")
    assert before.write(signed(crossed)) == []
    assert [one["at"] for one in route.get("harbour")["changes"]] == [AT, AT + 9, AT + 10]


def test_a_word_of_one_site_says_nothing_under_the_key_of_another() -> None:
    yard = Yard()
    assert yard.hears(signed(said(site="station")))
    yard.topic.put("harbour/devices", signed(said()))
    assert yard.armed.at("harbour", AT + 2), "nor under that of devices"


def test_a_deed_is_of_its_own_moment() -> None:
    believed = trust(vouched(*PEOPLE, **PEOPLE))  # type: ignore[arg-type]  # roles by name
    change = signed(said())["changes"][0]
    assert change_refused(believed, "harbour", change) is None
    assert change_refused(believed, "station", change) == "wrong_signature"
