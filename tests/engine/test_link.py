"""A processor is asked as often as it takes, and what it answers must be an answer."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from fairwatch.domain.errors import RejectedError, RestartError, RetryableError
from fairwatch.domain.event import Event
from fairwatch.domain.outcome import Emit, Reject, Skip
from tests.support.chain_lab import LEFT, links
from tests.support.engine_lab import observation


class Says:
    """A processor that answers as it is told; an exception is raised."""

    spec = LEFT

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[list[str]] = []

    async def handle(self, events: Any) -> Any:
        self.asked.append([event.key for event in events])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def given(*keys: str) -> tuple[list[Event], list[int]]:
    events = [Event("mid", "Observation", observation(key), key, partition=0, offset=7) for key in keys]
    return events, [10 + number for number in range(len(keys))]


def asked(*answers: Any) -> tuple[Any, Says]:
    [link], _ = links(LEFT)
    says = Says(*answers)
    link._processor = says
    return link, says


async def test_nothing_is_asked_about_nothing() -> None:
    link, says = asked()
    answer = await link.answer([], [])
    assert (answer.outputs, answer.dead, says.asked) == ([], {}, [])


async def test_each_event_has_its_own_answers() -> None:
    emit = Emit("out", "a", observation("a"))
    link, _ = asked([[emit, Skip("twice")], [Reject("invalid_field", "x", "device_id")], []])
    answer = await link.answer(*given("a", "b", "c"))
    assert [(output.topic, output.key, output.cause) for output in answer.outputs] == [("out", b"a", 10)]
    assert (answer.topics, answer.skips) == (["out"], ["twice"])
    [(place, error)] = answer.dead.items()
    assert (place, error.reason, error.field) == (11, "invalid_field", "device_id")


async def test_an_event_that_a_processor_stumbles_over_is_found_and_its_neighbours_are_answered() -> None:
    link, says = asked(KeyError("x"), [[Skip("fine")]], KeyError("x"), RejectedError("malformed", "said so"))
    with capture_logs() as logs:
        answer = await link.answer(*given("a", "b", "c"))
    assert says.asked == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert {place: (error.reason, str(error)) for place, error in answer.dead.items()} == {
        11: ("internal", str(RejectedError("internal", "KeyError in left"))),
        12: ("malformed", str(RejectedError("malformed", "said so"))),
    }
    assert answer.skips == ["fine"]
    assert [(line["event"], line["offset"]) for line in logs] == [("event.internal", 7)]


@pytest.mark.parametrize(
    ("answers", "says"), [([], "ValueError in left"), ([["neither emit nor skip"]], "TypeError in left")]
)
async def test_an_answer_that_is_none_is_a_fault_of_ours(answers, says) -> None:
    link, _ = asked(answers)
    with capture_logs():
        answer = await link.answer(*given("a"))
    assert [(error.reason, error.detail) for error in answer.dead.values()] == [("internal", says)]


async def test_what_was_put_into_state_before_a_failure_is_undone() -> None:
    link, says = asked()

    async def handle(events: Any) -> Any:
        link.state.put(0, "k", {"n": len(says.answers)})
        return await Says.handle(says, events)

    link._processor.handle = handle
    says.answers = [RetryableError("away"), [[Skip("x")]]]
    with capture_logs() as logs:
        await link.answer(*given("a"))
    assert link.state.get(0, "k") == {"n": 1}, "as the last try left it"
    assert [(line["event"], line["events"]) for line in logs] == [("batch.retry", 1)]
    says.answers = [RestartError("anew")]
    with pytest.raises(RestartError):
        await link.answer(*given("a"))
    assert link.state.get(0, "k") == {"n": 1}
    says.answers = [KeyError("x"), [[Skip("x")]]]
    with capture_logs():
        assert (await link.answer(*given("a"))).dead
    assert link.state.get(0, "k") == {"n": 1}


async def test_pauses_before_a_batch_is_tried_again_grow_up_to_the_longest(monkeypatch) -> None:
    link, _ = asked(*[RetryableError("away")] * 4, [[]])
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(link._turns, "pause", pause)
    link._retry_s = (1.0, 5.0)
    with capture_logs():
        await link.answer(*given("a"))
    assert pauses == [1.0, 2.0, 4.0, 5.0]


async def test_who_knows_when_something_is_due_is_asked_and_who_does_not_is_not() -> None:
    link, says = asked()
    assert link.due_at() is None
    says.due_at = lambda: 17  # type: ignore[attr-defined]
    assert link.due_at() == 17
