"""A running log is held against its own anchors: after a restart, while it is written anew, and when it begins late."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from fairwatch.policy.anchoring import KEPT, AnchoredLog, History
from fairwatch.policy.audit_anchor import digest, faults_of
from fairwatch.policy.audit_chain import Fault, Head, link
from tests.support.trust import ADMIN

AT = 1_767_225_600_000_000
HOUR, DAY = 3_600_000_000, 86_400_000_000


def chain(records: int, word: str = "as it was", name: str = "audit-0") -> list[dict[str, Any]]:
    head, found = Head(), []
    for number in range(records):
        said = {"audit_id": f"{name}-{number}", "action": word, "actor": "a", "at": AT, "subject": "s"}
        record = link(said, name, head)
        head = Head(record["sequence"], record["hash"])
        found.append(dict(record))
    return found


def read(log: AnchoredLog, records: Iterable[Mapping[str, Any]]) -> list[Fault]:
    return [fault for record in records if (fault := log.look(record)) is not None]


def anchored(*sizes: int, name: str = "audit-0", days: bool = False) -> list[dict[str, Any]]:
    """Return checkpoints of a log that had so many records at each; each on a day of its own where asked."""
    log, records, found = AnchoredLog(History([])), chain(max(sizes), name=name), []
    for number, (begin, end) in enumerate(zip((0, *sizes), sizes, strict=False)):
        assert read(log, records[begin:end]) == []
        found.append(log.checkpoint(ADMIN, AT + number * (DAY if days else HOUR)))
    assert list(faults_of([said for said in found if said], [ADMIN.public])) == []
    return [said for said in found if said is not None]


def test_a_restart_reads_the_log_again_and_goes_on_where_it_was() -> None:
    made = anchored(4, 7)
    log = AnchoredLog(History(made))
    assert read(log, chain(7)) == []
    assert log.checkpoint(ADMIN, AT + 2 * HOUR) is None, "nothing came that is not anchored already"
    assert read(log, chain(9)) == []
    further = log.checkpoint(ADMIN, AT + 3 * HOUR)
    assert further is not None
    assert (further["chains"]["audit-0"]["sequence"], further["previous"]) == (9, digest(made[-1]))
    assert further["chains"]["audit-0"]["root"] == anchored(9)[0]["chains"]["audit-0"]["root"]


@pytest.mark.parametrize("live", [False, True], ids=["after a restart", "while it is followed"])
def test_a_log_that_is_written_anew_is_found_at_the_first_checkpoint_it_comes_to_and_never_anchored(live: bool) -> None:
    log = AnchoredLog(History(anchored(4)))
    if live:
        assert read(log, chain(6)) == []
        log.checkpoint(ADMIN, AT + HOUR)
    faults = read(log, chain(9, "another story"))
    assert [(fault.sequence, fault.kind) for fault in faults] == [(4, "edited")]
    before = dict(log.history.last)
    assert log.checkpoint(ADMIN, AT + DAY) is None
    assert log.history.last == before


def test_a_log_that_is_cut_off_emptied_or_left_without_a_chain_is_told_once_and_its_anchor_keeps_its_word() -> None:
    log = AnchoredLog(History(anchored(7)))
    assert read(log, chain(5)) == []
    [fault] = [fault for _ in range(2) if (fault := log.missing("audit-0")) is not None]
    assert (fault.sequence, fault.kind) == (6, "removed")
    assert read(log, chain(3, name="audit-1")) == []
    made = log.checkpoint(ADMIN, AT + HOUR)
    assert made is not None
    assert {name: head["sequence"] for name, head in made["chains"].items()} == {"audit-0": 7, "audit-1": 3}
    empty = AnchoredLog(History(anchored(7)))
    assert empty.missing("audit-0") is not None
    assert empty.missing("audit-5") is None, "nobody ever said that it holds something"


def test_a_gap_is_told_and_identical_repeats_are_not() -> None:
    log, records = AnchoredLog(History([])), chain(9)
    assert read(log, [*records[:4], *records[2:4], *records[4:6]]) == []
    assert [fault.sequence for fault in read(log, records[7:])] == [7]
    late = AnchoredLog(History([]))
    assert [fault.sequence for fault in read(late, records[3:])] == [1], "nobody vouches for what was before"


@pytest.mark.parametrize("first", [2, 5, 6, 8])
def test_a_log_whose_beginning_retention_deleted_goes_on_from_what_a_checkpoint_said_of_it(first: int) -> None:
    made = anchored(4, 7, days=True)
    log = AnchoredLog(History(made))
    assert read(log, chain(9)[first - 1 :]) == []
    further = log.checkpoint(ADMIN, AT + 9 * DAY)
    assert further is not None
    assert further["chains"]["audit-0"] == anchored(9)[0]["chains"]["audit-0"]


def test_what_is_gone_beyond_the_last_checkpoint_is_a_fault() -> None:
    log = AnchoredLog(History(anchored(4, 7, days=True)))
    assert [fault.kind for fault in read(log, chain(9)[8:])] == ["removed"]


def test_years_of_checkpoints_are_thinned_out_and_peaks_are_said_once_a_day() -> None:
    log, records, history = AnchoredLog(History([])), chain(800), History([])
    made = []
    for number, record in enumerate(records):
        log.look(record)
        said = log.checkpoint(ADMIN, AT + number * HOUR)
        assert said is not None
        made.append(said)
        history.add(said)
    assert sum("peaks" in said["chains"]["audit-0"] for said in made) == 800 // 24 + 1
    assert len(history.kept()) < KEPT + 800 // 24 + 2
    assert made[-1] in history.kept()
    rewritten = chain(790) + chain(800, "another story")[790:]
    assert [fault.kind for fault in read(AnchoredLog(history), rewritten)] == ["edited"]


def test_a_chain_that_is_still_being_read_is_said_to_be_what_it_was() -> None:
    log = AnchoredLog(History(made := anchored(4, 7)))
    assert read(log, chain(5)) == []
    assert read(log, chain(3, name="audit-1")) == []
    said = log.checkpoint(ADMIN, AT + 2 * HOUR)
    assert said is not None
    assert said["chains"]["audit-0"] == made[-1]["chains"]["audit-0"]
    assert said["chains"]["audit-1"]["sequence"] == 3
