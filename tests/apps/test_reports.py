"""Reports say the same of the same log and configuration, count what was decided, and name nobody."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairwatch.apps.kafka import producer
from fairwatch.apps.keys import ANCHORS, write_anchors
from fairwatch.apps.reports.counts import counted
from fairwatch.apps.reports.documents import impact, transparency
from fairwatch.apps.reports.facts import House, models
from fairwatch.apps.reports.making import house as house_of
from fairwatch.apps.reports.markdown import markdown
from fairwatch.apps.settings import Settings
from fairwatch.matching.match_policy import MatchPolicy
from fairwatch.matching.models import FaceConfig, ThresholdPolicy
from fairwatch.matching.strictness import ListPolicy, PlateStrictness
from fairwatch.policy.signatures import PrivateKey
from fairwatch.sinks.receivers import Receivers
from fairwatch.wire.vouching import vouch_person
from tests.support import records
from tests.support.records import AT
from tests.support.trust import ADMIN, authorised, enrolled, vouched
from tests.support.watchlist import authorisation, entry

DAY = 86_400_000_000
EMAIL = {"host": "mail.example", "sender": "hub@example.org", "to": ["ann@example.org"], "pictures": True}
RECEIVERS = {
    "receivers": [
        {"name": "room", "webhook": {"url": "https://secret.example/hook", "secret_env": "S"}},
        {"name": "desk", "email": EMAIL},
    ]
}


def audited(n: int, action: str, at: int = AT, **details: str) -> dict[str, Any]:
    return records.audit_record(n, action=action, at=at, details=details, chain="audit-0", sequence=n + 1)


LOG = [
    audited(0, "candidate.created", kind="FACE"),
    audited(1, "candidate.created", kind="PLATE"),
    audited(2, "verdict.reached", outcome="CONFIRMED"),
    audited(3, "verdict.reached", outcome="REJECTED"),
    audited(4, "deed.refused", reason="unsigned"),
    audited(5, "media.viewed"),
    audited(6, "retention.deleted", objects="12"),
    audited(7, "candidate.created", at=AT + DAY, kind="FACE"),
    audited(8, "verification.given", at=AT - 1),
    audited(9, "verification.given") | {"subject": "candidate-1", "actor": "ann"},
    audited(10, "verification.given") | {"subject": "candidate-1", "actor": "ann"},
    audited(11, "verification.given") | {"subject": "candidate-1", "actor": "ben"},
    audited(12, "subject.exported") | {"deed": {"act": "subject.exported"}},
    audited(13, "past.searched"),
    audited(14, "retention.deleted", objects="many"),
    audited(15, "retention.deleted", objects="9" * 5000),
]


@pytest.fixture(scope="module")
def house() -> House:
    plate = entry("entry-1", plate="AB12CDE", title="Mrs Miller's car", valid_from=AT, valid_until=AT + DAY)
    return House(
        devices={
            "cam-1": records.device(site_id="harbour"),
            "cam-2": records.device("cam-2", enabled=False, site_id=None),
        },
        sites={"harbour": records.site()},
        entries={"entry-1": plate, "entry-2": {**plate, "entry_id": "entry-2", "state": "WITHDRAWN"}},
        authorisations={
            "auth-1": authorisation(valid_from=AT, valid_until=AT + DAY),
            "auth-old": authorisation("auth-old", valid_from=AT - 9 * DAY, valid_until=AT - DAY),
        },
        people={"p": {"name": "ann", "roles": ["reviewer"]}, "q": {"name": "bob", "roles": ["reviewer"], "until": AT}},
        receivers=Receivers.model_validate(RECEIVERS),
        faces=FaceConfig(),
        settings={"soft_biometrics": True, "media_hours": 0, "signatures_demanded": False},
    )


def test_what_was_decided_in_the_period_is_counted_once_each() -> None:
    found = counted([*LOG, *LOG], AT, AT + DAY)
    assert (found["records"], found["candidates"], found["decisions"]) == (14, {"FACE": 1, "PLATE": 1}, 2)
    assert found["verdicts"] == {"CONFIRMED": 1, "REJECTED": 1}
    assert found["refusals"] == {"deed.refused": 1}
    assert found["looks"] == {"media.viewed": 1, "past.searched": 1}
    assert found["exports"] == {"subject.exported": 1}
    assert found["deleted_by_retention"] == 12, "what is no number costs no report"
    assert found["unsigned"] == 2, "no key signed what a person looked at"
    assert found["by_authorisation"] == {"auth-1": {"candidates": 2, "confirmed": 1, "rejected": 1}}
    assert found["chains"] == {"audit-0": {"first": 1, "last": 16}}


def test_the_same_log_in_any_order_and_the_same_configuration_give_the_same_bytes(house: House) -> None:
    turned = House(
        devices=dict(reversed(house.devices.items())), sites=house.sites, entries=dict(reversed(house.entries.items())),
        authorisations=dict(reversed(house.authorisations.items())), people=house.people, receivers=house.receivers,
        faces=house.faces, settings=dict(reversed(house.settings.items())),
    )  # fmt: skip
    first = markdown(transparency(house, counted(LOG, AT, AT + DAY), AT, AT + DAY))
    assert first == markdown(transparency(turned, counted(reversed(LOG), AT, AT + DAY), AT, AT + DAY))
    assert markdown(impact(house)) == markdown(impact(turned))


def test_the_public_reads_purposes_of_the_period_and_neither_plates_nor_names_nor_addresses(house: House) -> None:
    report = transparency(house, counted(LOG, AT, AT + DAY), AT, AT + DAY)
    text = markdown(report)
    assert [one["authorisation"] for one in report["purposes"]] == ["auth-1"]
    assert report["cameras"] == [
        {"site": "(none)", "kind": "", "devices": 1, "enabled": 0},
        {"site": "harbour", "kind": "", "devices": 1, "enabled": 1},
    ]
    assert [(one["state"], one["entries"]) for one in report["lists"]] == [("ACTIVE", 1), ("WITHDRAWN", 1)]
    assert [(one["name"], one["by"], one["pictures"]) for one in report["recipients"]] == [
        ("desk", "email", True), ("room", "webhook", False),
    ]  # fmt: skip
    for secret in ("AB12CDE", "Miller", "secret.example", "ann@", "mail.example", "hub@", "bob", "person-", "ben"):
        assert secret not in text
    assert "7 pictures of 3 people" in text
    assert "| raw-events | 24 hours |" in text


def test_an_assessment_is_told_what_is_open(house: House) -> None:
    report = impact(house)
    text = "\n".join(report["open"])
    for expected in (
        "2 of 2 entries have no date", "no measured false positive rate", "receiver desk is sent pictures",
        "soft_biometrics is true", "signatures_demanded is false",
    ):  # fmt: skip
        assert expected in text
    assert report["people"] == {"reviewer": 1}
    assert {one["topic"] for one in report["data"]} >= {"raw-events", "candidates"}
    assert "## For people" in markdown(report)


def test_lists_of_their_own_strictness_have_a_card_of_their_own_and_bad_rates_are_named(house: House) -> None:
    faces, plates = ThresholdPolicy(id="f", distance=0.5), PlateStrictness(policy="p", threshold=0.9)
    own = ListPolicy(name="children", objectives=frozenset({"missing_person"}), faces=faces, plates=plates)
    cards = models(replace(house, plates=MatchPolicy(lists=(own,))))
    named = [(one["compares"], one["policy"], one["threshold"]) for one in cards if one.get("list") == "children"]
    assert named == [("plates", "p", 0.9), ("faces", "f", round(faces.threshold, 6))]
    assert "do not rely on it" in cards[0]["rests_on"]
    report = impact(replace(house, plates=MatchPolicy(lists=(own,))))
    assert any("list children has no measured false positive rate" in line for line in report["open"])
    assert "children" in markdown(report)


@pytest.mark.broker
async def test_what_somebody_merely_wrote_is_in_no_report_as_if_it_were_in_force(
    broker: str, make_topics: Any, tmp_path: Path
) -> None:
    names = ("devices", "sites", "watchlist-entries", "authorisations", "device-lists", "people", "signing-keys")
    chosen = Settings(
        kafka_bootstrap=broker, topic_prefix=make_topics(*names, "trust-heads"), embedded=True, config_dir=tmp_path
    )
    write_anchors(tmp_path / ANCHORS, [ADMIN.public])
    known = vouched("ann", "ben", ann=["requester"], ben=["approver"])
    genuine = authorised(authorisation(), at=AT)
    forged = authorisation("forged", requested_by="ann", approved_by=["ben"])
    stranger = vouch_person(PrivateKey.of(b"t" * 32), "mallory", ["approver"], since=1, at=1)
    async with producer(chosen, "test") as publisher:
        for topic, reference in known.items():
            for key, record in reference.items():
                await publisher.publish(topic, key, record)
        await publisher.publish("people", stranger["person_id"], stranger)
        for record in (genuine, forged):
            await publisher.publish("authorisations", record["authorisation_id"], record)
        for record in (entry("forged"), enrolled(entry("true", created_by="ann", approved_by="ben"), at=AT)):
            await publisher.publish("watchlist-entries", record["entry_id"], record)
    made = house_of(chosen)
    assert {key: one["state"] for key, one in made.authorisations.items()} == {
        "auth-1": "GRANTED", "forged": "NOT_AUTHENTIC",
    }  # fmt: skip
    assert {key: one["state"] for key, one in made.entries.items()} == {"forged": "NOT_AUTHENTIC", "true": "ACTIVE"}
    assert {person["name"] for person in made.people.values()} == {"ann", "ben"}
    assert any("authorisation forged is signed by nobody" in line for line in impact(made)["open"])


def test_text_of_others_cannot_break_out_of_its_cell(house: House) -> None:
    odd = authorisation(authority="court | of\n# appeal", valid_from=AT, valid_until=AT + DAY)
    text = markdown(impact(House(authorisations={"auth-1": odd})))
    assert "court \\| of # appeal" in text


def test_a_house_where_nothing_is_set_has_reports_too() -> None:
    empty = House()
    assert "faces are not compared here" in markdown(transparency(empty, counted([], 0, 1), 0, 1))
    assert "## Open\n\nNone." in markdown(impact(empty))
