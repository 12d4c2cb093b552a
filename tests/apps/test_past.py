"""What was seen is looked through under an order that allows it, and for what was described alone."""

from pathlib import Path
from typing import Any

import pytest

from fairwatch.apps.past.asking import Question, asked, refusal
from fairwatch.apps.past.description import Description, allowed, kind_of
from fairwatch.apps.past.lists import Listed
from fairwatch.apps.past.preview import members, preview
from fairwatch.apps.past.reader_rates import counted, rows_of
from fairwatch.apps.past.search import look
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.matching.match_policy import MatchPolicy
from fairwatch.matching.strictness import ListPolicy, PlateStrictness
from tests.support.records import AT, sighting
from tests.support.watchlist import HOUR, authorisation, entry, lists

POST = MatchPolicy(mode="POST")
CLOCK = ManualClock(AT + HOUR // 2)


def order(**fields: Any) -> Any:
    return authorisation(**{"modes": ["POST"], **fields})


def seen(text: str = "ABC8123", n: int = 0, **fields: Any) -> dict[str, Any]:
    return sighting("plate.read", n=n, observation={"plates": [{"text": text, "raw": text}], **fields})


async def test_only_an_order_that_allows_looking_back_finds_anything() -> None:
    rows = [seen("ABC8123"), seen("XYZ9999", 1), seen("ABCB123", 2)]
    found = await look(rows, lists([entry()], [order()]), POST, CLOCK)
    assert [(one["plate_read"], one["mode"]) for one in found.candidates] == [("ABC8123", "POST"), ("ABCB123", "POST")]
    assert (found.sightings, found.reasons) == (3, {"below_threshold": 1})
    live = await look(rows, lists([entry()], [authorisation()]), POST, CLOCK)
    assert (live.candidates, live.reasons) == ([], {"out_of_mandate": 3})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"modes": ["REALTIME"]}, "wrong_mode"),
        ({"state": "REVOKED"}, "revoked"),
        ({"approved_by": []}, "no_approver"),
        ({"valid_until": AT - 1}, "expired"),
        ({"valid_from": AT + 2 * HOUR}, "not_yet"),
        ({"kinds": ["FACE"]}, "wrong_kind"),
    ],
)
async def test_an_order_that_does_not_allow_it_is_told_and_audited(changes: dict[str, Any], reason: str | None) -> None:
    told: list[dict[str, Any]] = []

    async def tell(record: dict[str, Any]) -> None:
        told.append(record)

    question = Question("rita", "entry-1", "auth-1", "17", "find it", AT - HOUR, AT, CLOCK.now(), {"by": "entry"})
    assert refusal(order(**changes), "PLATE", CLOCK.now()) == reason
    if reason is None:
        await asked(question, order(**changes), "PLATE", tell)
    else:
        with pytest.raises(ConfigurationError, match=reason):
            await asked(question, order(**changes), "PLATE", tell)
    (record,) = told
    assert record["action"] == ("past.refused" if reason else "past.searched")
    assert record["details"].get("reason") == reason
    assert (record["details"]["case"], record["details"]["purpose"]) == ("17", "find it")


def test_nobody_asks_without_order_case_purpose_and_a_time() -> None:
    assert refusal(None, "PLATE", AT) == "no_authorisation"
    for case, purpose, since in ((" ", "x", 0), ("1", "", 0), ("1", "x", AT)):
        with pytest.raises(ConfigurationError):
            Question("rita", "e", "a", case, purpose, since, AT, AT, {})


RED_CAR = {
    "object_class": "MOTOR_VEHICLE", "vehicle": {"kind": "CAR", "colour": {"name": "RED"}},
    "direction": {"compass_deg": 350.0},
}  # fmt: skip


@pytest.mark.parametrize(
    ("asked_for", "fits"),
    [
        ({"colour": "RED"}, True),
        ({"colour": "BLUE"}, False),
        ({"colour": "RED", "vehicle_kind": "BUS"}, False),
        ({"vehicle_kind": "CAR", "heading_deg": 20.0}, True),
        ({"heading_deg": 180.0}, False),
        ({"colour": "RED", "devices": frozenset({"cam-9"})}, False),
        ({"colour": "RED", "sites": frozenset({"harbour"})}, True),
        ({"clothing": {"upper": "5"}}, False),
    ],
)
def test_a_sighting_fits_what_is_said_and_nothing_that_is_not_known(asked_for: dict[str, Any], fits: bool) -> None:
    assert Description("VEHICLE", **asked_for).fits(seen(**RED_CAR)) == fits


def test_a_person_is_found_by_clothing_and_not_among_vehicles() -> None:
    worn = {"object_class": "PERSON", "person": {"clothing": {"upper": {"system": "gat1400:Color", "code": "5"}}}}
    wanted = Description(kind_of("person"), clothing={"upper": "5"})
    assert wanted.fits(seen(**worn))
    assert not wanted.fits(seen(**{**worn, "object_class": "MOTOR_VEHICLE"}))
    assert not Description("PERSON", colour="RED").fits(seen(**RED_CAR))
    assert (wanted.kind, wanted.said) == ("FACE", "PERSON upper=5")
    for wrong in (lambda: Description("PERSON"), lambda: kind_of("animal")):
        with pytest.raises(ConfigurationError):
            wrong()


def test_out_of_the_mandate_nothing_is_looked_at() -> None:
    here = {"site_id": "harbour", "areas": ["east"]}
    at = CLOCK.now()
    assert allowed(seen(), order(), "PLATE", {"harbour": here}, at)
    assert allowed(seen(), order(site_ids=[], areas=["east"]), "PLATE", {"harbour": here}, at)
    assert not allowed(seen(), order(site_ids=[], areas=["west"]), "PLATE", {"harbour": here}, at)
    assert not allowed(seen(), authorisation(), "PLATE", {"harbour": here}, at)  # type: ignore[arg-type]
    assert not allowed({**seen(), "occurred_at": AT - 2 * HOUR}, order(), "PLATE", {"harbour": here}, at)


def test_a_preview_tells_what_other_settings_would_have_accepted() -> None:
    own = ListPolicy(name="cars", objectives=frozenset({"stolen_vehicle"}))
    policy = MatchPolicy(lists=(own,))
    listed = Listed({"entry-1": entry(plate_edits=1)}, {"auth-1": authorisation()}, {"harbour": {"areas": ["east"]}})
    entries = members(listed, policy, "cars")
    assert entries == members(listed, policy, "auth-1") == members(listed, policy, "stolen_vehicle")
    with pytest.raises(ConfigurationError, match="no plate is on a list"):
        members(listed, policy, "nobody's")
    rows = [seen("ABCB123"), seen("ABC8123", 1), seen("ABC8123", 2), seen("ABXB123", 3), {**seen(n=4), "site_id": None}]
    lax = PlateStrictness(policy="p", threshold=0.7)
    made = preview(rows, listed, entries, policy, lax, CLOCK)
    assert (made.readings, made.now, made.then) == (4, made.now, made.now)
    strict = PlateStrictness(policy="p", edit_from=8, threshold=0.95)
    made = preview(rows, listed, entries, policy, strict, CLOCK)
    assert (made.now, made.then) == ({"exact": 1, "confusable": 2, "one_edit": 1}, {"exact": 1})
    assert {(pair.read, pair.manner): number for pair, number in made.less.items()} == {
        ("ABC8123", "confusable"): 2, ("ABXB123", "one_edit"): 1,
    }  # fmt: skip
    assert not made.more


def test_rates_of_a_reader_are_counted_from_known_plates(tmp_path: Path) -> None:
    file = tmp_path / "known.csv"
    wrong = ["AB8123,ABB123", "AX1234,AK1234", "AB123,AB1234", "ZZZZZZ,AB1234"]
    file.write_text("\n".join(["read,plate", *(["AB-1234,ab 1234"] * 96), *wrong]))
    counts = counted(rows_of(file))
    assert (counts.plates, counts.apart, counts.characters) == (99, 1, 99 * 6)
    assert (counts.wrong, counts.confused, counts.gaps) == (2, 1, 1)
    rates = counts.rates("gate 4")
    assert rates.wrong == pytest.approx(2.5 / 595, abs=1e-4)
    assert rates.sentence == "rates of the reader from 594 characters (gate 4)"
    file.write_text("only one column\n")
    with pytest.raises(ConfigurationError, match="line 1"):
        counted(rows_of(file))
    file.write_text("")
    with pytest.raises(ConfigurationError, match="nothing can be measured"):
        counted(rows_of(file)).rates("")
