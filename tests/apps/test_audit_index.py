"""The console's index of the audit log: read once and followed, held against checkpoints that come later."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairwatch.apps.audit_columns import Columns
from fairwatch.apps.audit_index import AT_ONCE, AuditIndex
from fairwatch.apps.audit_reading import AuditReading
from fairwatch.console.audit_log import Wanted
from fairwatch.domain.errors import RetryableError
from fairwatch.policy.audit_anchor import checkpoint, digest
from fairwatch.policy.audit_chain import Head, link
from fairwatch.policy.merkle import FIRST, Tree
from fairwatch.stores.checkpoints import CheckpointFile
from tests.support.audit_log import MemoryLog, look
from tests.support.records import AT, audit_record
from tests.support.trust import ADMIN


def chained(count: int, **said: Any) -> list[dict[str, Any]]:
    head, records = Head(), list[dict[str, Any]]()
    for number in range(count):
        record: Any = link({**audit_record(number), **said}, "audit-0", head)
        head = Head(record["sequence"], record["hash"])
        records.append(record)
    return records


def said_of(records: list[dict[str, Any]], *sizes: int) -> list[dict[str, Any]]:
    tree, made, previous = Tree(), list[dict[str, Any]](), FIRST
    for number, record in enumerate(records, 1):
        tree.add(record["hash"])
        if number in sizes:
            made.append(checkpoint({"audit-0": tree}, ADMIN, at=AT + number, previous=previous))
            previous = digest(made[-1])
    return made


class World:
    def __init__(self, records: list[dict[str, Any]], said: list[dict[str, Any]] | None = None) -> None:
        self.log, self.said = MemoryLog(records), said or []
        self.index = AuditIndex(self.log, self._after, [ADMIN.public], lambda: 7)

    def _after(self, count: int) -> list[dict[str, Any]] | None:
        return self.said[count:] if count <= len(self.said) else None

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.index.look(Wanted(limit=1))["state"]
        return state


LOG = chained(40)


def test_what_was_read_is_not_read_again_and_what_came_since_is_found() -> None:
    world = World(LOG[:30])
    assert world.index.look(Wanted(actor="person-1"))["found"] == 10
    world.log.records = LOG
    told = world.index.look(Wanted(actor="person-1", limit=2))
    assert (told["found"], [record["sequence"] for record in told["records"]]) == (13, [38, 35])
    assert (world.log.reads, told["state"]["records"], told["state"]["fault_count"]) == (40, 40, 0)


def test_the_index_answers_as_a_log_that_is_read_anew() -> None:
    world = World(LOG[:1])
    for upto in (7, 8, 25, 40):
        world.log.records = LOG[:upto]
        for wanted in (Wanted(), Wanted(subject="candidate-6"), Wanted(action="verif", limit=3), Wanted(since=AT + 5)):
            followed, anew = world.index.look(wanted), look(LOG[:upto], wanted, [], ())
            assert {name: followed[name] for name in ("records", "found", "actions")} == {
                name: anew[name] for name in ("records", "found", "actions")
            }


def test_a_checkpoint_that_comes_later_is_held_against_what_was_read_before() -> None:
    world = World(LOG[:20], said_of(LOG, 10))
    assert (world.state()["unanchored"], world.state()["unanchored_since"]) == (10, AT + 10)
    world.said = said_of(LOG, 10, 15, 20)
    world.log.records = LOG[:30]
    assert (world.state()["checkpoints"], world.state()["unanchored"], world.state()["fault_count"]) == (3, 10, 0)
    world.said = said_of(LOG, 10, 15, 20, 20)
    assert world.state()["fault_count"] == 0


@pytest.mark.parametrize("sizes", [(15,), (20,), (15, 20)])
def test_a_log_that_is_not_the_one_of_which_a_later_checkpoint_speaks_is_named(sizes: tuple[int, ...]) -> None:
    world = World(chained(20, actor="mallory"))
    assert world.state()["fault_count"] == 0
    world.said = said_of(LOG, *sizes)
    assert world.state()["fault_count"] == len(sizes)


def test_a_log_that_was_emptied_or_begun_anew_and_checkpoints_that_were_cut_are_read_from_the_beginning() -> None:
    world = World(LOG, said_of(LOG, 10, 20))
    assert world.state()["fault_count"] == 0
    world.log.records = LOG[:5]
    assert (world.state()["records"], world.state()["fault_count"] > 0) == (5, True)
    world.log.records, world.said = LOG, said_of(LOG, 10)
    assert (world.state()["checkpoints"], world.state()["fault_count"]) == (1, 0)


def test_so_many_are_remembered_and_the_oldest_are_left_out_which_is_said() -> None:
    world = World(LOG)
    world.index = AuditIndex(world.log, world._after, [], lambda: 7, most=20)
    told = world.index.look(Wanted())
    assert (told["found"], told["records"][-1]["sequence"], told["state"]["records"]) == (20, 21, 40)
    assert told["state"]["left_out_until"] == AT + 19


def test_a_search_in_many_records_takes_little() -> None:
    columns = Columns()
    record = audit_record(1)
    for number in range(100_000):
        columns.add((number % 12, number), {**record, "at": AT + number, "actor": f"person-{number % 40}"})
    begun = time.process_time()
    places, found, _ = columns.find(Wanted(actor="person-7", action="verification", limit=100))
    assert (found, places[0]) == (2500, (99_967 % 12, 99_967))
    assert time.process_time() - begun < 0.1


def test_of_a_file_of_checkpoints_only_what_is_new_is_read(tmp_path: Path) -> None:
    made, file = said_of(LOG, 5, 10, 15), CheckpointFile(tmp_path / "audit.checkpoints")
    assert file.after(0) == []
    for one in made[:2]:
        file.append(one)
    assert file.after(0) == made[:2]
    assert file.after(2) == []
    file.append(made[2])
    assert file.after(2) == made[2:]
    assert file.after(1) is None
    (tmp_path / "audit.checkpoints").write_bytes(b"")
    assert file.after(3) is None


class SlowLog(MemoryLog):
    """Gives the first so many records, and the rest when somebody lets it."""

    def __init__(self, records: list[dict[str, Any]], first: int) -> None:
        super().__init__(records)
        self.first, self.goes_on, self.waits, self.is_away = first, threading.Event(), threading.Event(), False

    def after(self, offsets: Any) -> Any:
        if self.is_away:
            raise RetryableError("no broker answers")
        came = super().after(offsets)
        return came and replace(came, records=self._slowly(came.records))

    def _slowly(self, records: Any) -> Iterator[Any]:
        for number, one in enumerate(records):
            if number == self.first:
                self.waits.set()
                assert self.goes_on.wait(60)
            yield one


LONG = chained(3 * AT_ONCE)


def reading_of(log: SlowLog, patience_s: float = 0.0) -> AuditReading:
    return AuditReading(AuditIndex(log, lambda _: [], [], lambda: 7), patience_s)


def test_a_search_in_a_log_that_is_still_read_is_answered_and_says_how_far_it_is() -> None:
    log = SlowLog(LONG, 2 * AT_ONCE + 7)
    with closing(reading_of(log)) as reading:
        try:
            under_way = reading.go_on()
            assert log.waits.wait(60)
            told = reading.look(Wanted(limit=1))
            state = told["state"]
            assert (told["found"], state["records"], state["fault_count"]) == (2 * AT_ONCE, 2 * AT_ONCE, 0)
            assert state["reading"] == {"of": 3 * AT_ONCE, "until": told["records"][0]["at"]}
            assert reading.go_on() is under_way, "the log is not read twice at once"
        finally:
            log.goes_on.set()
        under_way.result(60)
        assert reading._index.find(Wanted())["state"]["reading"] is None
        assert reading._index.find(Wanted())["found"] == log.reads == 3 * AT_ONCE


def test_a_console_that_ends_does_not_wait_for_the_whole_log() -> None:
    log = SlowLog(LONG, 1)
    reading = reading_of(log)
    reading.go_on()
    assert log.waits.wait(60)
    ending = threading.Thread(target=reading.close)
    ending.start()
    while not reading._stop.is_set():
        pass
    log.goes_on.set()
    ending.join(60)
    assert log.reads <= AT_ONCE + 1
    state = reading._index.find(Wanted())["state"]
    assert state["reading"]["of"] == 3 * AT_ONCE


def test_a_search_without_a_broker_is_refused_and_the_next_one_reads_again() -> None:
    log = SlowLog(LONG, len(LONG))
    log.is_away = True
    with closing(reading_of(log, patience_s=60)) as reading:
        with pytest.raises(RetryableError):
            reading.look(Wanted())
        log.is_away = False
        assert reading.look(Wanted())["found"] == 3 * AT_ONCE


def test_partitions_that_are_behind_say_until_when_the_log_was_read() -> None:
    index = AuditIndex(MemoryLog([]), lambda _: [], [], lambda: 7)
    index.read()
    index._starts, index._ends, index._next = {0: 10, 1: 0, 2: 5}, {0: 30, 1: 8, 2: 5}, {1: 8}
    assert index.find(Wanted())["state"]["reading"] == {"of": 20, "until": None}
    index._next, index._read_until = {0: 12, 1: 7}, {0: AT + 4, 1: AT + 2, 2: AT}
    assert index.find(Wanted())["state"]["reading"] == {"of": 19, "until": AT + 2}
