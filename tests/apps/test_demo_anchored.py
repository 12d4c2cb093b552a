"""The demo's audit log is held against the anchor that was taken on the way."""

import pytest

from fairwatch.apps.demo import anchored
from fairwatch.apps.keys import ADMIN as FILE
from fairwatch.apps.walk.log import rewritten
from fairwatch.policy.audit_chain import Head, link
from tests.support.records import audit_record
from tests.support.trust import ADMIN


def chained(count):
    head, records = Head(), []
    for n in range(count):
        records.append(link(audit_record(n), "audit-0", head))
        head = Head(records[-1]["sequence"], records[-1]["hash"])
    return records


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "keys").mkdir()
    ADMIN.write(tmp_path / "keys" / FILE)
    monkeypatch.setattr(anchored, "read_topic", lambda *_: (("audit-chain", "AuditRecord", r) for r in chained(5)))
    anchored.anchor(None, tmp_path)
    return tmp_path


def test_a_log_that_grew_fits(folder):
    found = anchored.anchor_check(chained(7), folder)
    assert (found.held, found.seen) == (True, "5 records vouched for, 2 newer, 0 faults")


@pytest.mark.parametrize("log", [[], chained(3), rewritten(chained(7))], ids=["emptied", "cut off", "written anew"])
def test_a_log_that_is_not_what_it_was_does_not(folder, log):
    assert not anchored.anchor_check(log, folder).held


def test_without_an_anchor_nothing_is_promised(tmp_path):
    (tmp_path / "keys").mkdir()
    ADMIN.write(tmp_path / "keys" / FILE)
    assert not anchored.anchor_check(chained(2), tmp_path).held
