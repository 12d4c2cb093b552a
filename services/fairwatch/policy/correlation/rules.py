"""Rules of several events, as routes.yaml says them: N in T, dwell, A then B, A without B."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from fairwatch.policy.duration import Duration
from fairwatch.policy.rule_options import NAME, Match, Options

KeyField = Literal[
    "device_id",
    "site_id",
    "zone",
    "event_type",
    "object_id",
    "plate",
    "entry_id",
    "candidate_id",
    "authorisation_id",
]
Kind = Literal["count", "dwell", "then", "without"]
KINDS: tuple[Kind, ...] = ("count", "dwell", "then", "without")
LONGEST = timedelta(days=1)  # what a key may have to remember
ROWS = 1_000  # events that a key may have to remember
MICROSECOND = timedelta(microseconds=1)
# How far a time may be off, by what is known of its device's clock.
ERRORS = {
    "OK": timedelta(milliseconds=500),
    "OFFSET": timedelta(seconds=2),
    "UNKNOWN": timedelta(seconds=2),
    "IMPLAUSIBLE": timedelta(seconds=5),
}


class Correlation(Options):
    """A rule of several events; it gives one of `count`, `dwell`, `then` and `without`.

    Attributes:
        per: What must be the same in all of them; each value of it has a memory and an alert of its own.
        match: What counts; of two kinds of events the first one.
        count: So many `within` a time; with `distinct`, so many different ones.
        dwell: What matches goes on for so long; with `gap`, told at least so often, else from its start to its end.
        then: What has to follow `within` a time.
        without: What must not be missing within that time, or so long `before`.
        lateness: How long an event may be on its way; what comes later does not count.
        clock_error: How far the times of different devices may be off; by what is known of each clock without.
    """

    name: str = Field(pattern=NAME)
    per: tuple[KeyField, ...] = Field(default=("device_id",), min_length=1)
    match: Match
    count: int | None = Field(default=None, ge=2, le=100)
    distinct: KeyField | None = None
    dwell: Duration | None = Field(default=None, gt=timedelta(0), le=LONGEST)
    gap: Duration | None = Field(default=None, gt=timedelta(0), le=LONGEST)
    then: Match | None = None
    without: Match | None = None
    before: Duration = Field(default=timedelta(0), le=LONGEST)
    within: Duration | None = Field(default=None, gt=timedelta(0), le=LONGEST)
    lateness: Duration = Field(default=timedelta(seconds=5), le=timedelta(hours=1))
    clock_error: Duration | None = Field(default=None, le=timedelta(minutes=1))

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> "Correlation":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"gives {' and '.join(given) or 'none'}: give one of {', '.join(KINDS)}")
        return self

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> "Correlation":
        if (self.within is None) != (self.kind == "dwell"):
            raise ValueError("within: count, then and without need it, and dwell has none")
        for name, kind in (("distinct", "count"), ("gap", "dwell"), ("before", "without")):
            if getattr(self, name) and self.kind != kind:
                raise ValueError(f"{name}: goes with {kind} only")
        if "group_by" in self.model_fields_set:
            raise ValueError("group_by: there is one alert for each value of `per`")
        return self

    @model_validator(mode="after")
    def _can_come_true(self) -> "Correlation":
        if len(set(self.per)) < len(self.per):
            raise ValueError("per: names a field twice")
        if self.distinct in self.per:
            raise ValueError(f"distinct: {self.distinct} is in per, so there is never more than one")
        if self.match in (self.then, self.without):
            raise ValueError(f"{self.kind}: is the same as match; `count: 2` asks for two alike")
        if self.count and self.within and self.count * (self.within + 4 * self.lateness) > ROWS * self.within:
            raise ValueError(f"lateness: with this count and within, a key would hold more than {ROWS} events")
        return self

    @property
    def kind(self) -> Kind:
        """What it is about."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    def terms(self) -> Iterator[tuple[str, Match]]:
        """Yield each kind of events that it asks for, in such an order that an event of both kinds is no pair."""
        if self.then is not None:
            yield "second", self.then
        yield "first", self.match
        if self.without is not None:
            yield "second", self.without

    def error_of(self, clock: str) -> int:
        """Return how far a time may be off, in microseconds; 0 where all times are of one device."""
        if "device_id" in self.per:
            return 0
        error = ERRORS.get(clock, ERRORS["UNKNOWN"]) if self.clock_error is None else self.clock_error
        return min(error, self.lateness) // MICROSECOND
