"""What retention.yaml comes to on this hub: topics with their lifetimes, and a row for each thing that is kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fairwatch.apps.reading import latest
from fairwatch.apps.settings import Settings
from fairwatch.policy.erasure import ended, holds_now
from fairwatch.policy.retention import FILE, SHOWN_IN, TOPICS, Retention
from fairwatch.wire.topics import Topic, topics

Records = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """How long something is kept, who says so, and how it goes."""

    what: str
    of: str
    hours: int
    why: str
    how: str


def ceilings() -> dict[str, int]:
    """Return the hours that each topic keeps its records at most; -1 for ever."""
    return {name: topic.retention_hours for name, topic in topics().items()}


def kept_topics(settings: Settings) -> dict[str, Topic]:
    """Return every topic with the lifetime that holds here; ConfigurationError where the file is wrong."""
    retention = Retention.load(settings.config_dir)
    return {
        name: replace(topic, retention_hours=retention.of_topic(name, topic.retention_hours))
        for name, topic in topics().items()
    }


def topic_hours(settings: Settings) -> dict[str, int]:
    """Return the hours that each topic keeps its records here; -1 for ever."""
    return {name: topic.retention_hours for name, topic in kept_topics(settings).items()}


def rows(settings: Settings, authorisations: Records, holds: Records, now: int) -> Iterator[Row]:
    """Yield what holds: for each class, for each authorisation that has not ended, for each legal hold.

    Args:
        settings: Of the hub.
        authorisations: By id, as they are on their topic.
        holds: Likewise.
        now: Microseconds UTC.
    """
    retention, most = Retention.load(settings.config_dir), ceilings()
    hours = retention.of_pictures(most, settings.media_hours)
    yield Row("picture", "everybody", hours, _why_pictures(retention, settings), "retain: key of the day, then picture")
    for name, names in TOPICS.items():
        for topic in names:
            kept = retention.of_topic(topic, most[topic])
            why = f"{FILE}, classes.{name}" if kept < most[topic] else "the topic"
            yield Row(name, f"topic {topic}", kept, why, "the broker, by segment")
    for name, record in sorted(authorisations.items()):
        if ended(record, now):  # type: ignore[arg-type]  # an Authorisation
            continue
        for what, confirmed in (("picture", False), ("candidate", True)):
            if limit := retention.limit(name, record, confirmed=confirmed):
                yield Row(what, f"list {name}", limit.hours, limit.why, "retain: own key, then picture")
        if limit := retention.record_limit(name, record):
            how = "retain: a tombstone, by which console and processors forget it"
            yield Row("candidate's record", f"list {name}", limit.hours, limit.why, how)
    for name, hold in sorted(holds.items()):
        if holds_now(hold, now):  # type: ignore[arg-type]  # a LegalHold
            yield Row("legal hold", str(hold["subject"]), -1, f"hold {name}", "stays until somebody releases it")


def contradictions(settings: Settings) -> list[str]:
    """Return how retention.yaml and the authorisations on the hub contradict each other.

    Raises:
        ConfigurationError: The file is wrong.
        RetryableError: The broker does not answer.
    """
    found = Retention.load(settings.config_dir).against(latest(settings, "authorisations"))
    return [f"{settings.config_dir / FILE}: {fault}" for fault in found]


def _why_pictures(retention: Retention, settings: Settings) -> str:
    said, longest = retention.of_class("picture"), max(ceilings()[name] for name in SHOWN_IN)
    if said and said < (settings.media_hours or longest):
        return f"{FILE}, classes.picture"
    return "FAIRWATCH_MEDIA_HOURS" if settings.media_hours else "the topics that refer to them"
