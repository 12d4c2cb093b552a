"""A batch that fails ends its spans with why, and one that was not sampled has none."""

import pytest

from fairwatch.domain.errors import RejectedError
from fairwatch.domain.event import Event
from fairwatch.engine import traces
from fairwatch.engine.traces import traced
from fairwatch.telemetry.tracing import TRACE

SAMPLED = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
UNSAMPLED = SAMPLED[:-1] + b"0"


class Span:
    def __init__(self, said, cause, first):
        self.said, self.cause, self.first = said, cause, list(first)
        self.context = UNSAMPLED if said["messaging.kafka.offset"] == 9 else SAMPLED
        self.ended = []

    def end(self, fault=None):
        self.ended.append(fault)


class Spans:
    def __init__(self):
        self.all = []

    def start(self, name, kind, cause, said, first):
        assert (name, kind) == ("normalize process", "consumer")
        self.all.append(Span(said, cause, first))
        return self.all[-1]


@pytest.fixture
def spans(monkeypatch):
    found = Spans()
    monkeypatch.setattr(traces.tracing, "active", lambda: found)
    return found


def events(*rows):
    return [
        Event("in", "Observation", {}, "k", {TRACE: header} if header else {}, 2, offset) for offset, header in rows
    ]


def test_each_event_has_a_span_that_ends_well_or_as_a_dead_letter(spans):
    batch = events((5, SAMPLED), (6, None))
    with traced("normalize", batch, [0, 1]) as begun:
        begun.died({1: RejectedError("malformed", "x"), 7: RejectedError("empty", "of no event of ours")})
    first, second = spans.all
    assert first.said == {
        "fairwatch.component": "normalize",
        "fairwatch.batch_size": 2,
        "messaging.system": "kafka",
        "messaging.destination.name": "in",
        "messaging.destination.partition.id": "2",
        "messaging.kafka.offset": 5,
    }
    assert (first.cause, first.first, second.cause, second.first) == (SAMPLED, [], None, [SAMPLED])
    assert (first.ended, second.ended) == ([None], ["malformed"])
    assert [event.headers[TRACE] for event in batch] == [SAMPLED, SAMPLED]


def test_what_is_not_sampled_is_passed_on_and_not_recorded(spans):
    batch = events((5, UNSAMPLED), (9, None))
    with traced("normalize", batch, [0, 1]):
        pass
    assert [(span.said["messaging.kafka.offset"], span.ended) for span in spans.all] == [(9, [])]
    assert batch[0].headers[TRACE] == UNSAMPLED


def test_a_batch_that_fails_ends_its_spans_with_the_name_of_the_fault(spans):
    with pytest.raises(ZeroDivisionError), traced("normalize", events((5, SAMPLED)), [0]):
        raise ZeroDivisionError
    assert spans.all[0].ended == ["ZeroDivisionError"]
