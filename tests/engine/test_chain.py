"""Several processors in one worker: what one writes is handed to the next while it is being written."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.outcome import Emit
from fairwatch.domain.processor import Spec
from fairwatch.engine.backlog import Backlog
from fairwatch.engine.chain import Chain, Work
from fairwatch.engine.config import EngineConfig
from fairwatch.engine.forms import Forms, beginnings, handled
from fairwatch.engine.ownership import HANDLED as DONE
from fairwatch.engine.ownership import UNTOUCHED, Note, Place
from fairwatch.engine.part import joined
from fairwatch.wire.headers import HANDLED
from fairwatch.wire.marks import Marks
from tests.support.chain_lab import FIRST, KEY, LEFT, RIGHT, links, numbers, running
from tests.support.engine_lab import CODEC, Lab, observation, until

MARKS = Marks(KEY)


class Record:
    """A record as a consumer gives it."""

    def __init__(self, value: bytes = b"value", partition: int = 1, **headers: bytes) -> None:
        self.topic, self.partition, self.value = "observations", partition, value
        self.headers = tuple({"ce_id": b"raw-events/1/2/0", **headers}.items())


def marked(record: Record, marks: Marks = MARKS) -> bytes:
    return marks.header(["enrich", "match"], record.topic, record.partition, b"raw-events/1/2/0", record.value)


def test_a_mark_names_who_has_handled_the_record() -> None:
    mark = marked(Record())
    assert MARKS.read(Record(**{HANDLED: mark})) == {"enrich", "match"}


@pytest.mark.parametrize(
    "forged",
    [
        Record(b"another", **{HANDLED: marked(Record())}),
        Record(partition=2, **{HANDLED: marked(Record())}),
        Record(**{HANDLED: marked(Record(), Marks(b"another key"))}),
        Record(**{HANDLED: marked(Record()).replace(b"match", b"route")}),
        Record(**{HANDLED: b"enrich"}),
        Record(**{HANDLED: b"\xff \xff"}),
        Record(),
    ],
)
def test_a_mark_that_is_not_ours_says_nothing(forged: Record) -> None:
    assert MARKS.read(forged) == frozenset()


def test_without_a_key_no_mark_is_believed() -> None:
    nobody = Marks(b"")
    assert nobody.read(Record(**{HANDLED: marked(Record(), nobody)})) == frozenset()


def test_a_chain_has_each_processor_once_and_none_that_reads_anew() -> None:
    assert joined([FIRST, LEFT]).reads == ("in", "mid")
    for specs in ([FIRST, FIRST], [FIRST, Spec("project", ("out",), replay=True)]):
        with pytest.raises(ConfigurationError, match=r"chain has each|by itself"):
            joined(specs)


def given(topic: str, offset: int, key: str, row: dict[str, Any], *headers: tuple[str, bytes]) -> Any:
    """Return a record of partition 1 as a consumer gives it."""
    value = CODEC.encode("Observation", row)
    return SimpleNamespace(
        topic=topic, partition=1, offset=offset, key=key.encode(), value=value, headers=list(headers), timestamp=0
    )


def read_back(work: Work, offset: int) -> list[Any]:
    """Return what a processor wrote to `mid` as a consumer gives it later."""
    return [
        SimpleNamespace(**{name: getattr(row, name) for name in ("topic", "key", "value", "headers")}, partition=1,
                        offset=offset + place, timestamp=0)
        for place, row in enumerate(work.answer.outputs)
    ]  # fmt: skip


async def handle(chain: Chain, records: Sequence[Any]) -> tuple[list[Work], list[Any]]:
    with ExitStack() as spans:
        return await chain.handle(records, spans)


def chain_of(*specs: Spec, key: bytes = KEY) -> tuple[Chain, dict[str, Any]]:
    made, steps = links(*specs)
    chain = Chain(made, Marks(key))
    chain.counts, chain.owned = {"mid": 2}, {1}
    return chain, steps


# "d" and "f" fall into partition 1 of two, "b" into partition 0
async def test_what_lies_in_our_partitions_is_handed_on_and_what_does_not_is_left_to_kafka() -> None:
    chain, steps = chain_of()
    works, _ = await handle(chain, [given("in", n, key, observation(key)) for n, key in enumerate("dbf")])
    first = works[0].answer.outputs
    assert [sorted(MARKS.read(record)) for record in read_back(works[0], 7)] == [
        ["left", "right"],
        [],
        ["left", "right"],
    ]
    assert [output.partition for output in first] == [1, None, 1]
    assert steps["left"].seen == steps["right"].seen == Counter("df")
    assert numbers([row for work in works[1:] for row in work.answer.outputs]) == Counter(
        ["d-left", "f-left", "d-right", "f-right"]
    )


async def test_what_falls_into_another_partition_of_ours_is_handed_on_as_part_of_that() -> None:
    chain, steps = chain_of()
    chain.owned = {0, 1}
    works, batch = await handle(chain, [given("in", n, key, observation(key)) for n, key in enumerate("dbf")])
    assert [output.partition for output in works[0].answer.outputs] == [1, 0, 1]
    assert [record.partition for record in batch] == [1, 1, 1, 1, 0, 1]
    assert steps["left"].seen == steps["right"].seen == Counter("dbf")
    state = chain.links[1].state
    assert [(partition, key) for partition, key, _ in state.changes() if key in "dbf"] == [(1, "d"), (1, "f"), (0, "b")]


async def test_what_a_tick_says_is_handed_on_before_anything_overtakes_it() -> None:
    chain, steps = chain_of()
    emits = [Emit("mid", key, observation(key)) for key in "db"]
    outputs = [chain.links[0]._encoding.timed_output(emit) for emit in emits]
    with ExitStack() as spans:
        works, batch = await chain.follow(chain.links[0], outputs, spans)
    assert [work.link.spec.name for work in works] == ["first", "left", "right"]
    assert steps["left"].seen == steps["right"].seen == Counter("d")
    assert [sorted(MARKS.read(record)) for record in read_back(works[0], 7)] == [["left", "right"], []]
    assert numbers([row for work in works[1:] for row in work.answer.outputs]) == Counter(["d-left", "d-right"])
    assert [record.offset for record in batch] == [-1]


async def test_what_was_handed_on_is_left_out_when_it_comes_back_from_kafka() -> None:
    chain, steps = chain_of()
    works, _ = await handle(chain, [given("in", n, key, observation(key)) for n, key in enumerate("dbf")])
    again, _ = await handle(chain, read_back(works[0], 7))
    assert steps["left"].seen == steps["right"].seen == Counter("dbf")
    assert [work.answer.skips for work in again] == [[], ["handled_in_chain"] * 2, ["handled_in_chain"] * 2]
    alone, steps = chain_of(LEFT)
    await handle(alone, read_back(works[0], 7))
    assert steps["left"].seen == Counter("b")


async def test_without_a_key_everything_is_left_to_kafka() -> None:
    chain, steps = chain_of(key=b"")
    works, _ = await handle(chain, [given("in", 0, "d", observation("d"))])
    assert [name for name, _ in works[0].answer.outputs[0].headers if name == HANDLED] == []
    assert not steps["left"].seen


async def test_a_processor_that_acts_outside_is_given_only_what_is_committed() -> None:
    chain, steps = chain_of(FIRST, Spec("left", ("mid",), ("out",), acts_outside=True), RIGHT)
    works, _ = await handle(chain, [given("in", 0, "d", observation("d"))])
    assert not steps["left"].seen
    assert steps["right"].seen == Counter("d")
    assert MARKS.read(read_back(works[0], 0)[0]) == {"right"}


async def test_what_a_processor_handled_in_another_form_is_left_out() -> None:
    chain, steps = chain_of(LEFT, RIGHT)
    chain.links[1].floors = {("mid", 1): 8}
    works, _ = await handle(chain, [given("mid", n, "d", observation(str(n))) for n in (7, 8)])
    assert (steps["left"].seen, steps["right"].seen) == (Counter(["7", "8"]), Counter(["8"]))
    assert works[1].answer.skips == ["handled_before"]


async def test_what_one_processor_does_to_a_record_is_not_seen_by_the_next() -> None:
    chain, steps = chain_of()
    await handle(chain, [given("in", 0, "d", observation("d"))])
    assert (steps["left"].spoilt, steps["right"].spoilt) == (0, 0)


async def test_what_is_handed_on_goes_with_what_its_bytes_say_and_nothing_else_does() -> None:
    chain, _ = chain_of()
    works, batch = await handle(chain, [given("in", 0, "d", observation("d"))])
    assert batch[1].said == CODEC.decode(works[0].answer.outputs[0].value or b"")[1]
    assert [output.said for work in works[1:] for output in work.answer.outputs] == [None, None]


async def test_an_event_that_dies_in_the_second_processor_leaves_the_others_alone() -> None:
    chain, _ = chain_of()
    works, batch = await handle(
        chain, [given("in", n, "d", observation(str(n), do)) for n, do in enumerate(["", "die"])]
    )
    [[place, error]] = works[1].answer.dead.items()
    assert (batch[place].topic, batch[place].offset, error.reason) == ("mid", -1, "invalid_field")
    assert numbers(works[1].answer.outputs) == Counter(["0-left"])
    assert numbers(works[2].answer.outputs) == Counter(["0-right", "1-right"])
    letter = chain.links[1].dead_letters.output(batch[place], place, error)
    assert HANDLED not in CODEC.decode(letter.value or b"", "DeadLetter")[1]["headers"]  # handled when it is redriven


def test_a_partition_that_its_owner_has_not_touched_counts_as_one_of_which_nothing_was_handled() -> None:
    reached = {
        frozenset(["left"]): {("mid", 0): Place(500, Note("x", UNTOUCHED)), ("mid", 1): Place(7, Note("x", DONE))},
        frozenset(["left", "right"]): {("mid", 1): Place(4, Note("", "17"))},
        frozenset(["other"]): {("mid", 1): Place(9, Note("", DONE))},
    }
    topics = {"left": {"mid"}, "right": {"mid"}}
    found = handled(reached, topics)
    assert found == {"left": {("mid", 1): 7}, "right": {("mid", 1): 4}}
    assert beginnings(found, topics) == {("mid", 1): 4}


def test_of_a_topic_that_was_made_anew_nothing_is_left_out() -> None:
    [link], _ = links(LEFT)
    link.floors = {("mid", 0): 5, ("mid", 1): 7}
    Forms(EngineConfig("127.0.0.1:1"), "left", [link], lambda _: None).forget(("mid", 0))
    assert link.floors == {("mid", 1): 7}


def test_what_lies_between_processors_is_read_before_what_is_new() -> None:
    chain, _ = chain_of()
    assert chain.upstream == {"mid": {"in"}}
    backlog = Backlog()
    owned = [TP(topic, number) for topic in ("in", "mid") for number in (0, 1)]
    backlog.expect({TP("mid", 0): 5, TP("mid", 1): 0}, chain.upstream, owned)
    backlog.look({TP("mid", 0): 4, TP("mid", 1): 0, TP("in", 0): 9})
    assert backlog.held == {TP("in", 0), TP("in", 1)}, "what follows may lie under another number"
    backlog.look({TP("mid", 0): 5})
    assert backlog.held == frozenset()


@pytest.mark.broker
async def test_a_chain_writes_every_topic_and_reads_what_strangers_write_in_between(lab: Lab) -> None:
    await lab.create()
    async with running(lab) as (worker, steps):
        rows = [(f"k{n}", observation(f"e{n}", "die" if n == 5 else "stray" if n % 3 == 0 else "")) for n in range(60)]
        await lab.send(rows)
        await lab.send([("k", observation("foreign"))], "mid", [(HANDLED, b"left,right 00")])
        await until(lambda: all(len(steps[name].seen) == 61 for name in ("left", "right")))
        await until(lambda: sum(part.tally.skipped["handled_in_chain"] for part in worker.parts) > 0)
    assert steps["left"].seen["foreign"] == 1
    middle, written = await lab.read("mid"), await lab.read()
    assert len(middle) == 61
    assert sum(bool(MARKS.read(row)) for row in middle) == 60, "both partitions are ours"
    wanted = {f"e{n}-{side}": 1 for n in range(60) for side in ("left", "right")}
    del wanted["e5-left"]
    assert numbers(written) == Counter({**wanted, "foreign-left": 1, "foreign-right": 1})
    headers = [dict(row.headers) for row in written]
    assert len({(each["ce_source"], each["ce_id"]) for each in headers}) == len(headers)
    assert {each["traceparent"] for each in headers} == {b"00-a-b-01"}
    assert not any(HANDLED in each for each in headers)
    [letter] = [CODEC.decode(row.value, "DeadLetter")[1] for row in await lab.read("mid-dlq")]
    assert (letter["processor"], letter["topic"], letter["reason"]) == ("left", "mid", "invalid_field")
