"""The file retention.yaml: how long what is kept, by class of data, by purpose and by list; the shortest holds.

A list is what one authorisation lists. What is not said is kept as long as its topic keeps it, which is the ceiling:
nothing here makes anything live longer. A legal hold goes before all of this.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field

from fairwatch.policy.configuration import read_yaml
from fairwatch.policy.duration import Duration
from fairwatch.policy.strict import Strict

FILE = "retention.yaml"
HOUR = timedelta(hours=1)
LEAST_AUDIT = 4392  # hours: six months, which the law asks for
DEAD_LETTERS, DEAD_LETTER_FACTOR = "-dlq", 7
TOPICS: Mapping[str, tuple[str, ...]] = {
    "raw_body": ("raw-events",),
    "sighting": ("observations", "sightings"),
    "candidate": ("candidates", "verifications", "verdicts"),
    "alert": ("alert-triggers", "alerts", "alert-actions", "deliveries", "incidents", "incident-actions"),
    "audit": ("audit", "audit-chain"),
}
SHOWN_IN = ("observations", "sightings", "candidates", "verdicts", "alerts")  # whose records refer to pictures
Class = Literal["picture", "raw_body", "sighting", "candidate", "alert", "audit"]


def _whole_hours(value: timedelta) -> timedelta:
    if value < HOUR or value % HOUR:
        raise ValueError("must be whole hours, at least one")
    return value


Hours = Annotated[Duration, AfterValidator(_whole_hours)]


class Limit(NamedTuple):
    """How long, and who says so."""

    hours: int
    why: str


class Pictures(Strict):
    """Lifetimes of what is found for a purpose or a list.

    Attributes:
        picture: Pictures of candidates that people did not confirm.
        candidate: All candidates, confirmed ones too: pictures, what the console shows and what processors keep of
            them. Records on topics share their topic's lifetime.
    """

    picture: Hours | None = None
    candidate: Hours | None = None


class Classes(Pictures):
    """Lifetimes of everything of a class.

    Attributes:
        raw_body: Bytes as devices sent them.
        sighting: Records of what was seen, whoever it was.
        alert: Alerts, what people answered, and deliveries.
        audit: What was decided.
    """

    raw_body: Hours | None = None
    sighting: Hours | None = None
    alert: Hours | None = None
    audit: Hours | None = None


class Retention(Strict):
    """The whole file; without one, topics and authorisations alone say how long.

    Attributes:
        classes: For everything.
        purposes: By the objective of authorisations.
        lists: By the id of an authorisation.
    """

    classes: Classes = Classes()
    purposes: Mapping[str, Pictures] = Field(default_factory=dict)
    lists: Mapping[str, Pictures] = Field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the file of a folder, or the default without one; ConfigurationError names file, path and value."""
        path = folder / FILE
        return read_yaml(path, cls) if path.exists() else cls()

    def of_class(self, name: str) -> int | None:
        """Return the hours of a class; None where nothing is said."""
        return _hours(getattr(self.classes, name))

    def of_topic(self, name: str, ceiling: int) -> int:
        """Return how many hours a topic keeps records: at most its ceiling; -1 is for ever."""
        letters = name.endswith(DEAD_LETTERS)
        topic, factor = name.removesuffix(DEAD_LETTERS), DEAD_LETTER_FACTOR if letters else 1
        said = next((self.of_class(one) for one, names in TOPICS.items() if topic in names), None)
        return ceiling if said is None or ceiling < 0 else min(ceiling, said * factor)

    def of_pictures(self, ceilings: Mapping[str, int], most: int = 0) -> int:
        """Return the hours of pictures of which nobody was found in; `most` bounds them, 0 for no bound."""
        longest = most or max(ceilings[name] for name in SHOWN_IN)
        return min(longest, self.of_class("picture") or longest)

    def limit(self, authorisation_id: str, record: Mapping[str, Any] | None, *, confirmed: bool) -> Limit | None:
        """Return how long the pictures of a candidate are kept; None where their topic says it.

        Args:
            authorisation_id: What it was found under.
            record: That authorisation, as far as it is there.
            confirmed: People confirmed it.
        """
        said, record = list[Limit](), record or {}
        if hours := record.get("retention_hours"):
            said.append(Limit(hours, "the authorisation"))
        for where, source in self._sources(authorisation_id, record):
            for name in ("candidate",) if confirmed else ("candidate", "picture"):
                if source is not None and (hours := _hours(getattr(source, name))):
                    said.append(Limit(hours, f"{FILE}, {where}.{name}"))
        return min(said, key=lambda one: one.hours) if said else None

    def record_limit(self, authorisation_id: str, record: Mapping[str, Any] | None) -> Limit | None:
        """Return how long a candidate, its decisions and its verdict are kept; None where their topics say it.

        Args:
            authorisation_id: What it was found under.
            record: That authorisation, as far as it is there.
        """
        said = [
            Limit(hours, f"{FILE}, {where}.candidate")
            for where, source in self._sources(authorisation_id, record or {})
            if source is not None and (hours := _hours(source.candidate))
        ]
        return min(said, key=lambda one: one.hours) if said else None

    def _sources(self, authorisation_id: str, record: Mapping[str, Any]) -> Sequence[tuple[str, Pictures | None]]:
        objective = str(record.get("objective"))
        return (
            (f"lists.{authorisation_id}", self.lists.get(authorisation_id)),
            (f"purposes.{objective}", self.purposes.get(objective)),
            ("classes", self.classes),
        )

    def faults(self, ceilings: Mapping[str, int], review_hours: float = 0) -> Iterator[str]:
        """Yield what contradicts itself, the topics or the law.

        Args:
            ceilings: Hours that each topic keeps its records at most.
            review_hours: How long people have to decide on a candidate.
        """
        longest = {name: max(ceilings[topic] for topic in names) for name, names in TOPICS.items()}
        longest["picture"] = max(ceilings[name] for name in SHOWN_IN)
        for name, most in longest.items():
            hours = self.of_class(name)
            if hours and hours > most:
                yield f"classes.{name}: {hours} h is longer than its topics keep, {most} h: they would go before"
        if (hours := self.of_class("audit")) and hours < LEAST_AUDIT:
            yield f"classes.audit: {hours} h is less than the six months ({LEAST_AUDIT} h) that the law demands"
        for where, pictures in self._each():
            yield from self._faults_of(where, pictures, ceilings, review_hours)

    def against(self, authorisations: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
        """Yield what contradicts the authorisations there are: lists of none, and what is longer than they allow."""
        for name in self.lists.keys() - authorisations.keys():
            yield f"lists.{name}: there is no such authorisation"
        for name, record in sorted(authorisations.items()):
            most, objective = record.get("retention_hours"), str(record.get("objective"))
            ours = {f"lists.{name}": self.lists.get(name), f"purposes.{objective}": self.purposes.get(objective)}
            for where, said in ours.items():
                hours = _hours(said.candidate) if said else None
                if most and hours and hours > most:
                    yield f"{where}.candidate: {hours} h is longer than the authorisation {name} allows, {most} h"

    def _each(self) -> Iterable[tuple[str, Pictures]]:
        yield "classes", self.classes
        for kind in ("purposes", "lists"):
            yield from ((f"{kind}.{name}", said) for name, said in sorted(getattr(self, kind).items()))

    def _faults_of(self, where: str, said: Pictures, ceilings: Mapping[str, int], review_hours: float) -> Iterator[str]:
        for name in ("picture", "candidate"):
            hours = _hours(getattr(said, name))
            if hours is None:
                continue
            ceiling = self.of_class(name) or max(ceilings[topic] for topic in TOPICS["candidate"])
            if said is not self.classes and hours > ceiling:
                yield f"{where}.{name}: {hours} h is longer than all of its class is kept, {ceiling} h"
            if hours < review_hours:
                yield f"{where}.{name}: {hours} h is less than people have to decide on a candidate, {review_hours:g} h"
        picture, candidate = _hours(said.picture), _hours(said.candidate)
        if picture and candidate and picture > candidate:
            yield f"{where}.picture: {picture} h is longer than candidate, {candidate} h, which holds for all"


def _hours(value: timedelta | None) -> int | None:
    return None if value is None else value // HOUR


NOTHING_SAID = Retention()
