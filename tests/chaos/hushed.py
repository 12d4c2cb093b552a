"""What must be told of an alert that is silenced: nothing meanwhile, its end to whom it was told, the rest after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.found import Revision
from tests.chaos.sink import Request

OVER = ("ENDED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class Hush:
    """A silence, of one subject.

    Attributes:
        since: From then on nothing new is told; seconds since 1970.
        until: When its end was sent; None while it lasts.
        before: How many triggers of each alert were sent before `since`; each may have been told.
        over_first: Which alerts may have ended before the silence was known to be over.
    """

    since: float
    until: float | None
    before: tuple[int, ...]
    over_first: tuple[bool, ...]


def told_meanwhile(hush: Hush, place: int, requests: Sequence[Request]) -> Iterator[str]:
    """Yield what was told of an alert, the `place`th of its subject, that had to be held back; requests in order."""
    told = hush.before[place] > 0  # or may have been
    for request in requests:
        silent = hush.since <= request.at and (hush.until is None or request.at < hush.until)
        its_end = told and request.state in OVER
        if silent and request.count > hush.before[place] and not its_end:
            yield f"{request.subject}: {request.receiver} was told {request.state} of {request.alert_id} in silence"
        told = True


def untold(hush: Hush, place: int, last: Revision, told: Mapping[str, int]) -> Iterator[str]:
    """Yield which receivers do not know how an alert stands; `told` holds the highest revision by receiver."""
    for receiver in last.receivers:
        heard = told.get(receiver, -1)
        if heard >= last.revision:
            continue
        over = last.state in OVER
        if heard >= 0 and over:
            yield f"{last.subject}: {receiver} heard of the beginning of {last.alert_id} and not of its end"
        elif hush.until is not None and not (over and hush.over_first[place]):
            yield f"{last.subject}: {receiver} was not told of {last.alert_id} when its silence was over"
