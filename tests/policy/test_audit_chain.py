"""Whatever is done to the audit log, verification finds it and says where."""

from hypothesis import given
from hypothesis import strategies as st

from fairwatch.policy.audit_chain import Head, link, verify
from tests.support.records import audit_record


def chain(length: int, name: str = "audit-0", start: int = 0):
    head, chained = Head(), []
    for n in range(start, start + length):
        chained.append(link(audit_record(n), name, head))
        head = Head(chained[-1]["sequence"], chained[-1]["hash"])
    return chained


def found(records, **options):
    return {(fault.kind, fault.sequence) for fault in verify(records, **options).faults}


OTHER = {"actor": "x", "at": 1, "subject": "x", "details": {}, "authorisation_id": None, "action": ""}
LENGTHS = st.integers(2, 30)


@given(LENGTHS, LENGTHS)
def test_an_untouched_log_of_interleaved_chains_is_clean(left, right):
    one, other = chain(left), chain(right, "audit-1")
    report = verify([r for pair in zip(one, other, strict=False) for r in pair] + one[right:] + other[left:])
    assert not report.faults
    assert {name: head.sequence for name, head in report.heads.items()} == {"audit-0": left, "audit-1": right}


@given(LENGTHS, st.data())
def test_an_edited_field_is_found_at_its_record(length, data):
    records = chain(length)
    at = data.draw(st.integers(0, length - 1))
    name, value = data.draw(st.sampled_from(sorted(OTHER.items(), key=str)))
    records[at] = {**records[at], name: value}
    assert ("edited", at + 1) in found(records)


@given(LENGTHS, st.data())
def test_an_edited_record_with_a_new_hash_breaks_the_link_of_the_next(length, data):
    records = chain(length)
    at = data.draw(st.integers(0, length - 2))
    before = Head(at, records[at]["previous_hash"])
    records[at] = link({**records[at], "actor": "somebody else"}, "audit-0", before)
    assert found(records) == {("edited", at + 2)}


@given(LENGTHS, st.data())
def test_removed_records_are_found_by_their_first(length, data):
    records = chain(length)
    first = data.draw(st.integers(0, length - 2))
    last = data.draw(st.integers(first, length - 2))
    assert found(records[:first] + records[last + 1 :]) == {("removed", first + 1)}


@given(st.integers(3, 30), st.data())
def test_a_record_out_of_order_is_found(length, data):
    records = chain(length)
    at = data.draw(st.integers(0, length - 2))
    to = data.draw(st.integers(at + 1, length - 1))
    records.insert(to, records.pop(at))
    assert found(records) == {("reordered", at + 1)}


@given(LENGTHS, st.data())
def test_identical_repeats_are_no_fault(length, data):
    records = chain(length)
    end = data.draw(st.integers(1, length))
    start = data.draw(st.integers(0, end))
    report = verify(records[:end] + records[start:])
    assert not report.faults
    assert report.records == length
    assert report.repeats == end - start


def test_identical_repeats_are_no_fault_however_many_records_ago():
    records = chain(100_050)
    report = verify([*records, *records[:10]])
    assert (report.records, report.repeats, report.faults) == (100_050, 10, [])


def test_a_repeat_that_was_altered_is_found_however_many_records_ago():
    records = chain(300)
    altered = {**records[3], "actor": "nobody"}
    assert ("edited", 4) in found([*records, altered])
    forged = link(altered, "audit-0", Head(3, records[2]["hash"]))
    assert found([*records, forged]) == {("edited", 4)}


@given(LENGTHS, st.data())
def test_a_cut_off_end_is_found_beside_an_earlier_head(length, data):
    records = chain(length)
    anchors = {"audit-0": (length, records[-1]["hash"])}
    kept = data.draw(st.integers(0, length - 1))
    assert found(records[:kept]) == set()
    assert found(records[:kept], anchors=anchors) == {("removed", kept + 1)}
    assert found(records, anchors=anchors) == set()


def test_a_rewritten_log_is_found_beside_an_earlier_head():
    honest, forged = chain(5), chain(5, start=1)
    assert ("edited", 5) in found(forged, anchors={"audit-0": (5, honest[-1]["hash"])})


def test_an_inserted_record_is_found():
    records = chain(5)
    forged = link(audit_record(99), "audit-0", Head(2, records[1]["hash"]))
    assert ("edited", 3) in found([*records[:3], forged, *records[3:]])


def test_a_deleted_beginning_is_a_fault_unless_retention_did_it():
    records = chain(5)[2:]
    assert found(records) == {("removed", 1)}
    assert found(records, from_start=False) == set()


def test_what_is_no_chained_record_is_named():
    assert found([{}]) == {("malformed", 1)}
    assert found([*chain(1), chain(1)[0] | {"hash": "no hash"}]) == {("edited", 1)}
    assert found([audit_record() | {"sequence": "1", "hash": "x", "chain": "audit-0"}]) == {("malformed", 1)}
