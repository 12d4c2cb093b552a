"""Records of an audit log that come late close their place in a gap, and what stays open is told exactly."""

import pytest

from fairwatch.policy.audit_chain import Head, digest, link, verify


def chain(length):
    head, records = Head(), []
    for number in range(1, length + 1):
        said = {"audit_id": f"a{number}", "action": "x", "actor": "ann", "at": number, "subject": "s"}
        records.append(link(said, "audit-0", head))
        head = Head(number, records[-1]["hash"])
    return records


@pytest.mark.parametrize(
    ("late", "open_"),
    [
        (3, ["records 4 to 6 are missing"]),
        (6, ["records 3 to 5 are missing"]),
        (4, ["record 3 is missing", "records 5 to 6 are missing"]),
        (5, ["records 3 to 4 are missing", "record 6 is missing"]),
    ],
)
def test_what_comes_late_leaves_the_rest_of_its_gap_open(late, open_):
    records = chain(8)
    report = verify([*records[:2], *records[6:], records[late - 1]])
    assert [(fault.sequence, fault.detail) for fault in report.faults if fault.kind == "reordered"] == [
        (late, "it comes after record 8")
    ]
    assert [fault.detail for fault in report.faults if fault.kind == "removed"] == open_


def test_all_that_comes_late_leaves_nothing_open():
    records = chain(8)
    report = verify([*records[:2], *records[6:], *records[2:6]])
    assert {fault.kind for fault in report.faults} == {"reordered"}
    assert (report.records, report.heads["audit-0"].sequence) == (8, 8)


def test_the_order_of_what_a_record_says_changes_no_hash_and_its_content_does():
    record = {**chain(1)[0], "details": {"a": "1", "b": "ü"}}
    same = {**record, "details": {"b": "ü", "a": "1"}}
    assert digest(record) == digest(dict(reversed(same.items())))
    assert digest(record) != digest({**record, "details": {"a": "1", "b": "u"}})


def test_the_hash_of_a_record_is_that_of_earlier_releases():
    assert chain(1)[0]["hash"] == EARLIER
    bare = {name: value for name, value in chain(1)[0].items() if name not in {"details", "authorisation_id"}}
    assert digest(bare) == EARLIER, "what is not said is as if it were said to be nothing"


EARLIER = "e73e6835fe960c8fa36de7bf040ebcd7f60be5c484bc503a7c14a9fc17153beb"
