"""Data leaves under an order of two people, in a file that tells who made it."""

from pathlib import Path
from typing import Any

import pytest

from fairwatch.apps.export import Summary
from fairwatch.apps.export_archive import SIGNED, ArchiveReader, ArchiveWriter
from fairwatch.apps.export_restore import _configuration, reference_topics
from fairwatch.apps.export_signature import checked as verified
from fairwatch.apps.export_signature import require_vouched, vouched_by
from fairwatch.apps.export_window import within
from fairwatch.apps.exporting import DAY, Window, audited, decided, requested, standing
from fairwatch.apps.keys import write_anchors
from fairwatch.apps.settings import Settings
from fairwatch.apps.signer import Signer
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.audit_chain import Head, link, verify
from fairwatch.policy.signatures import PrivateKey
from tests.support.processor_world import MemoryReference
from tests.support.records import AT
from tests.support.trust import ADMIN, CONSOLE, checked, vouched

ROLES = {"ann": ["requester"], "ben": ["approver", "admin"], "olga": ["operator"]}
ANN, BEN = Signer("ann", "requester", CONSOLE), Signer("ben", "approver", CONSOLE)
FORGER = PrivateKey.of(b"f" * 32)
ASKED = requested(ANN, AT, purpose="nightly backup", recipient="vault", pictures=False, until=AT + DAY)
GRANTED = decided(ASKED, "approve", BEN, AT + 1)
EVE = Signer("ann", "requester", FORGER)
FORGED = requested(EVE, AT, purpose="nightly backup", recipient="vault", pictures=False, until=AT + DAY)
KEY = bytes(range(32))


def may_leave(order: dict[str, Any], at: int = AT + 2, *, sealed: bool = False, named: str = "") -> bool:
    known = {"export-orders": MemoryReference({ASKED["order_id"]: order}), **vouched(*ROLES, **ROLES)}  # type: ignore[arg-type]
    try:
        standing(dict(checked(known)["export-orders"].items()), named, at, sealed=sealed)
    except ConfigurationError:
        return False
    return True


def test_data_leaves_under_an_order_that_two_people_signed() -> None:
    assert may_leave(GRANTED)
    assert may_leave(GRANTED, named=GRANTED["order_id"])
    assert not may_leave(GRANTED, named="another")


@pytest.mark.parametrize(
    "order",
    [
        ASKED,
        {**ASKED, "state": "GRANTED"},
        {**ASKED, "state": "GRANTED", "approved_by": ["ben"]},
        {**GRANTED, "approved_by": []},
        {**GRANTED, "approved_by": ["ann"]},
        {**GRANTED, "valid_until": AT + 80 * DAY},
        {**GRANTED, "recipient": "somebody else"},
        {**GRANTED, "pictures": True},
        decided(GRANTED, "revoke", ANN, AT + 2),
        decided(FORGED, "approve", BEN, AT + 1),
    ],
)
def test_nothing_leaves_under_an_order_that_one_person_wants_or_somebody_widened(order: dict[str, Any]) -> None:
    assert not may_leave(order)


def test_an_order_says_until_when_and_whether_pictures_leave() -> None:
    assert not may_leave(GRANTED, AT + DAY)
    assert not may_leave(GRANTED, sealed=True)
    wide = requested(ANN, AT, purpose="move", recipient="new hub", pictures=True, until=AT + DAY)
    assert wide["order_id"] == ASKED["order_id"], "of one person and moment"
    assert may_leave(decided(wide, "approve", BEN, AT + 1), sealed=True)
    with pytest.raises(ConfigurationError, match="90 days"):
        requested(ANN, AT, purpose="x", recipient="", pictures=False, until=AT + 91 * DAY)
    own = requested(Signer("ben", "admin", CONSOLE), AT, purpose="x", recipient="", pictures=False, until=AT + 9)
    with pytest.raises(ConfigurationError, match="second person"):
        decided(own, "approve", BEN, AT + 1)
    with pytest.raises(ConfigurationError, match="none of the roles"):
        requested(Signer("olga", "operator", CONSOLE), AT, purpose="x", recipient="", pictures=False, until=AT + 9)


def test_an_order_names_the_window_of_the_audit_log_that_leaves_and_its_audit_record_too() -> None:
    window = Window(AT - DAY, AT)
    asked = requested(ANN, AT, purpose="inquiry", recipient="court", pictures=True, until=AT + DAY, window=window)
    order = decided(asked, "approve", BEN, AT + 1)
    said = audited("approve", BEN, order)["details"]
    assert (said["from"], said["until"]) == (str(AT - DAY), str(AT))
    assert may_leave(order), "a backup, of that window"
    assert not may_leave({**order, "records_from": AT - 9 * DAY}), "somebody widened it"
    with pytest.raises(ConfigurationError, match="from all times"):
        standing({order["order_id"]: order}, order["order_id"], AT + 2, sealed=True, whole=True)
    with pytest.raises(ConfigurationError, match="lies after"):
        requested(ANN, AT, purpose="x", recipient="", pictures=False, until=AT + 9, window=Window(AT, AT))


def test_of_each_chain_one_piece_leaves_that_can_be_verified() -> None:
    times = [1, 5, 4, 20, 6, 9, 30]
    chains, head = [], Head()
    for number, at in enumerate(times):
        said = {"audit_id": str(number), "action": "x", "actor": "y", "at": at, "subject": "z", "details": {}}
        record = link(said, "audit-0", head)
        head = Head(record["sequence"], record["hash"])
        chains.append(record)
    out = list(within(Window(4, 10), lambda: chains))
    assert [record["at"] for record in out] == [5, 4, 20, 6, 9]
    assert verify(out, from_start=False).faults == []
    assert list(within(Window(), lambda: chains)) == chains
    assert list(within(Window(since=31), lambda: chains)) == []


def archive(path: Path, signer: PrivateKey | None = CONSOLE, key: bytes | None = None, **members: bytes) -> Path:
    with ArchiveWriter(path, key, {"version": "1", "created_at": AT}, signer) as made:
        made.data("topics/sites/0.avro", b"a site")
        for name, content in members.items():
            made.data(f"config/{name}.yaml", content)
    return path


@pytest.mark.parametrize("key", [None, KEY])
def test_a_backup_tells_who_made_it_whether_it_is_sealed_or_not(tmp_path: Path, key: bytes | None) -> None:
    path = archive(tmp_path / "backup", key=key)
    assert verified(Settings(config_dir=tmp_path), path, None, [CONSOLE.public.text]) == CONSOLE.public.text
    with ArchiveReader(path, key) as read, pytest.raises(ConfigurationError, match="no key that is trusted"):
        vouched_by(read, [FORGER.public])
    content = path.read_bytes().replace(b'"created_at": ', b'"created_at":1')
    path.write_bytes(content)
    with pytest.raises(ConfigurationError):
        verified(Settings(config_dir=tmp_path), path, None, [CONSOLE.public.text])


def test_a_signature_that_was_taken_away_is_missed(tmp_path: Path) -> None:
    path = archive(tmp_path / "backup")
    path.write_bytes(path.read_bytes().replace(SIGNED.encode(), b"x" * len(SIGNED)))
    with pytest.raises(ConfigurationError, match="was altered"):
        ArchiveReader(path, None)


def test_a_hub_that_demands_signatures_reads_no_backup_that_a_stranger_made(tmp_path: Path) -> None:
    write_anchors(tmp_path / "trust.yaml", [ADMIN.public])
    settings = Settings(config_dir=tmp_path, kafka_bootstrap="127.0.0.1:1")
    for name, signer in (("nobody", None), ("stranger", FORGER)):
        with ArchiveReader(archive(tmp_path / name, signer), None) as read:
            with pytest.raises(ConfigurationError, match="signed"):
                vouched_by(read, [ADMIN.public])
            assert require_vouched(settings, read, (), unsigned=True) in {"", FORGER.public.text}
    with ArchiveReader(archive(tmp_path / "own", ADMIN), None) as read:
        assert vouched_by(read, [ADMIN.public]) == ADMIN.public.text


def test_a_backup_brings_neither_people_nor_keys(tmp_path: Path) -> None:
    assert not {"people", "signing-keys"} & {topic.name for topic in reference_topics()}
    for name in ("trust", "other"):
        with (
            ArchiveReader(archive(tmp_path / name, **{name: b"administrators: []"}), None) as read,
            pytest.raises(ConfigurationError, match="no file of a backup"),
        ):
            _configuration(read, tmp_path / "config", Summary(), people=True)
