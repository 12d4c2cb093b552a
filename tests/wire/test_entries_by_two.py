"""Where four eyes are demanded, what one person enrols counts once somebody else agreed: singly, or a list as one."""

from pathlib import Path
from typing import Any

import pytest

from fairwatch.apps.enrolling import decided, each_once, enrolled
from fairwatch.apps.entry_lists import keep, kept, list_hash, named, waiting
from fairwatch.apps.keys import ANCHORS, signing_of, write_anchors
from fairwatch.apps.settings import Settings
from fairwatch.apps.signer import Signer
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.authorisation import NOT_AUTHENTIC
from fairwatch.wire.refused_deeds import RefusedRecords
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.signings import by_two
from tests.support.processor_world import MemoryReference
from tests.support.records import AT
from tests.support.trust import ADMIN, CONSOLE, trust, vouched
from tests.support.watchlist import entry

ROLES = {"ann": ["requester"], "ben": ["approver"]}
ANN, BEN = Signer("ann", "requester", CONSOLE), Signer("ben", "approver", CONSOLE)
ASKED = enrolled(entry(), ANN, AT)
AGREED = decided(ASKED, "approve", BEN, AT + 1)


class List:
    """The topic, as a worker of a site that demands four eyes sees it."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.topic = MemoryReference({"entry-1": record})
        believed = trust(vouched(*ROLES, **ROLES))  # type: ignore[arg-type]  # roles by name
        self.seen = SignedReference("match", "watchlist-entries", self.topic, believed, by_two("watchlist-entries"))

    def counts(self, record: dict[str, Any] | None = None) -> bool:
        if record is not None:
            self.topic.put("entry-1", record)
        return bool(self.seen.get("entry-1")["state"] != NOT_AUTHENTIC)


def test_what_one_person_enrolled_counts_once_somebody_else_agreed() -> None:
    listed = List(ASKED)
    assert not listed.counts()
    assert RefusedRecords("verify", [listed.seen]).tell(AT) == [], "to wait is no forgery"
    assert listed.counts(AGREED)


def test_of_two_entries_with_one_id_in_a_list_the_second_is_refused_by_name() -> None:
    rows = [("plates:1", ASKED), ("plates:2", {**ASKED, "plate": "XYZ"}), ("plates:3", {**ASKED, "entry_id": "e-3"})]
    first, second, third = each_once(rows)
    assert (first, third) == (rows[0], rows[2])
    assert str(second[1]) == "invalid_field: 'entry-1' is in plates:1 already"


@pytest.mark.parametrize("field", [{"valid_until": AT + 10**12}, {"device_ids": []}, {"plate": "XYZ999"}])
def test_an_extension_or_a_change_by_its_author_waits_too(field: dict[str, Any]) -> None:
    listed = List(AGREED)
    assert listed.counts()
    changed = enrolled({**entry(device_ids=["cam-1"]), **field}, ANN, AT + 2)
    assert not listed.counts(changed)
    assert not listed.counts(AGREED), "nor does what was agreed to before come back over it by a replay"
    assert listed.counts(decided(changed, "approve", BEN, AT + 3))


@pytest.mark.parametrize("record", [{**ASKED, "approved_by": "ben"}, {**AGREED, "valid_until": AT + 10**12}, entry()])
def test_what_is_forged_is_told(record: dict[str, Any]) -> None:
    listed = List(record)
    assert not listed.counts()
    assert len(RefusedRecords("verify", [listed.seen]).tell(AT)) == 1


def test_trust_yaml_demands_four_eyes_unless_it_says_otherwise(tmp_path: Path) -> None:
    settings = Settings(config_dir=tmp_path)
    assert signing_of(settings, "watchlist-entries").awaits is None, "a site of before"
    write_anchors(tmp_path / ANCHORS, [ADMIN.public])
    assert signing_of(settings, "watchlist-entries").awaits is not None
    assert signing_of(settings, "silences").awaits is None
    (tmp_path / ANCHORS).write_text("administrators: []\nfour_eyes: []\n", encoding="utf-8")
    assert signing_of(settings, "watchlist-entries").awaits is None


def test_a_list_is_agreed_to_as_one_by_its_hash() -> None:
    several = {f"e{n}": enrolled(entry(f"e{n}"), ANN, AT) for n in range(5)}
    [one] = waiting({**several, "agreed": AGREED, "none": entry("none", authorisation_id=None)})
    assert (one.author, one.authorisation_id, list(one.entries)) == ("ann", "auth-1", list(several))
    assert named(several, one.digest[:16]).entries == several
    changed = {**several, "e3": enrolled(entry("e3", plate="XYZ999"), ANN, AT)}
    for listed, beginning in ((changed, one.digest), (several, one.digest[:8]), (several, "")):
        with pytest.raises(ConfigurationError, match="no list that waits"):
            named(listed, beginning)
    whole = decided(several["e3"], "approve", BEN, AT + 1, f"list:{one.digest}")
    assert whole["deeds"][-1]["session_id"] == f"list:{one.digest}"
    assert List(ASKED).counts(decided(ASKED, "approve", BEN, AT + 1, f"list:{one.digest}"))
    assert not List(whole | {"entry_id": "entry-1"}).counts()


def test_a_change_is_kept_in_a_file_until_somebody_agrees(tmp_path: Path) -> None:
    keep(tmp_path / "list", [ASKED])
    assert kept(tmp_path / "list") == {"entry-1": ASKED}
    assert list_hash(kept(tmp_path / "list").values()) == list_hash([ASKED])
    with pytest.raises(ConfigurationError, match="exists"):
        keep(tmp_path / "list", [ASKED])
    (tmp_path / "other").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is no file"):
        kept(tmp_path / "other")
