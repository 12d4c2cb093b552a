"""What every processor promises, whatever it does: one suite over all of them."""

import asyncio
import copy
import pkgutil
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore

import fairwatch.processors
from fairwatch.apps.processors import build as made
from fairwatch.apps.publishing import key_of
from fairwatch.domain.clock import ManualClock
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Reject, Skip
from fairwatch.parts import of_kind, spec_of
from fairwatch.policy.routing import RouteTree
from fairwatch.policy.rule_book import RuleBook
from fairwatch.processors.anchor import Anchoring
from fairwatch.processors.retain import Kept
from fairwatch.sinks.receivers import Receiver
from fairwatch.sinks.sink import Answer
from fairwatch.stores.media import MediaStore
from fairwatch.wire.avro import Codec
from fairwatch.wire.bonds import BOUND
from fairwatch.wire.kinds.names import Names
from fairwatch.wire.topics import topics
from tests.support import records
from tests.support.avro_strategies import records as any_record
from tests.support.places import CONFIG
from tests.support.processor_world import MemoryReference, MemoryState, assert_valid
from tests.support.trust import ADMIN, trust

ELSEWHERE = {"project"}  # proved by its own suite, which has Redis
REGISTERED = {
    "devices": {"cam-1": records.device(), "off": records.device("off", enabled=False)},
    "sites": {"harbour": records.site()},
}


class Yes:
    """A sink that takes everything."""

    kind = "yes"

    async def send(self, delivery_id, alert):
        return Answer("ok", status=204)

    async def close(self):
        pass


TREE = RouteTree.read(CONFIG / "routes.yaml")


def build(name: str, state: MemoryState):
    references = {topic: MemoryReference(REGISTERED.get(topic)) for topic in spec_of(name).references}
    provide = {
        "state": lambda: state,
        "clock": lambda: ManualClock(records.AT),
        "references": lambda: references,
        "media": lambda: MediaStore(MemoryStore()),
        "bodies": lambda: MediaStore(MemoryStore()),
        "names": Names,
        "codec": Codec,
        "tree": lambda: TREE,
        "rules": lambda: RuleBook(TREE),
        "receivers": lambda: {"control-room": Receiver("control-room", Yes())},
        "stores": lambda: {"media": Kept(MediaStore(MemoryStore()), hours=1)},
        "anchoring": lambda: Anchoring(ADMIN, [], list),
        "faces": lambda: None,
        "trust": lambda: trust(references),
    }
    return made(name, provide, references)


PROVED = [name for name in of_kind("processor") if name not in ELSEWHERE]


def events_of(topic: str, given_records):
    type_ = topics()[topic].record
    return [
        Event(topic, type_, record, key_of(topics()[topic], record) if record else "", partition=0, offset=n)
        for n, record in enumerate(given_records)
    ]


def plausible(type_: str):
    """Return a strategy of records that get past the first checks."""
    at = st.integers(records.AT, records.AT + 86_400_000_000)
    fixed = {
        "Observation": {"occurred_at": at, "received_at": at, "device_id": st.sampled_from(["cam-1", "off", "new"])},
        "Sighting": {"occurred_at": at},
        "Alert": {"group": st.sampled_from("ab"), "receivers": st.lists(st.sampled_from(["control-room", "nobody"]))},
    }
    return any_record(type_, **fixed.get(type_, {}))


def test_every_processor_is_registered_and_proved():
    found = {module.name for module in pkgutil.iter_modules(fairwatch.processors.__path__)}
    assert found == {part.module for part in of_kind("processor").values()}


@pytest.mark.parametrize("name", PROVED)
def test_name_is_the_same_everywhere(name):
    processor = build(name, MemoryState())
    assert processor.spec.name == name == type(processor).__name__.lower()


@pytest.mark.parametrize(("name", "topic"), [(name, topic) for name in PROVED for topic in spec_of(name).reads])
@pytest.mark.parametrize("strategy", [any_record, plausible])
def test_any_record_is_answered_and_a_replay_answers_the_same(name, topic, strategy, event_loop_runner):
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(strategy(topics()[topic].record), min_size=1, max_size=4))
    def law(given_records):
        event_loop_runner(_answers_twice(name, topic, given_records))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Hypothesis on NaN in generated floats
        law()


async def _answers_twice(name, topic, given_records):
    events = events_of(topic, given_records)
    before = copy.deepcopy(events)
    first, second = build(name, MemoryState()), build(name, MemoryState())
    answers = await first.handle(events)
    assert events == before or repr(events) == repr(before), "an event is not the processor's to change"
    assert len(answers) == len(events)
    for outcome in (outcome for answer in answers for outcome in answer):
        assert isinstance(outcome, Emit | Skip | Reject)
        if isinstance(outcome, Emit):
            assert outcome.topic in first.spec.writes
            assert isinstance(outcome.key, str)
            if outcome.topic != "alerts-dlq":
                assert_valid(outcome.record)
    said = repr(answers)
    assert repr(await second.handle(events)) == said
    await first.handle(events_of(topic, given_records))
    assert repr(answers) == said, "what was emitted is read by the next of a chain: nobody may change it any more"


@pytest.mark.parametrize("name", PROVED)
async def test_a_tombstone_is_passed_over_and_counted(name):
    for topic in spec_of(name).reads:
        [answer] = await build(name, MemoryState()).handle(events_of(topic, [None]))
        assert answer
        assert all(isinstance(outcome, Skip) for outcome in answer)


@pytest.mark.parametrize("name", PROVED)
async def test_a_tombstone_that_nobody_of_the_hub_wrote_is_passed_over_or_refused(name):
    for topic in BOUND.intersection(spec_of(name).reads):
        [event] = events_of(topic, [None])
        event.writer = ""
        [answer] = await build(name, MemoryState()).handle([event])
        assert answer
        assert {outcome.topic for outcome in answer if isinstance(outcome, Emit)} <= {"audit"}


@pytest.mark.parametrize("name", PROVED)
async def test_an_empty_batch_is_answered(name):
    assert list(await build(name, MemoryState()).handle([])) == []


@pytest.fixture
def event_loop_runner():
    """Run coroutines from Hypothesis' synchronous examples on one loop of their own."""
    with asyncio.Runner() as runner:
        yield runner.run
