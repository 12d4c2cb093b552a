"""People at the control room who answer what they are told: they acknowledge, claim, two at once, and close."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairwatch.domain.records import AlertDeed
from fairwatch.policy.deeds import make
from fairwatch.wire.signed_actions import ALERTS, sign_action
from tests.chaos.sink import Sink
from tests.chaos.stories import PEOPLE
from tests.chaos.world import Event
from tests.support.trust import CONSOLE

ANNE, BEN = PEOPLE
ROLE = "operator"
AGAIN_S = 30.0
# Which listed plates are answered, by the last digit of their number: who does what. Of two who claim one is refused.
ANSWERS: Mapping[int, tuple[tuple[str, AlertDeed], ...]] = {
    3: ((ANNE, "ACKNOWLEDGE"),),
    5: ((ANNE, "CLAIM"), (BEN, "CLAIM")),
    7: ((BEN, "CLOSE"),),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody did to the alert about a listed plate."""

    number: int
    person: str
    action: AlertDeed


def is_of(answer: Answer, said: str) -> bool:
    """Tell whether an alert says that it was answered so; see `sink.answer_of`."""
    return said == f"{answer.action} {answer.person}"


def answerable(events: Sequence[Event]) -> list[int]:
    """Return the numbers whose alerts are answered once they are told."""
    return [event.number for event in events if event.kind == "listed" and event.number % 10 in ANSWERS]


def unanswered(numbers: Sequence[int], sink: Sink, done: Mapping[int, Sequence[Answer]]) -> list[Answer]:
    """Return what is to be done about those of the alerts that were told by now."""
    waiting = (number for number in numbers if number not in done and str(number) in sink.latest)
    return [Answer(number, *deed) for number in waiting for deed in ANSWERS[number % 10]]


def unheard(sink: Sink, done: Mapping[int, Sequence[Answer]], at: Mapping[int, float], now: float) -> list[Answer]:
    """Return what was done long ago and does not show: people do it again, as where a clock was far behind theirs."""
    late = (number for number, when in at.items() if now - when > AGAIN_S)
    return [each for number in late if not sink.latest[str(number)]["answer"] for each in done[number]]


def deed(answer: Answer, sink: Sink, now: Callable[[], int]) -> dict[str, Any]:
    """Return the record of an answer; it is the same deed when it is made again."""
    alert, outcome = sink.latest[str(answer.number)], "FALSE" if answer.action == "CLOSE" else "NONE"
    identity = f"chaos {answer.number} {answer.person}"
    made = make(alert, answer.action, answer.person, ROLE, now(), outcome=outcome, identity=identity, via="api")
    return dict(sign_action(ALERTS, made, CONSOLE, method="password", session_id="session-1"))
