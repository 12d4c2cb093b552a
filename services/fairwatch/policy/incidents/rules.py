"""Rules of incidents, as routes.yaml says them: which alerts belong together, where, and how far apart cameras are."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from fairwatch.domain.vocabulary import EVENT_TYPES
from fairwatch.policy.duration import Duration
from fairwatch.policy.incidents.roles import Role
from fairwatch.policy.rule_options import NAME
from fairwatch.policy.strict import Strict

MATCHES = ("watchlist.face", "watchlist.plate")  # what alerts of confirmed matches are about
MICROSECOND = timedelta(microseconds=1)
LONGEST = timedelta(days=1)


class Transit(Strict):
    """How long one needs from one camera to another.

    Attributes:
        start, end: The cameras (`from` and `to`).
        least, most: What is shorter than `min` cannot be; what is longer than `max` says nothing.
        typical: Only what is near it, half to twice as long, makes it more certain; without, all from min to max.
        clock_error: How far the time of each of the two may be off.
        one_way: The way back is another one.
    """

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    least: Duration = Field(alias="min")
    most: Duration = Field(alias="max", le=LONGEST)
    typical: Duration | None = None
    clock_error: Duration = Field(default=timedelta(seconds=2), le=timedelta(minutes=1))
    one_way: bool = False

    @model_validator(mode="after")
    def _is_in_order(self) -> "Transit":
        if self.start == self.end:
            raise ValueError(f"from and to are both {self.start!r}")
        if not self.least <= (self.typical or self.least) <= (self.typical or self.most) <= self.most:
            raise ValueError("min, typical and max are in this order")
        return self


class IncidentRule(Strict):
    """Alerts that belong together where they are near each other; the first rule that takes an alert has it.

    Attributes:
        per: `site`: each site has incidents of its own; `rule`: all that it takes is one place.
        within: An event belongs to an incident if it is no further from one of its events.
        lateness: How long an event may be on its way, people's verdicts included; an incident is open for so long.
        keep: How long after its end an incident is known, and can be merged and split.
        rules: Of alerts that take part; all of them without.
        event_types: Event types, or beginnings followed by `*`; `watchlist.face` and `watchlist.plate` for matches.
        roles: What an event is, by rule or event type, where it is not what its type says.
        overlaps: Cameras that see the same place: what they see `together` is one event.
        transits: How long one needs from one camera to another.
    """

    name: str = Field(pattern=NAME)
    per: Literal["site", "rule"] = "site"
    within: Duration = Field(default=timedelta(minutes=2), gt=timedelta(0), le=timedelta(hours=6))
    lateness: Duration = Field(default=timedelta(minutes=15), le=LONGEST)
    keep: Duration = Field(default=timedelta(days=30), ge=timedelta(minutes=1), le=timedelta(days=90))
    rules: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    roles: dict[str, Role] = Field(default_factory=dict)
    overlaps: tuple[tuple[str, ...], ...] = ()
    together: Duration = Field(default=timedelta(seconds=3), le=timedelta(minutes=1))
    transits: tuple[Transit, ...] = ()

    @model_validator(mode="after")
    def _event_types_are_known(self) -> "IncidentRule":
        for text in self.event_types:
            known = any(name.startswith(text[:-1]) for name in (*EVENT_TYPES, *MATCHES)) if text.endswith("*") else (
                text in EVENT_TYPES or text in MATCHES
            )  # fmt: skip
            if not known:
                raise ValueError(f"event_types: {text!r} is no event type and no prefix of one followed by *")
        return self

    @model_validator(mode="after")
    def _places_make_sense(self) -> "IncidentRule":
        if any(len(set(cameras)) < 2 for cameras in self.overlaps):  # noqa: PLR2004  one camera overlaps with nothing
            raise ValueError("overlaps: each names two cameras at least")
        for transit in self.transits:
            if self.overlap(transit.start, transit.end):
                raise ValueError(f"transits: {transit.start!r} and {transit.end!r} overlap: there is no way between")
        return self

    def overlap(self, one: str, other: str) -> bool:
        """Tell whether two different cameras see the same place."""
        return one != other and any(one in cameras and other in cameras for cameras in self.overlaps)

    def transit(self, start: str, end: str) -> Transit | None:
        """Return how long one needs from one camera to another; None where nobody said."""
        for each in self.transits:
            if (each.start, each.end) == (start, end) or (not each.one_way and (each.end, each.start) == (start, end)):
                return each
        return None
